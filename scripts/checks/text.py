#!/usr/bin/env python3
"""No unfinished-work markers, no paths of somebody's machine, no live keys, tidy text files."""
import re
import sys

sys.dont_write_bytecode = True
from common import files, finish, short, text_of  # noqa: E402

# Put together from halves so that this file does not find itself.
MARKERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATHS = re.compile(r"(?<![\w./])/(?:wo" r"rk/(?:main|shared)|ro" r"ot/|ho" r"me/[a-z]|Us"
                           r"ers/[A-Za-z])")
LIVE_KEYS = re.compile(r"sk-ant-(?:api|oat)\d\d-[\w-]{80,}|sk-(?:proj-)?[A-Za-z0-9]{48,}"
                       r"|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
ALLOWED = {"LICENSE", "tests/integration/package-lock.json"}


def check(path):
    name, text = short(path), text_of(path)
    if text is None or name in ALLOWED or name.startswith("fuzz/corpus/"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in (("a marker of unfinished work", MARKERS),
                              ("a path of one machine", MACHINE_PATHS),
                              ("what looks like a live key", LIVE_KEYS)):
            found = pattern.search(line)
            if found:
                yield f"{name}:{number}: {what}: {found[0][:24]}"
    if name.startswith("tests/golden/"):
        return
    if "\r\n" in text:
        yield f"{name}: lines end in CR LF"
    if text and not text.endswith("\n"):
        yield f"{name}: no line break at its end"
    if re.search(r"[ \t]+$", text, re.MULTILINE) and path.suffix != ".md" and not (
            path.stem.endswith("_test")):
        yield f"{name}: blanks at the end of a line"
    if text.startswith("#!") and not path.stat().st_mode & 0o100:
        yield f"{name}: begins with #! and is not executable"


def main():
    listed = files()
    problems = [problem for path in listed for problem in check(path)]
    finish(problems, f"{len(listed)} files")


main()
