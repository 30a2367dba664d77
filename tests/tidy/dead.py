"""What nothing reaches: sources that no CMakeLists.txt names, links to pages that are not there."""

import posixpath
import re
import urllib.parse

from source import Finding

_LINK = re.compile(r"!?\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_TOKEN = re.compile(r"[^\s()\";]+")


def _named_in_cmake(tree):
    """Every path that a CMake file names, taken from its own folder and from the root."""
    named = set()
    for file in tree.files:
        if file.name != "CMakeLists.txt" and file.suffix != ".cmake":
            continue
        here = posixpath.dirname(file.path)
        for line in file.lines:
            for token in _TOKEN.findall(line.split("#", 1)[0]):
                token = token.replace("${CMAKE_CURRENT_SOURCE_DIR}/", "")
                token = re.sub(r"\$\{(CMAKE|PROJECT|tram)_SOURCE_DIR\}/", "/", token)
                named.add(token.lstrip("/"))
                if not token.startswith("/"):
                    named.add(posixpath.normpath(posixpath.join(here, token)))
    return named


def sources(tree):
    named = _named_in_cmake(tree)
    for file in tree.files:
        wanted = file.suffix in (".cpp", ".hpp", ".c", ".S")
        if wanted and file.path not in named:
            yield Finding(file.path, 1, "dead-file",
                          "no CMakeLists.txt names it (add it to its target, or remove it)")


def links(tree):
    folders = {posixpath.dirname(path) for path in tree.by_path}
    folders |= {parent for path in tree.by_path for parent in _parents(path)}
    for file in tree.files:
        if file.suffix != ".md":
            continue
        for number, line in enumerate(file.lines, 1):
            for target in _LINK.findall(re.sub(r"`[^`]*`", "", line)):
                path = urllib.parse.unquote(target.split("#", 1)[0])
                if not path or re.match(r"[a-z]+:", path):
                    continue
                full = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), path))
                if full not in tree.by_path and full not in folders and full != ".":
                    yield Finding(file.path, number, "links",
                                  f"{target} is not there (correct the link)")


def _parents(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


RULES = {"dead-file": sources, "links": links}
