"""Unit and golden tests: every *_test program of a build."""
import os
import re
from concurrent.futures import ThreadPoolExecutor

from . import running
from .running import ROOT, Outcome

PROGRAM_SECONDS = 900


def count(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return int(found[1]) if found else 0


def run_program(preset, program):
    done = running.run([program, "--gtest_color=no", "--gtest_brief=1"], f"{preset}-{program.name}",
                       PROGRAM_SECONDS)
    outcome = Outcome(passed=count(r"^\[  PASSED  \] (\d+) test", done.output),
                      failed=count(r"^\s*(\d+) FAILED TEST", done.output),
                      skipped=count(r"^\[  SKIPPED \] (\d+) test", done.output))
    if outcome.skipped:
        outcome.text = "\n".join(f"{program.name}: {where}: {why}" for where, why in
                                 re.findall(r"^(\S+): Skipped\n(.*)$", done.output, re.M))
    if not done.ok:
        outcome.failed = max(outcome.failed, 1)
        outcome.text = f"{program.name}:\n{done.tail()}"
    elif outcome.passed + outcome.skipped == 0:
        outcome.add(Outcome.of_failure(f"{program.name} ran no test"))
    return outcome


def run_all(preset, programs):
    total = Outcome()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda program: run_program(preset, program), programs):
            total.add(outcome)
    return total


def expected_programs():
    """One program per folder of src/ that has tests."""
    return sorted({path.relative_to(ROOT / "src").parts[0]
                   for path in (ROOT / "src").rglob("*_test.cpp")})


def run(preset):
    folder = ROOT / "build" / preset
    programs = [folder / f"{name}_test" for name in expected_programs()]
    there = [program for program in programs if program.exists()]
    total = run_all(preset, there)
    for program in programs:
        if program not in there:
            total.add(Outcome.of_failure(f"{program.relative_to(ROOT)} was not built"))
    return total
