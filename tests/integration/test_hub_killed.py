#!/usr/bin/env python3
# Goal: a hub that dies ten times while ten communes hand in a month loses and doubles nothing.
# Method: kill -9 after a random number of bytes on the line, restart, go on, compare in the end.

import events
import line
import support

KILLS = 10
BYTES_MIN = 500
BYTES_MAX = 60_000  # a month takes about 80 kB: ten communes are not done before the tenth kill
NODE_SETTINGS = "[link]\nframe_kib = 32\n"


class HubKilled(support.Case):
    def test_ten_months_drain_through_ten_kills(self):
        way = line.Line()
        self.addCleanup(way.close)
        hub = self.hub(line=way)
        nodes = [self.node(f"node{number}", hub, commune, NODE_SETTINGS)
                 for number, commune in enumerate(support.COMMUNES)]
        empty = {name: feed["size"] for name, feed in hub.status()["feeds"].items()}
        for node in nodes:
            self.assertEqual(node.take(events.MONTH)["accepted"], events.MONTH_ENTRIES)
        for number in range(KILLS):
            self.kill_while_syncing(hub, way, nodes, number)
            hub.start()
        for node in nodes:
            self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, *nodes)
        for node in nodes:
            self.assertEqual(node.export().count(b"\n"), events.MONTH_DOSSIERS)
            self.assertEqual(node.take(events.MONTH)["accepted"], 0)
        self.check_sizes(hub, empty)

    def kill_while_syncing(self, hub, way, nodes, number):
        limit = self.random.randrange(BYTES_MIN, BYTES_MAX)
        way.cut_after(limit, hub.kill)
        syncs = [(node, node.begin("sync", "--json")) for node in nodes]
        codes = []
        for node, process in syncs:
            _, err = process.communicate(timeout=support.COMMAND_SECONDS)
            self.note_talk(f"{node.name} sync", err.decode("utf-8", "replace"))
            codes.append(process.returncode)
        self.assertFalse(hub.runs, f"kill {number} came too late: {limit} bytes, codes {codes}")
        self.assertLessEqual(set(codes), {support.OK, support.UNAVAILABLE}, f"kill {number}")

    def check_sizes(self, hub, empty):
        """A feed holds the month and the openings of the node's logs, and nothing a second time."""
        sizes = {name: feed["size"] for name, feed in hub.status()["feeds"].items()}
        for commune in support.COMMUNES:
            extra = sizes[commune] - empty.get(commune, 0) - events.MONTH_ENTRIES
            self.assertGreaterEqual(extra, 0)
            self.assertLessEqual(extra, 3, f"feed of {commune}: {sizes[commune]}")


if __name__ == "__main__":
    support.main()
