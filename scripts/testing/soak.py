"""Half an hour of mixed load with reloads in between: nothing fails and memory stays flat."""
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from .running import ROOT, Outcome, binary

MINUTES = 30
WINDOW_SECONDS = 8
SETTLING_ROUNDS = 3           # until pools and caches have their size
GROWTH_MAX, SLACK_KIB = 1.10, 4096
MIX = ("small", "small_openai", "large", "translated", "events_fast", "events_translated_fast",
       "tls_small")


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def rounds(load, gateway, mix, measure):
    """The resident memory after each round of the mix. Raises on the first failed request."""
    sizes, until = [], time.monotonic() + MINUTES * 60
    while time.monotonic() < until:
        for scenario in mix:
            found = measure.run_load(load, gateway, scenario, ["--seconds", WINDOW_SECONDS])
            if found["failed"]:
                where = f"{scenario.name}, round {len(sizes) + 1}"
                raise RuntimeError(f"{where}: {found['first_failure']}")
        os.kill(gateway.process.pid, signal.SIGHUP)
        sizes.append(resident_kib(gateway.process.pid))
    return sizes


def run():
    tools = [ROOT / "build/release/bench" / name for name in ("bench_load", "bench_stub")]
    if not binary("release").exists() or not all(tool.exists() for tool in tools):
        return Outcome.of_failure("build/release has no gateway or no bench tools")
    sys.path.insert(0, str(ROOT / "bench"))
    from harness import measure
    from harness.programs import Stub, Tollgate
    from harness.scenarios import SCENARIOS
    mix = [scenario for scenario in SCENARIOS if scenario.name in MIX]
    with tempfile.TemporaryDirectory(prefix="tollgate-soak-") as name:
        started = []
        try:
            stub = Stub(tools[1], Path(name) / "stub")
            started.append(stub)
            gateway = Tollgate(binary("release"), Path(name) / "tollgate", stub)
            started.append(gateway)
            sizes = rounds(tools[0], gateway, mix, measure)
        finally:
            for program in reversed(started):
                program.stop()
    settled, last = sizes[min(SETTLING_ROUNDS, len(sizes) - 1)], sizes[-1]
    text = f"{len(sizes)} rounds; {settled} KiB resident when settled, {last} KiB at the end"
    if last > settled * GROWTH_MAX + SLACK_KIB:
        return Outcome.of_failure(f"memory grows: {text}")
    return Outcome(passed=1, text=text)
