#!/usr/bin/env python3
# Goal: a damaged store is found, refused or reported, and repaired from the other side.
# Method: real programs; a bit of random pages is turned in the stopped folders; repair, exchange.

import shutil

import events
import support

PAGE = 4096
FLIPS = 3


class Repair(support.Case):
    def setUp(self):
        super().setUp()
        self.its_hub = self.hub()
        self.its_node = self.node("node", self.its_hub)
        self.its_node.take(events.BASE)
        self.assertTrue(self.its_node.sync()["synced"])
        self.its_node.take(events.AFTERNOON)  # unsent
        self.whole_export = self.its_node.export()

    def flip(self, program, page):
        with open(program.data / "tram.db", "r+b") as file:
            at = page * PAGE + self.random.randrange(PAGE)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ (1 << self.random.randrange(8))]))

    def pages(self, program):
        size = (program.data / "tram.db").stat().st_size // PAGE
        return [0, *self.random.sample(range(1, size), FLIPS)]

    def check_found_and_repaired(self, program):
        found = program.command("verify", "--json", expect=None)
        self.assertIn(found.code, (support.OK, support.UNVERIFIED), found)
        report = program.command("repair", "--json").json
        self.assertTrue(report["needed"])
        self.assertEqual(report["pages_unreadable"], 1)
        if found.code == support.OK:  # a page that holds nothing
            self.assertEqual(report["entries_without_bytes"], 0)
        program.verify()
        again = program.command("repair", "--json").json
        self.assertFalse(again["needed"])
        return report

    def keep(self):
        for program in (self.its_hub, self.its_node):
            shutil.copytree(program.data, self.folder / f"{program.name}.whole")

    def put_back(self):
        for program in (self.its_hub, self.its_node):
            shutil.rmtree(program.data)
            shutil.copytree(self.folder / f"{program.name}.whole", program.data)

    def test_a_page_of_the_node(self):
        self.its_hub.stop()
        self.keep()
        for page in self.pages(self.its_node):
            self.put_back()
            self.flip(self.its_node, page)
            report = self.check_found_and_repaired(self.its_node)
            self.assertGreaterEqual(report["pending_entries"], events.AFTERNOON_ENTRIES)
            self.its_hub.start()
            self.assertTrue(self.its_node.sync(expect=None)["synced"], report)
            self.its_node.sync()
            self.assert_level(self.its_hub, self.its_node)
            if report["entries_without_bytes"] == 0:
                self.assertEqual(self.its_node.export(), self.whole_export)
            self.its_hub.stop()

    def test_a_page_of_the_hub(self):
        self.its_hub.stop()
        self.keep()
        for page in self.pages(self.its_hub):
            self.put_back()
            self.flip(self.its_hub, page)
            report = self.check_found_and_repaired(self.its_hub)
            self.its_hub.start()
            self.assertTrue(self.its_node.sync()["synced"], report)
            self.assert_level(self.its_hub, self.its_node)
            self.assertEqual(self.its_node.export(), self.whole_export)
            self.its_hub.stop()

    def test_refused_beside_a_running_program(self):
        self.its_node.start()
        for program in (self.its_hub, self.its_node):
            refused = program.command("repair", expect=support.FAILED)
            self.assertIn("stop it first", refused.err)


if __name__ == "__main__":
    support.main()
