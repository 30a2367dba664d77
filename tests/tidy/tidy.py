#!/usr/bin/env python3
"""Checks that the tree keeps its rules (docs/STYLE.md): tests/tidy/tidy.py [ROOT] [--rules].

Prints one line a finding, `path:line: rule: message (replacement)`, then a summary.
Exit 1 on findings.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import allowances
import arrows
import calls
import dead
import limits
import shape
import words
from source import Finding, Tree

RULES = arrows.RULES | limits.RULES | calls.RULES | shape.RULES | dead.RULES | words.RULES
RATCHET = "ratchet"


def check(tree, allowed=allowances.ALLOWANCES):
    """Every finding that no allowance covers, and every allowance that covers none."""
    exempt = {(allowance.rule, allowance.path) for allowance in allowed}
    used, findings = set(), []
    for rule in RULES.values():
        for finding in rule(tree):
            if (finding.rule, finding.path) in exempt:
                used.add((finding.rule, finding.path))
            else:
                findings.append(finding)
    for rule, path in sorted(exempt - used):
        findings.append(Finding(path, 1, RATCHET, f"the allowance for {rule} is no longer needed "
                                "(remove it from tests/tidy/allowances.py)"))
    return sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule))


def main(arguments):
    if "--rules" in arguments:
        print("\n".join([*RULES, RATCHET]))
        return 0
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parents[2]
    tree = Tree(root.resolve())
    findings = check(tree)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(tree.files)} files, {len(RULES) + 1} rules, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
