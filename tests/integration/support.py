"""Real hubs and nodes for integration tests: processes, folders, commands and waiting.

A test is a subclass of Case. Programs come from TRAM_BIN (else build/release/bin); the seed of
every random choice is printed and taken from TRAM_SEED. Whatever a process says on stderr is kept,
and at the end of each test it is searched for personal data of the samples.
"""

import dataclasses
import functools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import events

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TRAM_BIN") or ROOT / "build" / "release" / "bin").resolve()
SEED = int(os.environ.get("TRAM_SEED") or random.SystemRandom().randrange(1 << 32))

PROVINCE = "68"
BLAO = "24829"
BAO_LAM_2 = "25084"
COMMUNES = (BLAO, BAO_LAM_2, "22918", "22924", "22933", "22945", "22954", "22960", "22969", "22972")

OK = 0
FAILED = 1
USAGE = 2
NOT_ENROLLED = 3
UNAVAILABLE = 4
NEEDS_PERSON = 5
UNVERIFIED = 6
REFUSED = 7

COMMAND_SECONDS = 120
WAIT_SECONDS = 60
POLL_SECONDS = 0.01


def wait_until(condition, what, seconds=WAIT_SECONDS):
    """Returns the first true value of `condition()`; fails once the deadline is over."""
    deadline = time.monotonic() + seconds
    nobody = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        nobody.wait(POLL_SECONDS)


@functools.cache
def canaries():
    return sorted(events.canaries())


@dataclasses.dataclass
class Outcome:
    """What a command did."""

    words: list
    code: int
    out: bytes
    err: str

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"no JSON on stdout of {self}") from error

    def __str__(self):
        return f"{' '.join(self.words)}: exit {self.code}\n{self.out[:2000]!r}\n{self.err[-2000:]}"


