#!/usr/bin/env python3
"""Runs clang-tidy over our own sources: tests/tidy/clang_tidy.py BUILD_FOLDER [JOBS].

A file that was clean is not checked again until it, a header of ours that it includes, its
compile command, .clang-tidy or the tool itself changes; the stamps are in ~/.cache/tram/tidy.
The last line is `clang-tidy: N passed, K failed (M unchanged)`. Exit 1 when a file has findings.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from source import FOLDERS, Tree

TOOL = "clang-tidy-16"
STAMP_DAYS_MAX = 60
FILE_SECONDS_MAX = 1200
STAMPS = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"), "tram/tidy")


def commands(build, tree):
    """Our translation units and how each is compiled: {path from the root: command}."""
    found = {}
    for row in json.loads((build / "compile_commands.json").read_text()):
        full = pathlib.Path(row["directory"], row["file"]).resolve()
        if full.is_relative_to(tree.root):
            path = full.relative_to(tree.root).as_posix()
            if path in tree.by_path and path.split("/", 1)[0] in FOLDERS:
                found[path] = row["command"]
    return found


def stamp(tree, path, command, tool):
    digest = hashlib.sha256()
    file = tree.by_path[path]
    texts = [tool, command, (tree.root / ".clang-tidy").read_text(), file.text]
    texts += [name + "\n" + tree.by_path[name].text for name in tree.includes_of(file)]
    for text in texts:
        digest.update(f"{len(text)}\n{text}".encode())
    return STAMPS / digest.hexdigest()


def check(build, root, path):
    """True and nothing, or false and what to print."""
    try:
        done = subprocess.run([TOOL, "--quiet", "--extra-arg=-Wno-unknown-warning-option", "-p",
                               str(build), str(root / path)], text=True,
                              capture_output=True, check=False, timeout=FILE_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return False, f"{path}: no answer within {FILE_SECONDS_MAX} seconds\n"
    return done.returncode == 0, done.stdout + (done.stderr if done.returncode else "")


def forget_old_stamps():
    STAMPS.mkdir(parents=True, exist_ok=True)
    for old in STAMPS.iterdir():
        if time.time() - old.stat().st_mtime > STAMP_DAYS_MAX * 86400:
            old.unlink(missing_ok=True)


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    if not (build / "compile_commands.json").exists():
        print(f"clang-tidy: {build.name} is not configured (cmake --preset {build.name})")
        return 1
    jobs = int(arguments[1]) if len(arguments) > 1 else os.cpu_count()
    tree = Tree(pathlib.Path(__file__).resolve().parents[2])
    tool = subprocess.run([TOOL, "--version"], capture_output=True, text=True, check=True).stdout
    forget_old_stamps()
    stamps = {path: stamp(tree, path, command, tool)
              for path, command in sorted(commands(build, tree).items())}
    pending = [path for path, mark in stamps.items() if not mark.exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        checks = pool.map(lambda path: (path, *check(build, tree.root, path)), pending)
        for number, (path, clean, text) in enumerate(checks, 1):
            print(f"[{number}/{len(pending)}] {path}", flush=True)
            if clean:
                stamps[path].touch()
            else:
                failed += 1
                print(text, end="", flush=True)
    unchanged = len(stamps) - len(pending)
    print(f"clang-tidy: {len(stamps) - failed} passed, {failed} failed ({unchanged} unchanged)")
    return 1 if failed or not stamps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
