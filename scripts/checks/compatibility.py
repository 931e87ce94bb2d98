#!/usr/bin/env python3
"""docs/compatibility.md was written by the scenarios that are in the tree, and all its cells hold."""
import hashlib
import re
import sys

sys.dont_write_bytecode = True
from common import ROOT, finish  # noqa: E402

DOCUMENT = ROOT / "docs/compatibility.md"
MATRIX = ROOT / "tests/integration/matrix"
MARK = re.compile(r"^<!-- scenarios ([0-9a-f]{16}) -->$", re.M)


def digest():
    """As matrix/table.mjs makes it: names and contents of all files, in order of name."""
    whole = hashlib.sha256()
    names = {str(path.relative_to(MATRIX)): path for path in MATRIX.rglob("*") if path.is_file()}
    for name in sorted(names):
        whole.update(f"{name}\n".encode())
        whole.update(names[name].read_bytes())
    return whole.hexdigest()[:16]


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    problems = []
    found = MARK.search(text)
    if not found:
        problems.append("docs/compatibility.md: the line `<!-- scenarios ... -->` is missing; "
                        "./test --matrix writes it")
    elif found[1] != digest():
        problems.append("docs/compatibility.md: made by other scenarios than those in "
                        "tests/integration/matrix; run ./test --matrix")
    problems += [f"docs/compatibility.md:{number}: a cell that does not hold: {line[:60]}"
                 for number, line in enumerate(text.splitlines(), 1)
                 if line.startswith("| ") and "**FAILED**" in line]
    cells = sum(line.count("|") - 2 for line in text.splitlines() if line.startswith("| "))
    finish(problems, f"{cells} cells")


main()
