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
        self.assertEqual(halved, single, "what two computers did is what one would have done")

    def test_lines_dealt_at_random(self):
        halved, single = self.compare(lambda event: self.random.random() < 0.5)
        self.check_equal_but_for_conflicts(halved, single)

    def check_equal_but_for_conflicts(self, halved, single):
        """Statuses apart: of two computers' the furthest step holds, of one's own the last."""
        rows = [[json.loads(row) for row in export.splitlines()] for export in (halved, single)]
        self.assertEqual(*[[row["id"] for row in some] for some in rows])
        for mine, theirs in zip(*rows):
            self.assertNotIn("conflicts", theirs)
            settled = set(theirs["fields"]) - set(mine.get("conflicts", {})) - {"status"}
            for field in settled:
                self.assertEqual(mine["fields"].get(field), theirs["fields"][field],
                                 f"{mine['id']} {field}")


if __name__ == "__main__":
    support.main()
