"""Builds a preset whole: library, binary, tests, tools."""
import shutil

from .running import ROOT, Outcome, run

BUILD_SECONDS = 1800
# The sanitizer build carries the fuzz targets too, so that their corpora are replayed without
# compiling everything a third time.
EXTRA = {"asan": ["-DTOLLGATE_FUZZ=ON"]}


def build(preset):
    for tool in ("cmake", "ninja", "clang++-19"):
        if not shutil.which(tool):
            return Outcome.of_skip(f"{tool} is missing")
    extra = EXTRA.get(preset, []) if (ROOT / "fuzz/CMakeLists.txt").exists() else []
    configured = run(["cmake", "--preset", preset, *extra], f"configure-{preset}", 300)
    if not configured.ok:
        return Outcome.of_failure(configured.tail())
    built = run(["ninja", "-C", ROOT / "build" / preset, "-k", "20"], f"build-{preset}",
                BUILD_SECONDS)
    if not built.ok:
        return Outcome.of_failure(built.tail())
    warnings = built.output.count(" warning: ")
    if warnings:
        return Outcome.of_failure(f"{warnings} warnings, see build/test/build-{preset}.log")
    return Outcome(passed=1)
