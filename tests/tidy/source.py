"""The tree as the rules see it: files, their text, and C++ with comments and strings blanked out.

Reads nothing but the working tree; what git ignores is not part of it.
"""

import dataclasses
import functools
import os
import pathlib
import re
import subprocess

FOLDERS = ("config", "schema", "sync", "store", "host", "http", "command",
           "node", "hub")
BINARY_SUFFIXES = (".bin", ".png", ".ico", ".jpg", ".dict", ".wasm", ".db", ".zst", ".pdf")
IGNORED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".cache"}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
_RAW_STRING = re.compile(r'R"([^()\\ \n]{0,16})\(')


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclasses.dataclass(frozen=True)
class Include:
    name: str
    quoted: bool
    line: int


class SourceFile:
    """One file. `text` is empty and `binary` set when it is not meant to be read as text."""

    def __init__(self, root, path):
        self.path = path
        self.full = root / path
        self.size = self.full.stat().st_size
        self.executable = bool(self.full.stat().st_mode & 0o111)
        # A large file is a finding by its size alone: its content is not read.
        data = self.full.read_bytes() if self.size <= (8 << 20) else b"\0"
        self.binary = b"\0" in data or path.endswith(BINARY_SUFFIXES)
        self.encoding_error = None
        try:
            self.text = "" if self.binary else data.decode("utf-8")
        except UnicodeDecodeError as error:
            self.text = data.decode("utf-8", "replace")
            self.encoding_error = data[: error.start].count(b"\n") + 1

    @property
    def folder(self):
        return self.path.split("/", 1)[0] if "/" in self.path else ""

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self):
        return pathlib.PurePosixPath(self.path).suffix

    @property
    def is_header(self):
        return self.suffix in (".hpp", ".h")

    @property
    def is_cpp(self):
        return self.suffix in (".cpp", ".hpp", ".c", ".h", ".cc")

    @property
    def is_python(self):
        return self.suffix == ".py" or self.text.startswith("#!/usr/bin/env python3")

    @property
    def is_shell(self):
        first = self.text.split("\n", 1)[0]
        return self.suffix == ".sh" or (first.startswith("#!") and first.endswith("sh"))

    @property
    def is_script(self):
        return self.text.startswith("#!")

    @property
    def is_test(self):
        """A file that holds tests, as against their helpers."""
        if self.folder != "tests" or self.path.startswith("tests/support/"):
            return False
        if self.suffix == ".py":
            return self.name.startswith("test_") or self.name.endswith("_test.py")
        return self.suffix == ".cpp"

    @functools.cached_property
    def lines(self):
        parts = self.text.split("\n")
        return parts[:-1] if parts and parts[-1] == "" else parts

    @functools.cached_property
    def code(self):
        """C++ with comments and the content of strings blanked; same length, same lines."""
        return blank(self.text, keep_strings=False)

    @functools.cached_property
    def code_with_strings(self):
        return blank(self.text, keep_strings=True)

    @functools.cached_property
    def includes(self):
        found = []
        for match in _INCLUDE.finditer(self.code_with_strings):
            line = self.text.count("\n", 0, match.start(2)) + 1
            found.append(Include(match[2], match[1] == '"', line))
        return found

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


class Tree:
    """All files of one checkout."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = [SourceFile(self.root, path) for path in sorted(_list(self.root))]
        self.by_path = {file.path: file for file in self.files}

    def cpp(self):
        return [file for file in self.files if file.is_cpp]

    def product(self):
        return [file for file in self.cpp() if file.folder in FOLDERS]

    def includes_of(self, file):
        """The project's own files that this one includes, directly or not."""
        seen, queue = set(), [file]
        while queue:
            for include in queue.pop().includes:
                if include.name in self.by_path and include.name not in seen:
                    seen.add(include.name)
                    queue.append(self.by_path[include.name])
        return sorted(seen)


def _list(root):
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
                   "--exclude-standard"]
        names = subprocess.run(command, check=True, capture_output=True).stdout
        names = {name.decode() for name in names.split(b"\0") if name}
        return [name for name in names if (root / name).is_file()]
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in IGNORED_FOLDERS]
        for name in names:
            found.append((pathlib.Path(folder) / name).relative_to(root).as_posix())
    return found


def _spaces(text):
    return re.sub(r"[^\n]", " ", text)


def _is_digit_separator(text, at):
    start = at
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "'_"):
        start -= 1
    return start < at and text[start].isdigit() and text[at + 1 : at + 2].isalnum()


def _quoted_end(text, at):
    quote, end = text[at], at + 1
    while end < len(text) and text[end] not in (quote, "\n"):
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))


def _token(text, at):
    """The comment or literal that begins here: (kind, end); kind is None for plain code."""
    two = text[at : at + 2]
    if two == "//":
        end = text.find("\n", at)
        return "comment", len(text) if end < 0 else end
    if two == "/*":
        end = text.find("*/", at + 2)
        return "comment", len(text) if end < 0 else end + 2
    if text[at] == "R" and (at == 0 or not text[at - 1].isalnum() or text[at - 1] in "uUL8"):
        raw = _RAW_STRING.match(text, at)
        if raw:
            end = text.find(f'){raw[1]}"', raw.end())
            return "string", len(text) if end < 0 else end + len(raw[1]) + 2
    if text[at] == '"' or (text[at] == "'" and not _is_digit_separator(text, at)):
        return "string", _quoted_end(text, at)
    return None, at + 1


def blank(text, keep_strings):
    out, at = [], 0
    for start in re.finditer(r"""//|/\*|R"|["']""", text):
        if start.start() < at:
            continue
        kind, end = _token(text, start.start())
        out.append(text[at : start.start()])
        body = text[start.start() : end]
        if kind == "comment":
            body = _spaces(body)
        elif kind == "string" and not keep_strings:
            body = body[0] + _spaces(body[1:-1]) + body[-1]
        out.append(body)
        at = end
    out.append(text[at:])
    return "".join(out)
