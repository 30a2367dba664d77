#!/usr/bin/env python3
# Goal: an update whose create is only at another computer is taken, and both halves meet.
# Method: deal the month's lines out to two computers of a commune and compare with a single import.

import json

import events
import support


class SplitMonth(support.Case):
    def compare(self, choose):
        """`choose(event)` says which of two computers takes the event."""
        lines = events.read(events.BASE)
        halves = ([], [])
        for event in lines:
            halves[choose(event)].append(event)
        hub = self.hub()
        nodes = [self.node(f"node{number}", hub) for number in (0, 1)]
        for number, node in enumerate(nodes):
            taken = node.take(events.write(self.folder / f"half{number}.jsonl", halves[number]))
            self.assertEqual(taken["accepted"], len(halves[number]))
            self.assertEqual(node.status()["pending_entries"], len(halves[number]))
        for node in (*nodes, *nodes):
            node.sync()
        self.assert_level(hub, *nodes)
        self.assertEqual(nodes[0].export(), nodes[1].export())
        return nodes[0].export(), self.single_export()

    def single_export(self):
        hub = support.Hub(self, "single-hub").start()
        alone = support.Node(self, "alone", hub)
        alone.take(events.BASE)
        return alone.export()

    def test_creates_at_one_and_updates_at_the_other(self):
        halved, single = self.compare(lambda event: event["kind"] == "update")
        self.check_equal_but_for_conflicts(halved, single)

    def test_lines_dealt_at_random(self):
        halved, single = self.compare(lambda event: self.random.random() < 0.5)
        self.assertEqual(halved.count(b"\n"), single.count(b"\n"))

    def check_equal_but_for_conflicts(self, halved, single):
        one = [json.loads(row) for row in halved.splitlines()]
        two = [json.loads(row) for row in single.splitlines()]
        self.assertEqual([row["id"] for row in one], [row["id"] for row in two])
        for mine, theirs in zip(one, two):
            contested = mine.pop("conflicts", {})
            for field in theirs["fields"]:
                if field not in contested:
                    self.assertEqual(mine["fields"].get(field), theirs["fields"][field],
                                     f"{mine['id']} {field}")


if __name__ == "__main__":
    support.main()
