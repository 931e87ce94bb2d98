"""The compatibility matrix: every client protocol x every provider protocol x every scenario."""
import re

from . import running
from .integration import RUNNER, TOTALS
from .running import ROOT, Outcome, binary

DOCUMENT = ROOT / "docs/compatibility.md"
SECONDS = 900
TABLES = re.compile(r"^## .*?(?=^matrix: )", re.M | re.S)


def run():
    """Runs the matrix against the release build and writes its tables into docs/compatibility.md."""
    if not binary("release").exists():
        return Outcome.of_failure(f"{binary('release').relative_to(ROOT)} was not built")
    done = running.run([RUNNER, "matrix", "--write", DOCUMENT], "matrix", SECONDS,
                       environment={"TOLLGATE_BIN": str(binary("release"))})
    found = TOTALS.findall(done.output)
    if not found:
        return Outcome.of_failure(f"the runner printed no totals\n{done.tail()}")
    passed, failed, skipped = (int(count) for count in found[-1])
    outcome = Outcome(passed, failed, skipped)
    if not done.ok and not skipped:
        outcome.failed = max(failed, 1)
    failures = re.findall(r"^FAILED {3}.*$", done.output, re.M)
    tables = TABLES.findall(done.output)
    outcome.text = "\n".join([*tables, *failures]) if tables else done.tail()
    if outcome.failed:
        outcome.text += "\nwhy: build/test/matrix.log"
    return outcome
