"""How parts of ./test run programs and say what came out."""
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build/test"
LINES_SHOWN = 60

# Every finding of a sanitizer ends the program, with names in its stack.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
SYMBOLIZER = shutil.which("llvm-symbolizer-19") or shutil.which("llvm-symbolizer")


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    text: str = ""  # for people: why, or what was looked at

    @staticmethod
    def of_failure(text):
        return Outcome(failed=1, text=text)

    @staticmethod
    def of_skip(text):
        return Outcome(skipped=1, text=f"skipped: {text}")

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.text = "\n".join(text for text in (self.text, other.text) if text)


@dataclass
class Finished:
    status: int
    output: str
    timed_out: bool = False

    @property
    def ok(self):
        return self.status == 0 and not self.timed_out

    def tail(self):
        """The end of the output, for a failure's report."""
        lines = self.output.rstrip().splitlines()
        left_out = len(lines) - LINES_SHOWN
        head = [f"... {left_out} lines before, see {LOGS.relative_to(ROOT)}/"] if left_out > 0 else []
        why = ["stopped: it took too long"] if self.timed_out else []
        return "\n".join(head + lines[-LINES_SHOWN:] + why)


def run(command, log, seconds, environment=None, folder=ROOT):
    """Runs a command in a process group of its own, its output in build/test/LOG.log; after
    `seconds` the whole group is ended."""
    LOGS.mkdir(parents=True, exist_ok=True)
    variables = {**os.environ, **SANITIZERS, **(environment or {})}
    if SYMBOLIZER:
        variables.setdefault("ASAN_SYMBOLIZER_PATH", SYMBOLIZER)
        variables["TSAN_OPTIONS"] += f":external_symbolizer_path={SYMBOLIZER}"
    path = LOGS / f"{log}.log"
    with open(path, "w", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen([str(word) for word in command], cwd=folder, env=variables,
                                   stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        timed_out = False
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    text = path.read_text(encoding="utf-8", errors="replace")
    return Finished(process.returncode, text, timed_out)


def binary(preset):
    return ROOT / "build" / preset / "tollgate"
