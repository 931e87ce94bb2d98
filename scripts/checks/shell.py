#!/usr/bin/env python3
"""Shell scripts parse, stop at the first error, and begin by saying what they are for."""
import subprocess
import sys

sys.dont_write_bytecode = True
from common import files, finish, short, text_of  # noqa: E402


def check(path, text):
    parsed = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
    if parsed.returncode != 0:
        yield f"{short(path)}: {parsed.stderr.strip()}"
    if "set -euo pipefail" not in text:
        yield f"{short(path)}: lacks set -euo pipefail"
    if not text.splitlines()[1].startswith("# "):
        yield f"{short(path)}: its second line does not say what it is for"


def main():
    scripts = [(path, text) for path, text in ((path, text_of(path) or "") for path in files())
               if text.startswith(("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh"))]
    problems = [problem for path, text in scripts for problem in check(path, text)]
    finish(problems, f"{len(scripts)} scripts")


main()
