#!/usr/bin/env python3
"""Runs the parts of ./test, prints a verdict for each, and the totals as the last line."""
import argparse
import os
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from testing import analysis, builds, fuzzing, house, integration, matrix, soak, units  # noqa: E402
from testing.running import Outcome  # noqa: E402

QUICK, USUAL, LONG = "quick", "usual", "long"
MATRIX = ("build release", "compatibility matrix")

# In the order of running: name, the shortest kind of run that has it, what it does.
PARTS = [
    *[(f"house {name}", QUICK, check) for name, check in house.before_building()],
    ("build release", QUICK, lambda: builds.build("release")),
    ("house command line", QUICK, house.command_line),
    ("house metrics", QUICK, house.metrics),
    ("unit and golden, release", QUICK, lambda: units.run("release")),
    ("build asan", USUAL, lambda: builds.build("asan")),
    ("unit and golden, asan", USUAL, lambda: units.run("asan")),
    ("fuzz corpora, asan", USUAL, fuzzing.replay),
    ("integration, release", USUAL, lambda: integration.run("release", [])),
    ("integration faults, asan", USUAL, lambda: integration.run("asan", integration.FAULTS)),
    ("cppcheck", USUAL, analysis.cppcheck),
    ("clang-tidy", USUAL, analysis.clang_tidy),
    ("clang-tidy with the analyzer", LONG, lambda: analysis.clang_tidy(analyzer=True)),
    ("build tsan", LONG, lambda: builds.build("tsan")),
    ("unit and golden, tsan", LONG, lambda: units.run("tsan")),
    ("integration, tsan", LONG, lambda: integration.run("tsan", [])),
    ("integration, asan", LONG, lambda: integration.run("asan", [])),
    ("integration faults ten times, release", LONG,
     lambda: integration.run("release", integration.FAULTS, times=10)),
    ("build fuzz", LONG, lambda: builds.build("fuzz")),
    ("fuzz a minute each", LONG, fuzzing.explore),
    ("compatibility matrix", LONG, matrix.run),
    ("soak", LONG, soak.run),
]


def chosen(options):
    if options.only:
        return [part for part in PARTS if part[0] in options.only]
    if options.matrix:
        return [part for part in PARTS if part[0] in MATRIX]
    kinds = {QUICK} if options.quick else {QUICK, USUAL, LONG} if options.long else {QUICK, USUAL}
    return [part for part in PARTS if part[1] in kinds]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./test", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--matrix", action="store_true",
                        help="every client protocol x every provider protocol, as a table")
    parser.add_argument("--only", action="append", metavar="PART", default=[])
    parser.add_argument("--list", action="store_true", help="name the parts")
    options = parser.parse_args()
    unknown = set(options.only) - {part[0] for part in PARTS}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))} (./test --list names them)")
    return options


def run_part(name, work):
    began = time.monotonic()
    print(f"---- {name}", flush=True)
    try:
        outcome = work()
    except Exception as problem:  # a broken part is a failed one, the others still run
        outcome = Outcome.of_failure(f"{type(problem).__name__}: {problem}")
    counts = [f"{count} {word}" for count, word in (
        (outcome.passed, "passed"), (outcome.failed, "FAILED"), (outcome.skipped, "skipped"))
        if count]
    verdict = "FAILED" if outcome.failed else "skipped" if not outcome.passed else "ok"
    if outcome.text:
        print(outcome.text.rstrip(), flush=True)
    print(f"{verdict:<8}{name}: {', '.join(counts) or 'nothing ran'} "
          f"({time.monotonic() - began:.0f} s)", flush=True)
    return outcome


def main():
    options = parse_arguments()
    if options.list:
        for name, kind, _ in PARTS:
            print(f"{name:<40}{kind}")
        return 0
    began = time.monotonic()
    outcomes = [(name, run_part(name, work)) for name, _, work in chosen(options)]
    in_ci = os.environ.get("CI") == "true"
    passed = sum(outcome.passed for _, outcome in outcomes)
    failed = sum(outcome.failed for _, outcome in outcomes)
    skipped = sum(outcome.skipped for _, outcome in outcomes)
    print("----")
    for name, outcome in outcomes:
        if outcome.failed:
            print(f"FAILED  {name}")
        if outcome.skipped:
            print(f"skipped {name}{': a failure in CI' if in_ci else ''}")
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed or (in_ci and skipped) else 0


sys.exit(main())
