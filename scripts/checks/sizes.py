#!/usr/bin/env python3
"""Files at most 500 lines, functions at most 70, lines at most 100 characters."""
import re
import sys

sys.dont_write_bytecode = True
from common import files, finish, short, text_of  # noqa: E402

LINES_MAX, FUNCTION_LINES_MAX, COLUMNS_MAX = 500, 70, 100
SOURCES = ("src", "ui", "fuzz", "bench", "tests/integration")
ENDINGS = (".cpp", ".hpp", ".py", ".mjs", ".js", ".css", ".html", ".cmake")
QUIET = re.compile(r'R"([^(\s]*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)
SCOPE = re.compile(r"^(?:\[\[.*?\]\]\s*|template\s*<.*>\s*|inline\s+|export\s+|typedef\s+|friend\s+)*"
                   r"(namespace|class|struct|union|enum|extern)\b", re.DOTALL)


RAW_TEXT = re.compile(r'R"([^(\s]*)\(.*?\)\1"', re.DOTALL)


def blank(match):
    """Text and comments become spaces; line breaks stay where they are."""
    return re.sub(r"[^\n]", " ", match[0])


def functions(text):
    """(first line, last line, head) of each function body of C++ text, lambdas not apart."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, QUIET.sub(blank, text), flags=re.M)
    head_start, line, open_blocks = 0, 1, []
    for at, letter in enumerate(code):
        if letter == "\n":
            line += 1
        elif letter == "{":
            head = code[head_start:at]
            inside = any(kind == "function" for kind, _, _ in open_blocks)
            bare = head.strip()
            first = line - head[len(head) - len(head.lstrip()):].count("\n")
            if SCOPE.match(bare) and "(" not in bare.split("{")[0].split(":")[0]:
                kind = "scope"
            elif "(" in bare and not inside:
                kind = "function"
            else:
                kind = "block"
            open_blocks.append((kind, first, " ".join(bare.split())))
            head_start = at + 1
        elif letter == "}":
            if open_blocks:
                kind, first, head = open_blocks.pop()
                if kind == "function":
                    yield first, line, head
            head_start = at + 1
        elif letter == ";":
            head_start = at + 1


def wire_text_lines(path, text):
    """Lines of tests that hold a raw string: what goes over the wire cannot be folded."""
    found = set()
    if path.stem.endswith("_test"):
        for match in RAW_TEXT.finditer(text):
            first = text.count("\n", 0, match.start()) + 1
            found.update(range(first, first + match[0].count("\n") + 1))
    return found


def check(path):
    text = text_of(path)
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        yield f"{short(path)}: {len(lines)} lines, at most {LINES_MAX}"
    wire = wire_text_lines(path, text)
    for number, line in enumerate(lines, 1):
        if number in wire:
            continue
        if len(line) > COLUMNS_MAX:
            yield f"{short(path)}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"
    if path.suffix in (".cpp", ".hpp"):
        for first, last, head in functions(text):
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield (f"{short(path)}:{first}: a function of {last - first + 1} lines, at most "
                       f"{FUNCTION_LINES_MAX}: {head[:60]}")


def main():
    sources = [path for path in files(*SOURCES) if path.suffix in ENDINGS]
    problems = [problem for path in sources for problem in check(path)]
    finish(problems, f"{len(sources)} files")


main()
