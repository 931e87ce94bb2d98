#!/usr/bin/env python3
"""docs/reference/cli.md names every command and option that the binary's help names, and no other;
the configuration's schema holds every key that docs/reference/configuration.md names.
usage: command_line.py BINARY"""
import json
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from common import ROOT, finish  # noqa: E402

COMMANDS = ROOT / "docs/reference/cli.md"
CONFIGURATION = ROOT / "docs/reference/configuration.md"
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")


def help_of(binary, verbs):
    done = subprocess.run([binary, *verbs, "--help"], capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        return None
    return done.stdout


def subcommands(text):
    """The names under a help page's heading of subcommands."""
    section = re.search(r"^(?:Sub)?[Cc]ommands:\n((?:[ \t]+.*\n?|\n)*)", text, re.MULTILINE)
    return re.findall(r"^ {2}([a-z][a-z-]*)(?: |$)", section[1], re.MULTILINE) if section else []


def options_of(text):
    """The options that a help page offers: the first words of its lines."""
    found = set()
    for line in text.splitlines():
        head = re.match(r"\s+(-{1,2}[a-zA-Z][\w-]*(?:,\s?-{1,2}[\w-]+)*)", line)
        if head:
            found.update(OPTION.findall(head[1]))
    return found - {"--help"}


def walk(binary, verbs):
    """(verbs, options) of a command and all below it."""
    text = help_of(binary, verbs)
    if text is None:
        yield verbs, None
        return
    below = subcommands(text)
    yield verbs, options_of(text)
    for name in below:
        yield from walk(binary, verbs + [name])


def sections(text):
    """The reference's text by the command in each heading (`tollgate VERB ...`)."""
    parts = re.split(r"^#{2,3} `tollgate ?([a-z -]*)`.*$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def command_problems(binary):
    told = sections(COMMANDS.read_text(encoding="utf-8"))
    seen = set()
    for verbs, options in walk(binary, []):
        name = " ".join(verbs)
        if options is None:
            yield f"tollgate {name} --help fails"
            continue
        seen.add(name)
        if name not in told:
            if verbs:
                yield f"docs/reference/cli.md has no section for tollgate {name}"
            continue
        named = set(OPTION.findall(told[name])) - {"--help"}
        for option in sorted(options - named):
            yield f"docs/reference/cli.md does not name {option} of tollgate {name}"
        for option in sorted(named - options):
            yield f"docs/reference/cli.md names {option}, which tollgate {name} does not have"
    for name in sorted(set(told) - seen):
        yield f"docs/reference/cli.md describes tollgate {name}, which does not exist"


def schema_keys(node, prefix, found):
    for key, below in (node.get("properties") or {}).items():
        path = f"{prefix}.{key}" if prefix else key
        found.add(path)
        schema_keys(below, path, found)
        schema_keys(below.get("items") or {}, path + "[]", found)


def schema_problems(binary):
    done = subprocess.run([binary, "config", "schema"], capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        yield f"tollgate config schema fails: {done.stderr.strip()}"
        return
    keys = set()
    schema_keys(json.loads(done.stdout), "", keys)
    text = CONFIGURATION.read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text))
    for key in sorted(keys):
        if key.split(".")[-1].removesuffix("[]") not in words:
            yield f"docs/reference/configuration.md does not name {key}"


def main():
    binary = sys.argv[1]
    problems = list(command_problems(binary)) + list(schema_problems(binary))
    finish(problems, "the references agree with the binary")


main()
