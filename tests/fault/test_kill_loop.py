#!/usr/bin/env python3
# Goal: the kill loop can fail, and one that was itself killed goes on with what it knew.
# Method: stores put back in silence must be found; kill -9 of the loop, then --resume.

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import support

LOOP = pathlib.Path(__file__).resolve().parent / "kill_loop"
SECONDS = 240
KILLS = 2
LONGER_SECONDS_MAX = 2.0  # after a check: somewhere in the next cycles


class KillLoop(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tram-kill-loop-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def begin(self, *words):
        process = subprocess.Popen([sys.executable, "-B", str(LOOP), *words], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=os.environ | {"TMPDIR": str(self.folder)})
        self.addCleanup(process.stdout.close)
        return process

    def run_loop(self, *words):
        process = self.begin(*words)
        out, _ = process.communicate(timeout=SECONDS)
        figures = dict(re.findall(r"(\w+)=(\d+)", out.splitlines()[-1]))
        return process.returncode, {key: int(value) for key, value in figures.items()}, out

    def check_found(self, sabotage, figure):
        code, figures, out = self.run_loop("--cycles", "3", "--seed", "7", "--sabotage", sabotage)
        self.assertEqual(code, 1, out)
        self.assertGreater(figures[figure], 0, out)
        self.assertGreaterEqual(figures["violations"], figures[figure], out)

    def test_a_node_that_lost_what_it_acknowledged(self):
        self.check_found("node", "lost")

    def test_a_hub_that_lost_what_it_receipted(self):
        self.check_found("hub", "lost")

    def test_saves_that_count_twice(self):
        self.check_found("twice", "doubled")

    def test_clean_without_sabotage(self):
        code, figures, out = self.run_loop("--cycles", "10", "--seed", "7")
        self.assertEqual(code, 0, out)
        self.assertEqual(figures["violations"], 0, out)
        self.assertGreaterEqual(figures["killed_node"] + figures["killed_hub"], 10, out)

    def test_totals_add_up_over_runs(self):
        """Also over runs that were killed, daemons and all, at no moment of their choice."""
        file = self.folder / "totals.json"
        words = ("--seed", "7", "--resume", str(file))
        chance = random.Random(support.SEED)
        before = 0
        for _ in range(KILLS):
            process = self.begin("--minutes", "10", *words)
            for line in process.stdout:  # one after each check
                if line.startswith("cycles="):
                    break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, LONGER_SECONDS_MAX))
            process.kill()
            process.wait()
            cycles = json.loads(file.read_text(encoding="utf-8"))["cycles"]
            self.assertGreater(cycles, before)
            before = cycles
        code, figures, out = self.run_loop("--cycles", "5", *words)
        self.assertEqual((code, figures["violations"]), (0, 0), out)
        self.assertGreaterEqual(figures["cycles"], before + 5, out)


if __name__ == "__main__":
    support.main()
