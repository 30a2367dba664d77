"""Which folder may include which: the arrows of docs/ARCHITECTURE.md, ours and other people's."""

import re

from source import FOLDERS, Finding

_CORE = ("sync/core/",)

# What a folder may include of ours, as path prefixes; its own files are always allowed.
ALLOWED = {
    "sync": (),
    "host": _CORE,
    "config": ("host/",) + _CORE,
    "http": ("host/",) + _CORE,
    "schema": ("sync/core/", "sync/ledger/"),
    "store": ("host/", "schema/", "sync/"),
    "command": ("store/", "host/", "schema/", "sync/"),
    "node": ("command/", "store/", "http/", "config/", "host/", "schema/", "sync/"),
    "hub": ("command/", "store/", "http/", "config/", "host/", "schema/", "sync/"),
}

# Other people's headers and the only places for them.
EXTERNAL = (
    (r"cereal/", ("sync/wire/",)),
    (r"openssl/", ("sync/crypto/", "host/", "http/")),
    (r"(zstd|zdict|zstd_errors)\.h$", ("sync/wire/",)),
    (r"sqlite3(mc)?\w*\.h$", ("store/",)),
    (r"boost/", ("http/",)),
    (r"curl/", ("http/",)),
)

# Seven to sixteen seconds a unit: never in a header, where every includer would pay.
HEAVY = re.compile(r"(nlohmann/(?!json_fwd\.hpp$)|spdlog/|CLI/|toml\+\+/|toml\.hpp$)")

IMPURE = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|future|chrono|filesystem|fstream|iostream"
    r"|random|cstdio|stdio\.h|ctime|time\.h|unistd\.h|fcntl\.h|poll\.h|netdb\.h|sys/.*"
    r"|netinet/.*|arpa/.*|winsock2?\.h|windows\.h|boost/.*|curl/.*|sqlite3.*|nlohmann/.*"
    r"|spdlog/.*|CLI/.*|toml.*)$")


def arrows(tree):
    for file in tree.product():
        for include in file.includes:
            target = include.name.split("/", 1)[0]
            if include.quoted and "/" not in include.name:
                yield Finding(file.path, include.line, "arrows",
                              f'"{include.name}" has no folder (write its path from the root)')
            elif target == "tests":
                yield Finding(file.path, include.line, "arrows",
                              "the product never includes tests/ (pass it as an argument)")
            elif target in FOLDERS and target != file.folder:
                if not include.name.startswith(ALLOWED[file.folder]):
                    allowed = ", ".join(ALLOWED[file.folder]) or "nothing of ours"
                    yield Finding(file.path, include.line, "arrows",
                                  f'"{include.name}" points the wrong way '
                                  f"({file.folder}/ may include {allowed})")


def external(tree):
    for file in tree.product():
        for include in file.includes:
            for pattern, places in EXTERNAL:
                if re.match(pattern, include.name) and not file.path.startswith(places):
                    yield Finding(file.path, include.line, "external",
                                  f"<{include.name}> belongs in {', '.join(places)} only "
                                  "(call that folder's interface)")


def heavy_headers(tree):
    for file in tree.product():
        for include in file.includes:
            if file.is_header and HEAVY.match(include.name):
                yield Finding(file.path, include.line, "heavy-header",
                              f"<{include.name}> in a header (include it in the .cpp; "
                              "nlohmann/json_fwd.hpp is allowed)")


def pure_sync(tree):
    for file in tree.product():
        for include in file.includes:
            if file.folder == "sync" and not include.quoted and IMPURE.match(include.name):
                yield Finding(file.path, include.line, "pure-sync",
                              f"<{include.name}> in sync/ (time, randomness and I/O are passed in: "
                              "sync/core/ports.hpp)")


def cycles(tree):
    """Headers that include each other, reported once at the edge that closes the loop."""
    state = {}

    def visit(file, trail):
        state[file.path] = "open"
        for include in file.includes:
            if include.name not in tree.by_path:
                continue
            if state.get(include.name) == "open":
                loop = trail[trail.index(include.name):] + [include.name]
                yield Finding(file.path, include.line, "cycles",
                              f"include loop {' -> '.join(loop)} (move the shared part into a "
                              "header of its own)")
            elif include.name not in state:
                yield from visit(tree.by_path[include.name], trail + [include.name])
        state[file.path] = "done"

    for file in tree.cpp():
        if file.is_header and file.path not in state:
            yield from visit(file, [file.path])


RULES = {"arrows": arrows, "external": external, "heavy-header": heavy_headers,
         "pure-sync": pure_sync, "cycles": cycles}
