"""Calls that have a better replacement here. Each row names it, so that the finding teaches."""

import dataclasses
import re

from source import FOLDERS, Finding


@dataclasses.dataclass(frozen=True)
class Ban:
    rule: str
    pattern: str
    replacement: str
    headers_only: bool = False
    outside: tuple = ()  # path prefixes where the call is at home


CPP = (
    Ban("strings", r"\b(strcpy|strncpy|strcat|strncat|strtok|v?sprintf|gets|v?[sf]?scanf)\s*\(",
        "std::string, std::format-like appending or std::snprintf with its size"),
    Ban("numbers", r"\b(ato[ifl]l?|strto(l|ul|ll|ull|d|f|ld)|sto(i|l|ul|ll|ull|d|f|ld))\s*\(",
        "std::from_chars, and check where it stopped"),
    Ban("random", r"\b(s?rand|rand_r|getrandom|getentropy|RAND_bytes)\s*\(|\bstd::random_device\b",
        "sync::Random, passed in", outside=("host/",)),
    Ban("shell", r"(?<![\w.>])(?<!boost::)(std::)?(system|popen)\s*\(",
        "a function of ours, or host's process call with an argument list"),
    Ban("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>:])sleep\s*\(",
        "simulated time in tests; elsewhere a wait on a condition with a deadline",
        outside=("host/",)),
    Ban("clock", r"\bsystem_clock\b|(?<![\w.>])(std::)?time\s*\(\s*(nullptr|NULL|0|&)"
                 r"|\b(gettimeofday|clock_gettime|timespec_get)\s*\(",
        "sync::Clock, passed in", outside=("host/",)),
    Ban("local-time", r"\b(localtime|gmtime|ctime|asctime|mktime)(_r|_s)?\s*\(",
        "schema's calendar (UTC milliseconds, +07:00); the C calls share state and read TZ",
        outside=("host/",)),
    Ban("raw-memory", r"^(?!.*unique_ptr<).*(?<!operator )\bnew\b\s*(\(|[A-Za-z_:])"
                      r"|\b(malloc|calloc|realloc)\s*\("
                      r"|(?<!= )(?<!=)(?<!operator )\bdelete\b(\[\])?\s+[A-Za-z_*(]",
        "std::make_unique, a container, or a unique_ptr with a deleter"),
    Ban("casts", r"\breinterpret_cast\b|\bconst_cast\b",
        "sync::as_bytes / sync::as_text; where a C interface leaves no choice, an allowance"),
    Ban("assert", r"(?<![\w.>:])assert\s*\(", "TRAM_ASSERT, which stays on in release"),
    Ban("using-namespace", r"\busing\s+namespace\b", "the name in full, or one using-declaration",
        headers_only=True),
)

PYTHON = (
    Ban("sleep", r"\btime\.sleep\s*\(|^\s*from time import .*\bsleep\b",
        "wait for a condition with a deadline"),
    Ban("shell", r"\bos\.(system|popen)\s*\(|\bshell\s*=\s*True", "subprocess with a list"),
)

SHELL = (
    Ban("sleep", r"(^|[;&|]|\bdo\b|\bthen\b)\s*sleep\s", "wait for a condition with a deadline"),
    Ban("shell", r"(^|[;&|])\s*eval\s", "an array of arguments"),
)

MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HIDDEN = re.compile(
    r'"[^"\n]*\[(\.[\w-]*|!mayfail|!shouldfail|!hide)\]|@?unittest\.(skip|expectedFailure)\w*'
    r"|\bself\.skipTest\(|\b(test|it|describe)\.(skip|fixme|only|todo)\b|\bx(it|describe)\(")

_VERBS = r"(SELECT|INSERT|REPLACE|UPDATE|DELETE|CREATE|DROP|ALTER|WITH)"
SQL_CONCATENATION = re.compile(
    rf'"\s*{_VERBS}\b[^"\n]*"\s*(?:\n\s*"[^"\n]*"\s*)*\+'
    r'|\+\s*"\s*(FROM|WHERE|VALUES|ORDER BY|SET)\b')
SQL = re.compile(
    r'["(]\s*(SELECT\s|INSERT (OR \w+ )?INTO\s|REPLACE INTO\s|UPDATE \w+ SET\s|DELETE FROM\s'
    r"|CREATE (\w+ )?(TABLE|INDEX|TRIGGER|VIEW)\s|DROP (TABLE|INDEX|TRIGGER|VIEW)\s|ALTER TABLE\s"
    r"|PRAGMA \w)")


def _search(bans, file, code):
    for ban in bans:
        if (ban.outside and file.path.startswith(ban.outside)) or (
                ban.headers_only and not file.is_header):
            continue
        for match in re.finditer(ban.pattern, code, re.MULTILINE):
            word = " ".join(match[0].split()).lstrip(";&|").rstrip("( ")
            yield Finding(file.path, file.line_of(match.start()), ban.rule,
                          f"{word} ({ban.replacement})")


def _without_comments(text):
    return re.sub(r"(?m)(^|\s)#[^\n]*", lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _banned(tree):
    for file in tree.files:
        if file.binary or file.path.startswith("tests/tidy/test_"):
            continue
        if file.is_cpp:
            yield from _search(CPP, file, file.code)
        elif file.is_python:
            yield from _search(PYTHON, file, _without_comments(file.text))
        elif file.is_shell:
            yield from _search(SHELL, file, _without_comments(file.text))


def _rule(name):
    return lambda tree: (finding for finding in _banned(tree) if finding.rule == name)


def marks(tree):
    for file in tree.files:
        if file.suffix in (".md", ".csv", ".jsonl") or file.path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(file.lines, 1):
            match = MARKS.search(line)
            if match and file.name != "package-lock.json":
                yield Finding(file.path, number, "marks",
                              f"{match[0]} left behind (do it, or write an issue)")


def hidden_tests(tree):
    for file in tree.files:
        if file.path.startswith("tests/tidy/") or file.folder not in ("tests", "web"):
            continue
        text = file.code_with_strings if file.is_cpp else file.text
        for match in HIDDEN.finditer(text) if file.suffix != ".md" else ():
            yield Finding(file.path, file.line_of(match.start()), "hidden-test",
                          "a test that does not run or may fail (mend it or remove it)")


def sql_concatenation(tree):
    for file in tree.product():
        for match in SQL_CONCATENATION.finditer(file.code_with_strings):
            yield Finding(file.path, file.line_of(match.start()), "sql-concatenation",
                          "SQL put together from text (bind :named parameters)")


def sql_place(tree):
    for file in tree.files:
        if file.suffix == ".sql" and file.folder != "tests":
            if not file.path.startswith(("schema/sql/", "store/")):
                yield Finding(file.path, 1, "sql-place", "SQL lives in schema/sql and store/")
        elif file.is_cpp and file.folder in FOLDERS and file.folder not in ("store", "schema"):
            for match in SQL.finditer(file.code_with_strings):
                yield Finding(file.path, file.line_of(match.start()), "sql-place",
                              "SQL outside store/ (give the port a method)")


RULES = {name: _rule(name) for name in sorted({ban.rule for ban in CPP + PYTHON + SHELL})}
RULES |= {"marks": marks, "hidden-test": hidden_tests, "sql-concatenation": sql_concatenation,
          "sql-place": sql_place}
