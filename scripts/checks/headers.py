#!/usr/bin/env python3
"""Every header of src/ compiles by itself. What passed is remembered in build/checks/ by content."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from common import ROOT, files, finish, short  # noqa: E402

COMPILER = shutil.which("clang++-19") or shutil.which("clang++") or "clang++-19"
FLAGS = ["-std=c++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra",
         "-Wno-pragma-once-outside-header", "-Wno-unused-const-variable",
         '-DTOLLGATE_VERSION="0"', '-DTOLLGATE_SOURCE_DIR=""', f"-I{ROOT}/src"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
PASSED = ROOT / "build/checks/headers"


def library_flags():
    """Where the headers of libraries are that have a folder of their own."""
    said = subprocess.run(["pkg-config", "--cflags", "libpq"], capture_output=True, text=True)
    return said.stdout.split()


def closure(path, seen):
    """The header and every header of ours that it includes."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        closure(ROOT / "src" / name, seen)
    return seen


def digest(path):
    found = hashlib.sha256(" ".join([COMPILER, *FLAGS[:-1]]).encode())
    for part in sorted(closure(path, set())):
        found.update(short(part).encode() + part.read_bytes())
    return found.hexdigest()


def check(path):
    key = PASSED / digest(path)
    if key.exists():
        return None
    done = subprocess.run([COMPILER, *FLAGS, *LIBRARIES, str(path)], capture_output=True, text=True)
    if done.returncode == 0 and not done.stderr:
        key.touch()
        return None
    first = (done.stderr.strip().splitlines() or ["compiler failed"])[0]
    return f"{short(path)} does not compile by itself: {first}"


LIBRARIES = library_flags()


def main():
    PASSED.mkdir(parents=True, exist_ok=True)
    headers = files("src/*.hpp")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [problem for problem in pool.map(check, headers) if problem]
    finish(problems, f"{len(headers)} headers")


main()
