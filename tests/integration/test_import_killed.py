#!/usr/bin/env python3
# Goal: an import that dies again and again loses no event and takes none twice.
# Method: kill -9 after a random growth of the store or number of lines fed; repeat; compare.

import events
import support

KILLS = 10
FED_KILLS = 5


class ImportKilled(support.Case):
    def setUp(self):
        super().setUp()
        self.hub_ = self.hub()
        self.clean = self.node("clean", self.hub_)
        self.before = self.clean.size_on_disk()
        self.clean.take(events.MONTH)
        self.growth = self.clean.size_on_disk() - self.before

    def check_whole(self, node):
        node.take(events.MONTH)
        self.assertEqual(node.status()["pending_entries"], events.MONTH_ENTRIES)
        self.assertEqual(node.export(), self.clean.export())
        self.assertTrue(node.sync()["synced"])
        self.assert_level(self.hub_, node)

    def test_killed_at_random_growth_of_the_store(self):
        node = self.node("node", self.hub_)
        early = 0
        for _ in range(KILLS):
            process = node.begin("import", str(events.MONTH))
            goal = node.size_on_disk() + self.random.randrange(1, max(2, self.growth // KILLS))
            support.wait_until(
                lambda: node.size_on_disk() >= goal or process.poll() is not None, "growth")
            early += process.poll() is None
            process.kill()
            process.communicate()
            node.verify()
        self.assertGreater(early, KILLS // 2, "imports ended before they were killed")
        self.check_whole(node)

    def test_killed_after_random_lines_from_stdin(self):
        node = self.node("node", self.hub_)
        lines = events.MONTH.read_bytes().splitlines(keepends=True)
        for _ in range(FED_KILLS):
            process = node.begin("import", "-", feed=True)
            process.stdin.write(b"".join(lines[: self.random.randrange(1, len(lines))]))
            process.stdin.flush()
            process.kill()
            process.communicate()
            node.verify()
        self.check_whole(node)


if __name__ == "__main__":
    support.main()
