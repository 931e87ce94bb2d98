#!/usr/bin/env python3
"""Links between documents lead somewhere, and every document can be reached from README.md."""
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from common import ROOT, files, finish, short  # noqa: E402

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def prose(path):
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path):
    """The anchors of a document's headings, as code hosts make them."""
    found = set()
    for heading in HEADING.findall(prose(path)):
        bare = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", bare).replace(" ", "-"))
    return found


def links_of(path):
    """(link, file it names or None, anchor) for every link that stays in the project."""
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        target, _, anchor = link.partition("#")
        base = ROOT if target.startswith("/") else path.parent
        yield link, (base / target.lstrip("/")).resolve() if target else path, anchor


def main():
    documents = files("*.md")
    problems, reached, waiting = [], set(), [ROOT / "README.md"]
    for path in documents:
        for link, target, anchor in links_of(path):
            if not target.exists():
                problems.append(f"{short(path)}: the link {link} leads nowhere")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                problems.append(f"{short(path)}: {link}: no such heading")
    while waiting:
        path = waiting.pop()
        if path in reached or not path.is_file() or path.suffix != ".md":
            continue
        reached.add(path)
        for _, target, _ in links_of(path):
            waiting += Path(target).glob("*.md") if target.is_dir() else [target]
    problems += [f"{short(path)}: no link leads here from README.md"
                 for path in documents if path not in reached]
    finish(problems, f"{len(documents)} documents")


main()
