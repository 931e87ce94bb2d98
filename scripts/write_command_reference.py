#!/usr/bin/env python3
"""Writes the part of docs/reference/cli.md between its two marks anew, from the binary's help pages:
the verbs of administration, which are a table in the program too.
usage: write_command_reference.py BINARY"""
import re
import subprocess
import sys
import textwrap
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / "docs/reference/cli.md"
BEGIN = "<!-- from the help pages: scripts/write_command_reference.py -->"
END = "<!-- end of the help pages -->"
WRITTEN_BY_HAND = {"serve", "init", "config", "doctor", "version"}
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")
WIDTH = 110


def help_of(binary, words):
    return subprocess.run([binary, *words, "--help"], capture_output=True, text=True, check=True,
                          timeout=20).stdout


def block(text, heading):
    """The lines of a help page below `Heading:`; wrapped ones are joined."""
    found = re.search(rf"^{heading}:\n((?: .*\n)+)", text, re.MULTILINE)
    rows = []
    for line in found[1].splitlines() if found else []:
        if re.match(r" {2}\S", line):
            rows.append(re.split(r" {2,}", line.strip(), maxsplit=1))
        else:
            rows[-1] = [rows[-1][0], line.strip()]
    return [(row + [""])[:2] for row in rows]


def name_of(option):
    option = re.sub(r" (Excludes|Needs): \S+| REQUIRED|\{false\}", "", option)
    return option.replace(",--", "`, `--").replace("-y`", "-y`")


def examples(text, options):
    found = re.search(r"^Examples:\n((?: .*\n)+)", text, re.MULTILINE)
    lines = [line.strip() for line in found[1].splitlines()] if found else []
    return [line for line in lines if set(OPTION.findall(line)) <= options]


def bullet(option, told):
    told = told[0].lower() + told[1:] if re.match(r"[A-Z][a-z ]", told) else told
    return textwrap.fill(f"- `{name_of(option)}`: {told}.", WIDTH, subsequent_indent="  ",
                         break_long_words=False, break_on_hyphens=False)


def section(binary, words):
    text = help_of(binary, words)
    below = [name for name, _ in block(text, "Subcommands")]
    summary = re.search(r"\n\n(.+)\nUsage: ", text)[1]
    rows = [row for row in block(text, "Options") if not row[0].startswith("-h,")]
    options = {name for row in rows for name in OPTION.findall(row[0])}
    yield f"{'##' if len(words) == 1 else '###'} `tollgate {' '.join(words)}`"
    yield summary + "."
    if not below:
        lines = examples(text, options)
        if lines:
            yield "```\n" + "\n".join(lines) + "\n```"
        rows = [(name_of(name).replace(" TEXT", ""), told)
                for name, told in block(text, "Positionals")] + rows
        if rows:
            yield "\n".join(bullet(*row) for row in rows)
    for name in below:
        if words == ["keys"] and name == "snippet":
            continue  # written by hand
        yield from section(binary, words + [name])


def main():
    binary = sys.argv[1]
    verbs = [name for name, _ in block(help_of(binary, []), "Subcommands")]
    parts = [part for verb in verbs if verb not in WRITTEN_BY_HAND
             for part in section(binary, [verb])]
    text = REFERENCE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    REFERENCE.write_text(f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}",
                         encoding="utf-8")


main()
