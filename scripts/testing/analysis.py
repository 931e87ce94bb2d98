"""Static analysis of src/. clang-tidy remembers in build/checks/ what it has passed, by content."""
import hashlib
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .running import LOGS, ROOT, Outcome, run

CPPCHECK_SECONDS, TIDY_FILE_SECONDS = 900, 300
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
PASSED = ROOT / "build/checks/clang-tidy"


def cppcheck():
    if not shutil.which("cppcheck"):
        return Outcome.of_skip("cppcheck is missing")
    cache = ROOT / "build/checks/cppcheck"
    cache.mkdir(parents=True, exist_ok=True)
    done = run(["cppcheck", "--std=c++20", "--language=c++", "--enable=warning,performance",
                "--library=googletest", "--inline-suppr", "--suppressions-list=scripts/cppcheck_suppressions.txt",
                "--error-exitcode=1", "--quiet", f"-j{os.cpu_count()}", "-Isrc",
                '-DTOLLGATE_VERSION="0"', f"--cppcheck-build-dir={cache}", "src"],
               "cppcheck", CPPCHECK_SECONDS)
    return Outcome(passed=1) if done.ok else Outcome.of_failure(done.tail())


def closure(path, seen):
    """A source and every header of ours that it includes."""
    if path not in seen and path.is_file():
        seen.add(path)
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            closure(ROOT / "src" / name, seen)
    return seen


def key_of(path, checks):
    found = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + checks.encode())
    for part in sorted(closure(path, set())):
        found.update(str(part.relative_to(ROOT)).encode() + part.read_bytes())
    return PASSED / found.hexdigest()


def tidy_file(tool, path, checks):
    """What clang-tidy says of one file, "" for nothing."""
    key = key_of(path, checks)
    if key.exists():
        return ""
    try:
        done = subprocess.run([tool, "--quiet", "--warnings-as-errors=*", f"--checks={checks}",
                               "-p", ROOT / "build/release", path], capture_output=True, text=True,
                              timeout=TIDY_FILE_SECONDS)
    except subprocess.TimeoutExpired:
        return f"{path}: clang-tidy took more than {TIDY_FILE_SECONDS} s"
    if done.returncode == 0:
        key.touch()
        return ""
    return done.stdout + "".join(line for line in done.stderr.splitlines(keepends=True)
                                 if "error:" in line)


def clang_tidy(analyzer=False):
    """The analyzer follows paths through functions and takes two thirds of the time."""
    checks = "" if analyzer else "-clang-analyzer-*"
    tool = shutil.which("clang-tidy-19")
    if not tool:
        return Outcome.of_skip("clang-tidy-19 is missing")
    if not (ROOT / "build/release/compile_commands.json").exists():
        return Outcome.of_failure("build/release is not configured")
    PASSED.mkdir(parents=True, exist_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    sources = sorted(path for path in (ROOT / "src").rglob("*.cpp")
                     if not path.stem.endswith("_test"))
    # The largest first, so that the last ones running are short.
    sources.sort(key=lambda path: -path.stat().st_size)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda path: tidy_file(tool, path, checks), sources)
        said = [text for text in answers if text]
    (LOGS / "clang-tidy.log").write_text("\n".join(said), encoding="utf-8")
    if not said:
        return Outcome(passed=1, text=f"{len(sources)} files")
    findings = sorted({line.replace(f"{ROOT}/", "") for text in said for line in text.splitlines()
                       if re.search(r": (error|warning): ", line)})
    return Outcome.of_failure("\n".join(findings[:60]) +
                              f"\n{len(findings)} findings, see build/test/clang-tidy.log")