class Program:
    """One data folder, its daemon and its commands."""

    def __init__(self, case, name, binary):
        self.case = case
        self.name = name
        self.data = case.folder / name
        self._binary = BIN / binary
        self._log_path = case.folder / f"{name}.log"
        self._log_start = 0
        self.process = None
        self.wrapper = []  # of commands, e.g. strace

    def command(self, *words, feed=None, expect=OK, environment=None, talk_is_data=False):
        """Runs a command to its end. `expect=None` takes any exit code."""
        process = self.begin(*words, feed=feed is not None, environment=environment)
        try:
            out, err = process.communicate(feed, timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.case.fail(f"{words} did not end\n{err.decode('utf-8', 'replace')[-2000:]}")
        text = err.decode("utf-8", "replace")
        if not talk_is_data:
            self.case.note_talk(f"{self.name} {words[0]}", text)
        outcome = Outcome([self._binary.name, *words], process.returncode, out, text)
        if expect is not None:
            self.case.assertEqual(outcome.code, expect, outcome)
        return outcome

    def begin(self, *words, feed=False, environment=None):
        """Starts a command and returns its process."""
        verbs = 2 if words[0] in ("code", "node", "conflict") else 1
        arguments = [*words[:verbs], "--data", str(self.data), *words[verbs:]]
        process = subprocess.Popen(
            [*self.wrapper, str(self._binary), *arguments],
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(environment))
        self.case.own(process)
        return process

    def start_daemon(self, *words, environment=None):
        with open(self._log_path, "ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                [str(self._binary), "run", "--data", str(self.data), *words],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env=_environment(environment))
        self.case.own(self.process)

    def log(self):
        """What the present daemon has said so far."""
        if not self._log_path.exists():
            return ""
        return self._log_path.read_bytes()[self._log_start:].decode("utf-8", "replace")

    def all_logs(self):
        if not self._log_path.exists():
            return ""
        return self._log_path.read_bytes().decode("utf-8", "replace")

    def wait_for_line(self, pattern):
        """The match of `pattern` in the present daemon's log; fails if the daemon ends first."""
        def look():
            match = re.search(pattern, self.log())
            if not match and self.process.poll() is not None:
                self.case.fail(f"{self.name} ended ({self.process.returncode})\n{self.log()}")
            return match
        return wait_until(look, f"{pattern!r} in the log of {self.name}")

    def stop(self):
        self._end(signal.SIGTERM)
        self.case.assertEqual(self.process.returncode, 0, self.log())

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, how):
        self.process.send_signal(how)
        try:
            self.process.wait(COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.case.fail(f"{self.name} did not stop\n{self.log()[-2000:]}")

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    def verify(self):
        return self.command("verify")

    def size_on_disk(self):
        total = 0
        for path in self.data.iterdir() if self.data.exists() else ():
            if path.name == "ballast":
                continue
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                pass  # a journal that ended just now
        return total


class Hub(Program):
    """`line`: the nodes' way to it, if not straight."""

    def __init__(self, case, name="hub", line=None, settings=""):
        super().__init__(case, name, "tram-hub")
        self.line = line
        self.port = 0
        self.command("init", "--province", PROVINCE)
        if settings:
            (self.data / "hub.toml").write_text(settings, encoding="utf-8")

    @property
    def url(self):
        return self.line.url if self.line else f"https://127.0.0.1:{self.port}"

    def start(self, **options):
        """Keeps its port from the second time on, for the nodes know it."""
        self.start_daemon("--listen", f"127.0.0.1:{self.port}", **options)
        self.port = int(self.wait_for_line(r"hub\.listening .*port=(\d+)")[1])
        if self.line:
            self.line.target_port = self.port
        return self

    def new_code(self, commune, *options):
        words = ("code", "create", "--commune", commune, "--hub-url", self.url, "--json")
        return self.command(*words, *options).json["code"]

    def export(self, commune):
        return self.command("export", "--commune", commune).out

    def status(self):
        return self.command("status", "--json").json

    def devices(self):
        return self.command("node", "list", "--json").json["nodes"]

    def device_of(self, commune):
        """For communes with one computer."""
        [device] = [row["device"] for row in self.devices() if row["unit"] == commune]
        return device


class Node(Program):
    def __init__(self, case, name, hub=None, commune=BLAO, settings=""):
        super().__init__(case, name, "tram-node")
        self.commune = commune
        if settings:
            self.data.mkdir(mode=0o700)
            (self.data / "node.toml").write_text(settings, encoding="utf-8")
        if hub is not None:
            self.command("enroll", hub.new_code(commune))

    def start(self, **options):
        self.start_daemon(**options)
        self.wait_for_line(r"node\.running")
        return self

    def take(self, file, expect=OK, **options):
        return self.command("import", "--json", str(file), expect=expect, **options).json

    def sync(self, expect=OK):
        return self.command("sync", "--json", expect=expect).json

    def status(self):
        return self.command("status", "--json").json

    def export(self):
        return self.command("export").out

    def conflicts(self):
        return self.command("conflict", "list", "--json").json["conflicts"]


def _environment(extra):
    """Proxies of the machine that runs the tests are none of ours."""
    clean = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    return clean | (extra or {})


class Case(unittest.TestCase):
    """One temporary folder a test, removed with every process in it."""

    maxDiff = 2000

    def setUp(self):
        if not (BIN / "tram-node").exists():
            self.fail(f"no programs in {BIN}: build them, or set TRAM_BIN")
        self.random = random.Random(f"{SEED} {self.id().rsplit('.', 1)[-1]}")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tram-integration-"))
        self._processes = []
        self._talk = []
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self._end_all)

    def tearDown(self):
        self._end_all()
        for path in sorted(self.folder.glob("*.log")):
            text = path.read_bytes().decode("utf-8", "replace")
            self.note_talk(path.name, text)
            if not self._outcome.success:
                print(f"--- end of {path.name}\n{text[-2000:]}", flush=True)
        for source, text in self._talk:
            for canary in canaries():
                self.assertNotIn(canary, text, f"personal data on stderr of {source}")

    def own(self, process):
        self._processes.append(process)

    def note_talk(self, source, text):
        if text:
            self._talk.append((source, text))

    def _end_all(self):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def hub(self, **options):
        return Hub(self, **options).start()

    def node(self, name, hub, commune=BLAO, settings=""):
        return Node(self, name, hub, commune, settings)

    def assert_level(self, hub, *nodes):
        """Everything of these nodes is at the hub and back, and every store verifies."""
        hub.verify()
        for node in nodes:
            status = node.status()
            self.assertEqual(status["pending_entries"], 0, status)
            self.assertTrue(status["synced"], status)
            self.assertEqual(node.export(), hub.export(node.commune), f"exports of {node.name}")
            node.verify()


def main():
    print(f"seed {SEED}: repeat with TRAM_SEED={SEED} python3 {sys.argv[0]}", flush=True)
    unittest.main(verbosity=2)
