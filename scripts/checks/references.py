#!/usr/bin/env python3
"""No file that nothing refers to: headers are included, documents linked, data and scripts named."""
import re
import sys
from pathlib import PurePosixPath

sys.dont_write_bytecode = True
from common import files, finish, short, text_of  # noqa: E402

# Found by their place or name: by people, by git and editors, or by a pattern in a runner.
FOUND_BY_PLACE = re.compile(
    r"(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|CMakeLists\.txt|CMakePresets\.json"
    r"|\.(clang-format|clang-tidy|editorconfig|gitignore|gitattributes|env\.example)"
    r"|\.ci/run|run|test|(.*/)?README\.md|(.*/)?CMakeLists\.txt|bench/run"
    r"|tests/integration/(run|package\.json|package-lock\.json|.*\.test\.mjs)"
    r"|tests/integration/matrix/shapes/.*"
    r"|src/store/migrations/\d{4}_\w+\.(sqlite|postgres)\.sql"
    r"|tests/golden/.*\.txt|fuzz/corpus/.*|fuzz/fuzz_\w+\.cpp|docs/adr/\d{4}-.*\.md|(.*/)?__init__\.py")
INCLUDE = re.compile(r'#\s*include\s*"([^"]+)"')


def included_elsewhere(texts):
    """Headers by the files that include them, other than the .cpp of the same name."""
    found = {}
    for name, text in texts.items():
        for target in INCLUDE.findall(text):
            found.setdefault("src/" + target, set()).add(name)
            found.setdefault(str(PurePosixPath(name).parent / target), set()).add(name)
            found.setdefault("bench/" + target, set()).add(name)
            found.setdefault("fuzz/" + target, set()).add(name)
    return found


def folders_of_src(texts):
    return set(re.findall(r"tollgate_folder\((\w+)", texts.get("CMakeLists.txt", "")))


def main():
    listed = files()
    texts = {short(path): text_of(path) or "" for path in listed}
    includes = included_elsewhere(texts)
    folders = folders_of_src(texts)
    problems = []
    for name in texts:
        if FOUND_BY_PLACE.fullmatch(name):
            continue
        path = PurePosixPath(name)
        if path.suffix == ".hpp":
            built = "CMakeLists.txt" in texts and any(
                name in text for other, text in texts.items() if other.startswith("cmake/"))
            if not built and not includes.get(name, set()) - {name}:
                problems.append(f"{name}: no file includes it")
        elif path.suffix == ".cpp" and path.parts[0] == "src":
            if path.parts[1] not in folders:
                problems.append(f"{name}: CMakeLists.txt has no tollgate_folder({path.parts[1]})")
        else:
            word = path.stem if path.suffix == ".py" else path.name
            pattern = re.compile(r"(?<![\w-])" + re.escape(word) + r"(?![\w-])")
            if not any(pattern.search(text) for other, text in texts.items() if other != name):
                problems.append(f"{name}: nothing refers to it")
    finish(problems, f"{len(texts)} files")


main()
