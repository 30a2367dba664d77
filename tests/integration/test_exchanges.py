#!/usr/bin/env python3
# Goal: an idle exchange and a small backlog each cost one request and nothing more.
# Method: count turns of the client on a line with a little delay, beside what sync itself reports.

import events
import line
import support

# A request's pieces stay together on the line: what follows an answer is a new turn.
DELAY_SECONDS = 0.05
# A fresh connection has two turns besides: TLS's hello, and its goodbye after the last answer.
FRESH_TURNS = 2
HUB_SETTINGS = "[sync]\ncome_back_s = 3600\n"


class Exchanges(support.Case):
    def setUp(self):
        super().setUp()
        self.way = line.Line(delay_seconds=DELAY_SECONDS)
        self.addCleanup(self.way.close)
        self.hub_ = self.hub(line=self.way, settings=HUB_SETTINGS)
        self.node_ = self.node("node", self.hub_)
        self.node_.take(events.BASE)
        self.node_.sync()

    def sync_counted(self):
        self.way.reset_counts()
        done = self.node_.sync()
        self.assertTrue(done["synced"])
        return done, self.way.counts()

    def test_afternoon_is_one_exchange_on_a_fresh_connection(self):
        self.node_.take(events.AFTERNOON)
        done, counts = self.sync_counted()
        self.assertEqual(done["sent_entries"], events.AFTERNOON_ENTRIES)
        self.assertEqual(done["round_trips"], 1)
        self.assertEqual(counts.connections, 1)
        self.assertEqual(counts.turns, FRESH_TURNS + 1)
        self.assert_level(self.hub_, self.node_)

    def test_idle_on_a_fresh_connection(self):
        done, counts = self.sync_counted()
        self.assertEqual(done["round_trips"], 1)
        self.assertEqual((counts.connections, counts.turns), (1, FRESH_TURNS + 1))

    def test_idle_and_afternoon_on_a_kept_connection(self):
        self.node_.start()
        support.wait_until(lambda: self.way.counts().connections > 0, "first contact")
        self.sync_counted()
        for _ in range(3):
            done, counts = self.sync_counted()
            self.assertEqual(done["round_trips"], 1)
            self.assertEqual((counts.connections, counts.turns), (0, 1))
        self.check_daemon_sends_the_afternoon_by_itself()

    def check_daemon_sends_the_afternoon_by_itself(self):
        self.way.reset_counts()
        self.node_.take(events.AFTERNOON)
        support.wait_until(lambda: self.node_.status()["synced"], "the daemon to send")
        self.assertEqual(self.way.counts().connections, 0)
        self.assert_level(self.hub_, self.node_)


if __name__ == "__main__":
    support.main()
