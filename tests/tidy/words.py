"""What does not belong in the project: a machine's paths, registries, how a text came to be."""

import re

from source import Finding

EVERYWHERE = (
    (r"(?<![\w.}$])/(work|home|root|Users)/\w", "a machine's path (name it from the root, or DIR)"),
    (r"(?<![\w.}$])/tmp/b-", "a machine's build folder (build/<preset>)"),
    (r"\b(registry\.npmjs|registry\.yarnpkg|deb\.debian|security\.debian|pypi|pythonhosted"
     r"|proxy\.golang)\.(org|com)\b", "a registry's host (the package's name is enough)"),
    (r"\bsub-?agents?\b", "not about the project (remove it)"),
    (r"\b(LLMs?|GPT-?\d|ChatGPT|Claude|Anthropic|OpenAI|Copilot)\b",
     "not about the project (remove it)"),
    (r"\bAI[- ](assistants?|generated|agents?|models?)\b|\blanguage models?\b",
     "not about the project (remove it)"),
)

IN_PROSE = (
    (r"\b[Pp]rompts?\b", "a word with two meanings (say question, or shell)"),
    (r"\b(as requested|the brief|the user asked|in this session)\b",
     "about the writing, not the project (state the reason)"),
)


def words(tree):
    for file in tree.files:
        if file.binary or file.path.startswith("tests/tidy/") or file.name == "package-lock.json":
            continue
        rows = EVERYWHERE + (IN_PROSE if file.suffix == ".md" else ())
        for number, line in enumerate(file.lines, 1):
            for pattern, message in rows:
                match = re.search(pattern, line)
                if match:
                    yield Finding(file.path, number, "words", f'"{match[0]}": {message}')


RULES = {"words": words}
