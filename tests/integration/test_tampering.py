#!/usr/bin/env python3
# Goal: history that another hand changed is found: `verify` exits 6 and names log and number.
# Method: a synced node and hub, one alteration in the decrypted store at a time, on fresh copies.

import re
import shutil
import subprocess

import events
import support

SHELL = support.BIN / "store_shell"

# What another hand does first: it takes the guards away.
UNGUARD = """
PRAGMA foreign_keys = OFF;
DROP TRIGGER entry_is_kept; DROP TRIGGER entry_keeps_its_name; DROP TRIGGER entry_keeps_its_bytes;
DROP TRIGGER place_is_kept; DROP TRIGGER place_keeps_its_entry;
"""
# The log that the 20 events stand in: they and its opening.
LOG = "(SELECT log_id FROM entry GROUP BY log_id HAVING count(*) = 21)"


def flip(seq, offset):
    """One byte of the entry's bytes, `offset` from the start (negative: from the end)."""
    at = f"{offset + 1}" if offset >= 0 else f"length(bytes) + {offset + 1}"
    where = f"WHERE log_id = {LOG} AND seq = {seq}"
    byte = f"hex(substr(bytes, {at}, 1))"
    return (f"UPDATE entry SET bytes = CAST(substr(bytes, 1, {at} - 1) || CASE {byte} WHEN '00'"
            f" THEN x'01' ELSE x'00' END || substr(bytes, {at} + 1) AS BLOB) {where};")


def remove(seq):
    chosen = f"(SELECT entry_id FROM entry WHERE log_id = {LOG} AND seq = {seq})"
    return (f"CREATE TEMP TABLE gone AS SELECT {chosen} AS id;"
            "DELETE FROM place WHERE entry_id = (SELECT id FROM gone);"
            "DELETE FROM entry WHERE entry_id = (SELECT id FROM gone);")


def swap(first, second):
    where = f"WHERE log_id = {LOG} AND seq"
    return (f"CREATE TEMP TABLE one AS SELECT bytes FROM entry {where} = {first};"
            f"UPDATE entry SET bytes = (SELECT bytes FROM entry {where} = {second})"
            f" {where} = {first};"
            f"UPDATE entry SET bytes = (SELECT bytes FROM one) {where} = {second};")


class Tampering(support.Case):
    def setUp(self):
        super().setUp()
        self.its_hub = self.hub()
        self.its_node = self.node("node", self.its_hub)
        self.its_node.take(events.AFTERNOON)
        self.assertTrue(self.its_node.sync()["synced"])
        self.its_hub.stop()

    def alter(self, program, sql):
        done = subprocess.run([str(SHELL), str(program.data)], input=(UNGUARD + sql).encode(),
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_found(self, program, sql, seq):
        whole = program.data.with_name(program.data.name + ".whole")
        shutil.copytree(program.data, whole)
        self.alter(program, sql)
        found = program.command("verify", "--json", expect=support.UNVERIFIED)
        named = [finding for finding in found.json["findings"]
                 if finding.get("seq") == seq and re.fullmatch("[0-9a-f]{32}", finding["log"])]
        self.assertTrue(named, found)
        self.assertIn(f"log {named[0]['log']}, number {seq}:", found.err)
        shutil.rmtree(program.data)
        whole.rename(program.data)

    def check_every_alteration(self, program):
        program.command("verify")
        for offset in (0, 1, 20, -1):
            self.check_found(program, flip(7, offset), 7)
        self.check_found(program, remove(5), 5)
        self.check_found(program, remove(20), 20)  # the newest
        self.check_found(program, swap(3, 11), 3)
        self.check_found(program, swap(3, 11), 11)
        program.command("verify")

    def test_at_the_node(self):
        self.check_every_alteration(self.its_node)

    def test_at_the_hub(self):
        self.check_every_alteration(self.its_hub)


if __name__ == "__main__":
    support.main()
