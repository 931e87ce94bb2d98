"""The rules of the house: each check is a script of its own that prints problems or what it saw."""
import sys

from .running import ROOT, Outcome, binary, run

CHECK_SECONDS = 300
CHECKS = ROOT / "scripts/checks"


def outcome_of(command, label):
    done = run(command, f"house-{label}", CHECK_SECONDS)
    return Outcome(passed=1) if done.ok else Outcome.of_failure(done.tail())


def script(name, *arguments):
    return outcome_of([sys.executable, CHECKS / f"{name}.py", *arguments], name)


def layers():
    return outcome_of([sys.executable, ROOT / "scripts/check_layers.py", "src"], "layers")


def catalog():
    """Without a network the price tables cannot be had: then what was not checked is named."""
    done = run([sys.executable, CHECKS / "catalog.py"], "house-catalog", CHECK_SECONDS)
    if not done.ok:
        return Outcome.of_failure(done.tail())
    left_out = [line for line in done.output.splitlines() if line.startswith("not checked")]
    return Outcome(passed=1, text="\n".join(left_out))


def before_building():
    """(name, work) of the checks that need no binary."""
    yield "layers", layers
    yield "catalog", catalog
    for name in ("sizes", "text", "references", "docs", "compatibility", "openapi", "shell",
                 "headers"):
        yield name, lambda name=name: script(name)


def with_binary(name):
    if not binary("release").exists():
        return Outcome.of_failure("build/release/tollgate was not built")
    return script(name, str(binary("release")))


def command_line():
    return with_binary("command_line")


def metrics():
    return with_binary("metrics")
