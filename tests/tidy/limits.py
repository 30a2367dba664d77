"""How long a line, a function and a file may be. Long ones are read by nobody."""

import ast
import re

from source import Finding

LINE_MAX = 100
FUNCTION_MAX = 70
FILE_MAX = 600

_LINE_SUFFIXES = (".cpp", ".hpp", ".c", ".h", ".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".html",
                  ".sh", ".sql", ".cmake", ".toml", ".service")
_FILE_SUFFIXES = (".cpp", ".hpp", ".c", ".h", ".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".sh")
_SCOPE = re.compile(r"(class|struct|union|enum|namespace|extern|inline\s+namespace)\b")
_LABEL = re.compile(r"\s*(public|private|protected|signals)\s*:(?!:)")
_CLOSING = {"(": ")", "{": "}", "[": "]"}


def _is_limited(file, suffixes):
    return not file.binary and (file.suffix in suffixes or file.is_shell or file.is_python)


def lines(tree):
    for file in tree.files:
        if file.suffix == ".md":
            yield from _markdown_lines(file)
        elif _is_limited(file, _LINE_SUFFIXES) or file.name == "CMakeLists.txt":
            for number, line in enumerate(file.lines, 1):
                if len(line) > LINE_MAX:
                    yield _long_line(file, number, line)


def _long_line(file, number, line):
    return Finding(file.path, number, "line",
                   f"{len(line)} characters, at most {LINE_MAX} (break it)")


def _markdown_lines(file):
    """Prose is wrapped; tables, code blocks and lines with a link cannot be."""
    in_code = False
    for number, line in enumerate(file.lines, 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and len(line) > LINE_MAX:
            if not line.lstrip().startswith("|") and "](" not in line and "http" not in line:
                yield _long_line(file, number, line)


def files(tree):
    for file in tree.files:
        if _is_limited(file, _FILE_SUFFIXES) and len(file.lines) > FILE_MAX:
            yield Finding(file.path, FILE_MAX + 1, "file",
                          f"{len(file.lines)} lines, at most {FILE_MAX} (split it by noun)")


def functions(tree):
    for file in tree.files:
        if file.is_cpp:
            found = cpp_functions(file.code)
        elif file.is_python and not file.binary:
            found = python_functions(file.text)
        elif file.is_shell:
            found = shell_functions(file.lines)
        else:
            continue
        for name, first, last in found:
            if last - first + 1 > FUNCTION_MAX:
                yield Finding(file.path, first, "function",
                              f"{name} has {last - first + 1} lines, at most {FUNCTION_MAX} "
                              "(give its steps names)")


def python_functions(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.name, node.lineno, node.end_lineno)
            for node in ast.walk(tree) if isinstance(node, kinds)]


def shell_functions(text_lines):
    found, name, first = [], None, 0
    for number, line in enumerate(text_lines, 1):
        match = re.match(r"(?:function )?([\w-]+)\s*\(\)\s*\{", line)
        if match:
            name, first = match[1], number
        elif name and line.rstrip() == "}":
            found.append((name, first, number))
            name = None
    return found


def _without_directives(code):
    def spaces(match):
        return re.sub(r"[^\n]", " ", match[0])

    return re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", spaces, code)


def _matching(code, at):
    """The offset of the bracket that closes the one at `at`; the end if none does."""
    opening, closing = code[at], _CLOSING[code[at]]
    depth = 0
    for match in re.compile(f"[{re.escape(opening + closing)}]").finditer(code, at):
        depth += 1 if match[0] == opening else -1
        if depth == 0:
            return match.start()
    return len(code) - 1


def _without_labels(code, start, end):
    """Where the declaration begins, after blanks, access labels and a template's parameters."""
    label = _LABEL.match(code, start, end)
    while label:
        start = label.end()
        label = _LABEL.match(code, start, end)
    blank = re.compile(r"\s*").match(code, start, end)
    return blank.end()


def _classify(head):
    """What the brace after this head opens: a scope, a function, or an initializer."""
    head = re.sub(r"^(template\s*<[^{}]*?>\s*)+(?=class|struct|union)", "", head.strip())
    if _SCOPE.match(head):
        return "scope"
    if "(" not in head or head.endswith(("=", "return", ",")):
        return "initializer"
    if re.search(r"\)\s*(noexcept\s*)?:(?!:)", head) and re.search(r"[\w>]$", head):
        return "initializer"  # a member in a constructor's list
    return "function"


def cpp_functions(code):
    """(name, first line, last line) of every function body; lambdas count with their function."""
    code = _without_directives(code)
    found, head, at, token = [], 0, 0, re.compile(r"[(){};]")
    match = token.search(code, at)
    while match:
        at = match.start()
        end = at
        if match[0] == "(":
            end = _matching(code, at)
        elif match[0] == "{":
            start = _without_labels(code, head, at)
            kind = _classify(code[start:at])
            if kind == "scope":
                head = at + 1
            else:
                end = _matching(code, at)
            if kind == "function":
                name = re.search(r"([~\w:]+)\s*\(", code[start:at])
                found.append((name[1] if name else "a function", code.count("\n", 0, start) + 1,
                              code.count("\n", 0, end) + 1))
                head = end + 1
        elif match[0] in "};":
            head = at + 1
        match = token.search(code, end + 1)
    return found


RULES = {"line": lines, "function": functions, "file": files}
