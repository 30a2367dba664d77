#!/usr/bin/env python3
# Goal: a line that is cut at any byte, again and again, costs time and nothing else.
# Method: a month goes up, and down to a second computer, through random cuts in both directions.

import events
import line
import support

CUTS = 12
BYTES_MAX = 15_000
NODE_SETTINGS = "[link]\nframe_kib = 32\n"
HUB_SETTINGS = "[sync]\nframe_kib = 32\n"


class LineCut(support.Case):
    def sync_through_cuts(self, way, node):
        """A sync may live through a cut and go on: the line counts them, not the exit codes."""
        cuts = [self.random.randrange(1, BYTES_MAX) for _ in range(CUTS)]

        def next_cut():
            way.cut_after(cuts.pop() if cuts else None, then=next_cut)

        way.reset_counts()
        next_cut()
        while way.will_cut():
            outcome = node.command("sync", "--json", expect=None)
            self.assertIn(outcome.code, (support.OK, support.UNAVAILABLE), outcome)
            self.assertEqual(outcome.json["synced"], outcome.code == support.OK)
            node.verify()
        self.assertTrue(node.sync()["synced"])
        passed = way.counts()
        self.assertGreater(passed.up + passed.down, CUTS * BYTES_MAX, "done before the last cut?")

    def test_month_up_and_down_through_cuts(self):
        way = line.Line()
        self.addCleanup(way.close)
        hub = self.hub(line=way, settings=HUB_SETTINGS)
        first = self.node("first", hub, settings=NODE_SETTINGS)
        second = self.node("second", hub, settings=NODE_SETTINGS)
        first.take(events.MONTH)
        self.sync_through_cuts(way, first)
        self.assert_level(hub, first)
        self.sync_through_cuts(way, second)
        self.assert_level(hub, first, second)
        self.assertEqual(second.export().count(b"\n"), events.MONTH_DOSSIERS)


if __name__ == "__main__":
    support.main()
