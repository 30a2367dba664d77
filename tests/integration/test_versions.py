#!/usr/bin/env python3
# Goal: a released version and the present one work together, and on each other's data folders.
# Method: the old one is built from git; months, conflicts, kills and swapped programs, both ways.

import pathlib
import subprocess
import sys
import time
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))

import events
import support
import versions

NEW = "new"
DOSSIERS = 20
EDITED_AT = 1_753_500_000_000  # after the last event of these dossiers
SHELL = support.BIN / "store_shell"

BINS = {NEW: support.BIN}
OLD = versions.listed(support.BIN.parent / "old")


def setUpModule():
    for version in OLD:
        begun = time.monotonic()
        versions.build(version)
        BINS[version.name] = version.bin
        print(f"{version.name} was built in {time.monotonic() - begun:.0f} s", flush=True)


def pairs():
    """Which program serves and which asks first, for every old version."""
    for version in OLD:
        yield version.name, NEW
        yield NEW, version.name


class Versions(support.Case):
    worlds = 0

    def make(self, version, kind, *arguments, **options):
        """A program of this version, with a folder of its own."""
        with unittest.mock.patch.object(support, "BIN", BINS[version]):
            return kind(self, *arguments, **options)

    def change(self, program, version):
        """The same folder under another version, from the next start or command on."""
        program._binary = BINS[version] / program._binary.name

    def edits(self, codes, number):
        """What computer 0 or 1 writes into each dossier while it is alone: every phone clashes."""
        return [events.update(code, EDITED_AT + 1000 * (2 * row + number),
                              {"phone": f"090{number}0000{row:02}", "fee_paid": True,
                               "address" if number else "officer": f"Số {row} của máy {number}"})
                for row, code in enumerate(codes)]

    def file(self, name, lines):
        return events.write(self.folder / f"{name}.jsonl", lines)

    def clash(self, codes, *nodes):
        for number, node in enumerate(nodes):
            taken = node.take(self.file(f"{node.name}-edits", self.edits(codes, number)))
            self.assertEqual(taken["accepted"], len(codes))
        for node in (*nodes, nodes[0]):
            node.sync()

    def decide_all(self, codes, node, other):
        listed = node.conflicts()
        self.assertEqual(listed, other.conflicts(), "both versions show the same conflicts")
        self.assertEqual({(row["code"], row["field"]) for row in listed},
                         {(code, "phone") for code in codes})
        for row in listed:
            at = self.random.choice((node, other))
            kept = self.random.choice(row["values"])["entry"]
            at.command("conflict", "decide", row["code"], "phone", "--entry", kept)
        for computer in (node, other, node):
            self.assertTrue(computer.sync()["synced"])
        self.assertEqual(node.conflicts() + other.conflicts(), [])

    def test_a_month_between_versions(self):
        """One hub, and a computer of each version in one commune."""
        for serving, asking in pairs():
            with self.subTest(hub=serving, node=asking):
                self.worlds += 1
                hub = self.make(serving, support.Hub, f"hub{self.worlds}").start()
                node = self.make(asking, support.Node, f"far{self.worlds}", hub)
                same = self.make(serving, support.Node, f"near{self.worlds}", hub)
                self.assertEqual(node.take(events.MONTH)["accepted"], events.MONTH_ENTRIES)
                for computer in (node, same):
                    self.assertTrue(computer.sync()["synced"])
                self.assert_level(hub, node, same)
                codes, _ = events.first_dossiers(DOSSIERS)
                self.clash(codes, node, same)
                self.assert_level(hub, node, same)
                self.decide_all(codes, node, same)
                self.assert_level(hub, node, same)
                for computer in (node, same):
                    self.assertEqual(computer.take(events.MONTH)["accepted"], 0)
                hub.stop()

    def test_upgrade(self):
        """An old hub and an old node die at work; the new programs go on where they stood."""
        for version in OLD:
            with self.subTest(old=version.name):
                hub, node = self.killed_at_work(version.name, "up")
                before = node.export()
                self.change(hub, NEW)
                self.change(node, NEW)
                self.go_on(hub, node, before)

    def test_downgrade(self):
        """The reverse, where the old version can read the store; else it says so and stops."""
        for version in OLD:
            with self.subTest(old=version.name):
                hub, node = self.killed_at_work(NEW, "down")
                before = node.export()
                for program in (hub, node):
                    program.verify()  # ends the journal too
                    self.change(program, version.name)
                if version.schema == versions.schema_of(versions.ROOT):
                    self.go_on(hub, node, before)
                else:
                    self.check_refused(hub, node)
                for program in (hub, node):
                    self.change(program, NEW)
                self.go_on(hub, node, before)

    def test_a_newer_schema_is_refused(self):
        for version in (*(old.name for old in OLD), NEW):
            with self.subTest(version=version):
                hub, node = self.killed_at_work(NEW, f"newer-{version}")
                for program in (hub, node):
                    program.verify()
                    self.change(program, version)
                    self.set_schema(program, versions.schema_of(versions.ROOT) + 1)
                self.check_refused(hub, node)
                for program in (hub, node):
                    self.change(program, NEW)
                    self.set_schema(program, versions.schema_of(versions.ROOT))
                self.go_on(hub, node, node.export())

    def killed_at_work(self, version, name):
        """What has been handed in, what waits, and a journal that nobody has taken over yet."""
        hub = self.make(version, support.Hub, f"hub-{name}").start()
        node = self.make(version, support.Node, f"node-{name}", hub).start()
        node.take(events.BASE)
        self.assertTrue(node.sync()["synced"])
        hub.kill()
        self.assertEqual(node.take(events.AFTERNOON)["accepted"], events.AFTERNOON_ENTRIES)
        node.kill()
        return hub, node

    def go_on(self, hub, node, before):
        hub.start()
        node.start()
        self.assertEqual(node.export(), before)
        self.assertEqual(node.take(events.AFTERNOON)["known"], events.AFTERNOON_ENTRIES)
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)
        node.kill()
        hub.kill()
        node.verify()

    def set_schema(self, program, number):
        done = subprocess.run([str(SHELL), str(program.data)], check=False, capture_output=True,
                              input=f"PRAGMA user_version = {number};".encode())
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_refused(self, *programs):
        """A clear line, no success, and not a byte of the store is another."""
        for program in programs:
            before = (program.data / "tram.db").read_bytes()
            for words in (("status",), ("verify",), ("run",)):
                outcome = program.command(*words, expect=support.FAILED)
                self.assertIn("written by a newer Tram", outcome.err)
            self.assertTrue((program.data / "tram.db").read_bytes() == before, "changed")


if __name__ == "__main__":
    support.main()
