"""The programs under the kill loop: a hub and its nodes in one folder, and one kill of some."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import line
import support

NODES = {"a1": support.BLAO, "a2": support.BLAO, "b1": support.BAO_LAM_2, "c1": "22918"}
# An answer should not have to wait: a node asks again soon, and a month is many frames.
HUB_SETTINGS = "[sync]\ncome_back_s = 1\n"
NODE_SETTINGS = "[link]\nretry_first_s = 1\nretry_longest_s = 2\nframe_kib = 32\n"
# What the saves hold stands for citizens' data.
WRITTEN = re.compile(r"K\.\w+-\d|Giấy|Lần \d|\b09\d{8}\b")


class Stage:
    """What support.Program asks of a test: a folder, and somebody who minds the processes."""

    def __init__(self, folder):
        self.folder = folder
        self.spilled = set()  # who said what no log may hold
        self._processes = []
        self._lock = threading.Lock()

    def own(self, process):
        with self._lock:
            self._processes = [other for other in self._processes if other.poll() is None]
            self._processes.append(process)

    def note_talk(self, source, text):
        if WRITTEN.search(text):
            self.spilled.add(source)

    def fail(self, text):
        raise AssertionError(text)

    def assertEqual(self, one, other, text=""):
        if one != other:
            self.fail(f"{one!r} is not {other!r}: {text}")

    def end(self):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()


class Site(support.Program):
    """A hub or a node: its daemon, or a command that works on the folder itself."""

    def __init__(self, stage, name, way):
        self.is_hub = name == "hub"
        super().__init__(stage, name, "tram-hub" if self.is_hub else "tram-node")
        self.way = way
        self.alone = None  # the command that works without a daemon just now
        self.deaths = 0

    @property
    def commune(self):
        return NODES[self.name]

    def make(self, hub=None):
        settings = HUB_SETTINGS if self.is_hub else NODE_SETTINGS
        if self.is_hub:
            self.command("init", "--province", support.PROVINCE)
        else:
            self.data.mkdir(mode=0o700)
        file = self.data / ("hub.toml" if self.is_hub else "node.toml")
        file.write_text(settings, encoding="utf-8")
        if not self.is_hub:
            words = ("--commune", self.commune, "--hub-url", self.way.url, "--json")
            self.command("enroll", hub.command("code", "create", *words).json["code"])

    def begin_daemon(self):
        self.start_daemon(*(("--listen", "127.0.0.1:0") if self.is_hub else ()))

    def start(self):
        self.begin_daemon()
        if self.is_hub:
            self.way.target_port = int(self.wait_for_line(r"hub\.listening .*port=(\d+)")[1])
        else:
            self.wait_for_line(r"node\.running")

    def kill_now(self):
        """kill -9 of whatever works here; what a kill found ended already is no death of it."""
        process = self.alone or self.process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGKILL)
        if process is self.process:
            process.wait(support.COMMAND_SECONDS)
            self.deaths += process.returncode == -signal.SIGKILL

    def run_alone(self, *words, feed=None):
        """A command without a daemon, that kill_now() hits; None if it was killed."""
        self.alone = self.begin(*words, feed=feed is not None)
        try:
            out, err = self.alone.communicate(feed, timeout=support.COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            self.alone.kill()
            self.alone.communicate()
            self.case.fail(f"{words} did not end")
        text = err.decode("utf-8", "replace")
        self.case.note_talk(f"{self.name} {words[0]}", text)
        code, self.alone = self.alone.returncode, None
        if code == -signal.SIGKILL:
            self.deaths += 1
            return None
        return support.Outcome([self.name, *words], code, out, text)

    def end_left_behind(self):
        """The daemon of a kill loop that was itself killed: it holds the folder still."""
        try:
            number = int((self.data / "lock").read_text(encoding="ascii"))
            words = pathlib.Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return  # none, or it has ended
        if str(self.data).encode() in words:
            os.kill(number, signal.SIGKILL)

    def store_bytes(self):
        total = 0
        for path in (self.data / "tram.db", self.data / "tram.db-wal"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                pass  # no journal just now
        return total


class Kill:
    """One kill of some sites. Whoever fires first, from any thread, kills; `done` once they are."""

    def __init__(self, sites):
        self.sites = sites
        self.done = threading.Event()
        self._lock = threading.Lock()
        self._fired = False

    def fire(self):
        with self._lock:
            if self._fired:
                return
            self._fired = True
        for site in self.sites:
            site.kill_now()
        self.done.set()


def new_line():
    return line.Line()
