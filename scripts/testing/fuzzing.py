"""Fuzz targets: their corpora replayed, and a minute of search each."""
import os
from concurrent.futures import ThreadPoolExecutor

from .running import ROOT, Outcome, run

REPLAY_SECONDS, SEARCH_SECONDS = 120, 60
# builds.EXTRA adds the fuzz targets to the sanitizer build, whose code does not tell the fuzzer where
# it has been: enough to replay. A search wants the build that does.
REPLAY, SEARCH = "asan", "fuzz"


def programs(preset):
    """(program, folder of its corpus) for every fuzz/NAME.cpp that was built."""
    for source in sorted((ROOT / "fuzz").glob("*.cpp")):
        for folder in (ROOT / "build" / preset, ROOT / "build" / preset / "fuzz"):
            program = folder / source.stem
            if program.is_file() and os.access(program, os.X_OK):
                bare = source.stem.removeprefix("fuzz_").removesuffix("_fuzz")
                corpora = [ROOT / "fuzz/corpus" / name for name in (source.stem, bare)]
                yield program, next((path for path in corpora if path.is_dir()), None)


def missing(preset):
    if not (ROOT / "fuzz/CMakeLists.txt").exists():
        return "there are no fuzz targets in fuzz/"
    return f"the fuzz targets are not built in build/{preset}"


def replay_one(program, corpus):
    if corpus is None or not any(corpus.iterdir()):
        return Outcome.of_failure(f"{program.name} has no corpus in fuzz/corpus/")
    inputs = sorted(path for path in corpus.iterdir() if path.is_file())
    done = run([program, "-runs=0", corpus], f"replay-{program.name}", REPLAY_SECONDS)
    if not done.ok:
        return Outcome.of_failure(f"{program.name}:\n{done.tail()}")
    return Outcome(passed=1, text=f"{program.name}: {len(inputs)} inputs")


def explore_one(program, corpus):
    """What the search finds goes to build/, never into the project's corpus."""
    found = ROOT / "build/test/fuzz" / program.name
    found.mkdir(parents=True, exist_ok=True)
    done = run([program, f"-max_total_time={SEARCH_SECONDS}", "-rss_limit_mb=2048",
                "-timeout=10", f"-artifact_prefix={found}/crash-", found,
                *([corpus] if corpus else [])],
               f"search-{program.name}", SEARCH_SECONDS * 3)
    if not done.ok:
        return Outcome.of_failure(f"{program.name}:\n{done.tail()}")
    return Outcome(passed=1)


def over_all(preset, work):
    targets = list(programs(preset))
    if not targets:
        return Outcome.of_skip(missing(preset))
    total = Outcome()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda target: work(*target), targets):
            total.add(outcome)
    return total


def replay():
    return over_all(REPLAY, replay_one)


def explore():
    return over_all(SEARCH, explore_one)
