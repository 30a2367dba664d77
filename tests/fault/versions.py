#!/usr/bin/env python3
"""Builds the programs of released versions, for tests that let old and new ones meet.

    tests/fault/versions.py [FOLDER]      builds what is missing, prints name, folder and seconds

versions.txt names the commits. A version's tree is unpacked from git into FOLDER (else
build/release/old) and built by its own release preset in the same place below its root as this
tree's release build, so that the compiler cache answers for every source that is the same in both.
Only the two programs are built, and nothing is downloaded: SQLite's source is this tree's, and a
version that pins another one fails here.
"""

import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = pathlib.Path(__file__).resolve().parent / "versions.txt"
PROGRAMS = ("tram-node", "tram-hub")
BUILD_SECONDS_MAX = 35 * 60  # on two cores, without any help of a cache
LOG_LINES = 40


@dataclasses.dataclass
class Version:
    name: str
    commit: str
    tree: pathlib.Path

    @property
    def bin(self):
        return self.tree / "build" / "release" / "bin"

    @property
    def schema(self):
        return schema_of(self.tree)


def schema_of(tree):
    """The version that a tree's stores have: one file of schema/sql for each."""
    return max(int(path.name[:4]) for path in (tree / "schema" / "sql").glob("[0-9]*_*.sql"))


def listed(folder):
    rows = [line.split() for line in LIST.read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")]
    return [Version(name, commit, folder / f"{name}-{commit[:12]}") for name, commit in rows]


def build(version):
    """Does nothing if it was done. AssertionError with the end of the log if it cannot be done."""
    if all((version.bin / program).exists() for program in PROGRAMS):
        return
    _unpack(version)
    _borrow_sqlite(version.tree)
    _run(version, "cmake", "--preset", "release")
    _run(version, "cmake", "--build", "--preset", "release", "--parallel", "2", "--target",
         *PROGRAMS)


def _unpack(version):
    if (version.tree / "CMakePresets.json").exists():
        return
    done = subprocess.run(["git", "-C", str(ROOT), "archive", version.commit],
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(
            f"this clone has no {version.name}: git fetch origin {version.commit}\n"
            + done.stderr.decode("utf-8", "replace"))
    fresh = version.tree.with_name(version.tree.name + ".new")
    fresh.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x", "-C", str(fresh)], input=done.stdout, check=True)
    fresh.rename(version.tree)


def _borrow_sqlite(tree):
    name = "package-lock.json"
    if (tree / name).read_bytes() != (ROOT / name).read_bytes():
        raise AssertionError(f"{tree.name} was made with other packages than {name} has now")
    link = tree / "node_modules"
    if not link.exists():
        link.symlink_to(ROOT / "node_modules")


def _run(version, *words):
    log = version.tree / "build.log"
    # The cache may be told where a build stands by whoever called this one: this is another tree.
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("CCACHE_BASEDIR", "CCACHE_NOHASHDIR")}
    with open(log, "ab") as out:
        process = subprocess.Popen(words, cwd=version.tree, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, env=environment, start_new_session=True)
        try:
            code = process.wait(BUILD_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            code = f"not after {BUILD_SECONDS_MAX // 60} minutes: what is built stays built"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)  # the compilers too
                process.wait()
    if code != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        lines = [line for line in lines if not re.match(r"\[\d+/\d+\]", line)]
        raise AssertionError(f"{version.name} cannot be built ({code})\n"
                             + "\n".join(lines[-LOG_LINES:]))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/old")
    for version in listed(folder.resolve()):
        begun = time.monotonic()
        build(version)
        print(f"{version.name}: {version.bin} ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
