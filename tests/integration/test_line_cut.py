#!/usr/bin/env python3
# Goal: a line that is cut at any byte, again and again, costs time and nothing else.
# Method: a month goes up, and down to a second computer, through random cuts in both directions.

import events
import line
import support

CUTS = 12
UP_BYTES_MAX = 15_000  # a month up takes about 90 kB: it is not done before the last cut
DOWN_BYTES_MAX = 15_000
NODE_SETTINGS = "[link]\nframe_kib = 32\n"
HUB_SETTINGS = "[sync]\nframe_kib = 32\n"


class LineCut(support.Case):
    def sync_through_cuts(self, way, node, bytes_max):
        """Returns how many syncs were cut."""
        cut = 0
        for _ in range(CUTS):
            way.cut_after(self.random.randrange(1, bytes_max))
            outcome = node.command("sync", "--json", expect=None)
            self.assertIn(outcome.code, (support.OK, support.UNAVAILABLE), outcome)
            self.assertEqual(outcome.json["synced"], outcome.code == support.OK)
            cut += outcome.code == support.UNAVAILABLE
            node.verify()
        way.never_cut()
        return cut

    def test_month_up_and_down_through_cuts(self):
        way = line.Line()
        self.addCleanup(way.close)
        hub = self.hub(line=way, settings=HUB_SETTINGS)
        first = self.node("first", hub, settings=NODE_SETTINGS)
        second = self.node("second", hub, settings=NODE_SETTINGS)
        first.take(events.MONTH)
        self.assertGreater(self.sync_through_cuts(way, first, UP_BYTES_MAX), 0)
        self.assertTrue(first.sync()["synced"])
        self.assert_level(hub, first)
        self.assertGreater(self.sync_through_cuts(way, second, DOWN_BYTES_MAX), 0)
        self.assertTrue(second.sync()["synced"])
        self.assert_level(hub, first, second)
        self.assertEqual(second.export().count(b"\n"), events.MONTH_DOSSIERS)


if __name__ == "__main__":
    support.main()
