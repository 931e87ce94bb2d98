"""Integration tests: real clients and a provider that nobody here wrote, against a build."""
import re

from . import running
from .running import ROOT, Outcome, binary

RUNNER = ROOT / "tests/integration/run"
FAULTS = ["faults.test.mjs", "claude_code_faults.test.mjs"]
SECONDS = 1500
TOTALS = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed, (\d+)(?: parts)? skipped$", re.M)


def once(preset, files):
    label = f"integration-{preset}{'-faults' if files else ''}"
    done = running.run([RUNNER, *files], label, SECONDS,
                       environment={"TOLLGATE_BIN": str(binary(preset))})
    found = TOTALS.findall(done.output)
    if not found:
        return Outcome.of_failure(f"the runner printed no totals\n{done.tail()}")
    passed, failed, skipped = (int(count) for count in found[-1])
    outcome = Outcome(passed, failed, skipped)
    if skipped:
        outcome.text = "\n".join(re.findall(r"^.*skipped[: ] .*$", done.output, re.M))
    if failed or not (done.ok or skipped):
        outcome.failed = max(failed, 1)
        titles = re.findall(r"^FAILED {3}.*$", done.output, re.M)
        outcome.text = "\n".join(titles + [f"why: build/test/{label}.log"]) if titles else done.tail()
    return outcome


def run(preset, files, times=1):
    """`files`: test files of tests/integration, none for all."""
    if not RUNNER.exists():
        return Outcome.of_skip("there is no tests/integration/run")
    if not binary(preset).exists():
        return Outcome.of_failure(f"{binary(preset).relative_to(ROOT)} was not built")
    there = [name for name in files if (RUNNER.parent / name).exists()]
    if files and not there:
        return Outcome.of_skip(f"there is none of {', '.join(files)}")
    total = Outcome()
    for _ in range(times):
        total.add(once(preset, there))
    return total
