"""Instructions per request under valgrind: the figure without noise, for comparing two commits."""
import os
import re
import shutil
import subprocess
import time

from . import measure
from .programs import Missing, Program

WARM_REQUESTS = 100


class UnderCallgrind:
    """Runs a program's own command again under callgrind, on its configuration."""

    def __init__(self, program, command, port, environment):
        if not shutil.which("valgrind"):
            raise Missing("valgrind is not installed: apt-get install valgrind")
        self.program, self.folder = program, program.folder
        self.runner = Program(f"{program.name} under callgrind", program.folder / "callgrind")
        self.base = self.runner.folder / "profile"
        self.runner.start("1", ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                                f"--callgrind-out-file={self.base}", *command], port, environment)
        time.sleep(1)

    def control(self, *arguments):
        subprocess.run(["callgrind_control", *arguments, str(self.runner.process.pid)],
                       check=True, capture_output=True, timeout=60)

    def count(self, load, scenario):
        """(instructions per unit, failure)"""
        target = Counted(self.program, self.runner)
        # Switched on once and left on: switching it off spoils callgrind's running sums.
        self.control("-i", "on")
        warm = measure.run_load(load, target, scenario, ["--requests", WARM_REQUESTS])
        if warm["failed"]:
            return 0.0, warm["first_failure"]
        for old in self.runner.folder.glob("profile*"):
            old.unlink()
        self.control("-z")
        found = measure.run_load(load, target, scenario,
                                 ["--requests", scenario.callgrind_requests])
        self.control("-d")
        units = found["events"] if scenario.counts == "events" else found["requests"]
        total = sum(int(match) for file in self.runner.folder.glob("profile*")
                    for match in re.findall(r"^(?:totals|summary): (\d+)",
                                            file.read_text(errors="replace"), re.M)[:1])
        if found["failed"] or not units:
            return 0.0, found.get("first_failure", "nothing was counted")
        return total / units, "" if total else "callgrind counted nothing in this process"

    def stop(self):
        self.runner.stop()


class Counted:
    """The same addresses and models, but no CPU accounting: valgrind's own time means nothing."""

    def __init__(self, program, runner):
        self.name, self._program, self._runner = program.name, program, runner
        self.key, self.rows = program.key, program.rows

    def target(self, scenario):
        return self._program.target(scenario)

    def model(self, scenario):
        return self._program.model(scenario)

    def pids(self):
        return []


def nginx_single_process(nginx):
    """nginx with its worker in the master, as callgrind_control reaches one process."""
    config = nginx.folder / "callgrind.conf"
    text = (nginx.folder / "nginx.conf").read_text()
    config.write_text("master_process off;\n" + text)
    return ["nginx", "-e", str(nginx.folder / "error.log"), "-c", str(config)]


def run(load, programs, scenarios):
    """{scenario: {program: (instructions, failure)}}; each program is restarted for it."""
    results = {}
    for program in programs:
        if program.name not in ("nginx", "tollgate"):
            continue
        program.stop()
        if program.name == "nginx":
            command, port, environment = nginx_single_process(program), program.ports["plain"], {}
        else:
            command, port = program.command(), program.port
            environment = program.environment
        under = UnderCallgrind(program, command, port, {**os.environ, **environment})
        try:
            for scenario in scenarios:
                if scenario.callgrind_requests:
                    results.setdefault(scenario.name, {})[program.name] = under.count(
                        load, scenario)
        finally:
            under.stop()
    return results
