#!/usr/bin/env python3
# Goal: a month taken while the hub is away arrives whole at the first contact, exactly once.
# Method: import the sample month, start the hub, sync once, and compare both exports.

import events
import support


class Backlog(support.Case):
    def test_month_waits_for_the_hub_and_drains_in_one_sync(self):
        hub = self.hub()
        node = self.node("node", hub)
        hub.stop()
        self.assertEqual(node.take(events.MONTH)["accepted"], events.MONTH_ENTRIES)
        before = node.status()
        self.assertEqual(before["pending_entries"], events.MONTH_ENTRIES)
        self.assertGreater(before["pending_bytes"], 0)
        self.assertFalse(before["synced"])
        failed = node.sync(expect=support.UNAVAILABLE)
        self.assertFalse(failed["synced"])
        self.assertEqual(node.status()["pending_entries"], events.MONTH_ENTRIES)
        hub.start()
        done = node.sync()
        self.assertTrue(done["synced"])
        self.assertEqual(done["sent_entries"], events.MONTH_ENTRIES)
        self.assert_level(hub, node)
        self.assertEqual(len(node.export().splitlines()), events.MONTH_DOSSIERS)
        self.check_import_again(hub, node)

    def check_import_again(self, hub, node):
        export = node.export()
        sizes = hub.status()["feeds"]
        again = node.take(events.MONTH)
        self.assertEqual(again["accepted"], 0)
        self.assertEqual(node.status()["pending_entries"], 0)
        done = node.sync()
        self.assertEqual(done["sent_entries"], 0)
        self.assertEqual(node.export(), export)
        self.assertEqual(hub.status()["feeds"], sizes)
        self.assert_level(hub, node)

    def test_base_and_afternoon_equal_one_import(self):
        """The month's first weeks and the next 20 events, in two syncs, are what one import is."""
        hub = self.hub()
        node = self.node("node", hub)
        node.take(events.BASE)
        self.assertEqual(node.sync()["sent_entries"], events.BASE_ENTRIES)
        node.take(events.AFTERNOON)
        self.assertEqual(node.sync()["sent_entries"], events.AFTERNOON_ENTRIES)
        self.assert_level(hub, node)
        other = self.node("other", hub, support.BAO_LAM_2)
        whole = events.read(events.BASE) + events.read(events.AFTERNOON)
        other.take(events.write(self.folder / "whole.jsonl", whole))
        other.sync()
        self.assert_level(hub, node, other)
        self.assertEqual(node.export().count(b"\n"), other.export().count(b"\n"))

    def test_second_node_of_the_commune_receives_everything(self):
        hub = self.hub()
        first = self.node("first", hub)
        second = self.node("second", hub)
        first.take(events.BASE)
        first.sync()
        received = second.sync()
        self.assertEqual(received["received_entries"] >= events.BASE_ENTRIES, True, received)
        self.assertEqual(first.export(), second.export())
        self.assertEqual(second.take(events.BASE)["accepted"], 0)
        self.assert_level(hub, first, second)


if __name__ == "__main__":
    support.main()
