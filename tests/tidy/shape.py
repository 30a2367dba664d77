"""How every file begins and ends, its bytes, its mode and its size."""

import re
import unicodedata

from source import Finding

BLOB_BYTES_MAX = 2 << 20

_DATA_SUFFIXES = (".csv", ".jsonl", ".tsv", ".patch")
_TABS_ALLOWED = ("Makefile", ".gitmodules", "rules")


def _text(tree):
    return [file for file in tree.files if not file.binary]


def pragma_once(tree):
    for file in tree.files:
        if file.is_header and (not file.lines or file.lines[0].strip() != "#pragma once"):
            yield Finding(file.path, 1, "pragma-once", "the first line of a header is #pragma once")


def test_header(tree):
    for file in tree.files:
        if not file.is_test or file.binary:
            continue
        head = file.lines[1:3] if file.is_script else file.lines[:2]
        mark = "//" if file.is_cpp else "#"
        is_comment = len(head) == 2 and all(line.startswith(mark) for line in head)
        docstring = file.is_python and len(head) == 2 and head[0].startswith('"""')
        if not is_comment and not (docstring and head[1].strip()):
            yield Finding(file.path, 1, "test-header",
                          "a test file begins with two comment lines (its goal, its method)")


def encoding(tree):
    for file in _text(tree):
        if file.encoding_error:
            yield Finding(file.path, file.encoding_error, "encoding",
                          "not UTF-8 (save it as UTF-8)")
        elif not unicodedata.is_normalized("NFC", file.text):
            for number, line in enumerate(file.lines, 1):
                if not unicodedata.is_normalized("NFC", line):
                    yield Finding(file.path, number, "encoding",
                                  "not NFC (compose it; in a test write the code points as \\u)")
        if file.text.startswith("\ufeff"):
            yield Finding(file.path, 1, "encoding", "byte order mark (remove it)")


def blanks(tree):
    for file in _text(tree):
        if file.text and not file.text.endswith("\n"):
            yield Finding(file.path, len(file.lines), "blanks", "no newline at the end (add one)")
        for number, line in enumerate(file.lines, 1):
            if line.endswith("\r"):
                yield Finding(file.path, number, "blanks", "CRLF (use LF)")
            elif file.suffix in _DATA_SUFFIXES:
                continue
            elif line != line.rstrip():
                yield Finding(file.path, number, "blanks", "blank at the end of the line (cut it)")
            if "\t" in line and file.suffix not in _DATA_SUFFIXES and (
                    file.name not in _TABS_ALLOWED):
                yield Finding(file.path, number, "blanks", "tab (use blanks, or \\t in a string)")


def modes(tree):
    for file in tree.files:
        if file.executable and not file.is_script:
            yield Finding(file.path, 1, "modes", "executable but no script (chmod -x)")
        elif file.is_script and not file.executable:
            yield Finding(file.path, 1, "modes", "a script that cannot be run (chmod +x, or no #!)")


def blobs(tree):
    for file in tree.files:
        if file.size > BLOB_BYTES_MAX:
            yield Finding(file.path, 1, "blobs",
                          f"{file.size} bytes, at most {BLOB_BYTES_MAX} (generate it, or fetch it)")


def names(tree):
    """Our own files are snake_case after the noun inside."""
    for file in tree.files:
        ours = file.is_cpp or file.suffix == ".py"
        if ours and not re.fullmatch(r"[a-z0-9_]+\.\w+", file.name):
            yield Finding(file.path, 1, "names", "not snake_case (rename it after its noun)")


RULES = {"pragma-once": pragma_once, "test-header": test_header, "encoding": encoding,
         "blanks": blanks, "modes": modes, "blobs": blobs, "names": names}
