"""The text of data/models.yaml: its head, its sections, its rows; a row as a dict and back.

Only the plain form that the file is written in is understood: keys and flow collections, no
anchors, no block scalars, no escapes. Rows nobody changes keep their text to the byte.
"""
import re
from dataclasses import dataclass, field

COLUMNS_MAX = 100
TOKEN = re.compile(r'\s*(?:#[^\n]*)?\s*("(?:[^"\\])*"|[{}\[\],:]|[^{}\[\],:"#\s][^{}\[\],:"\n]*)')
KEY = re.compile(r"^(\s*)([A-Za-z_0-9]+):(.*)$", re.S)


class CatalogError(Exception):
    """What is wrong with a file or a table, in words for the person who runs the tool."""


@dataclass
class Row:
    text: str                       # as in the file, from `  - id:` up to the next row or comment
    values: dict = field(default_factory=dict)

    @property
    def id(self):
        return self.values["id"]

    @property
    def provider(self):
        return self.id.split("/", 1)[0]

    @property
    def name(self):
        return self.id.split("/", 1)[1]


@dataclass
class Section:
    title: str                      # the comment lines above its rows, "" for none
    rows: list = field(default_factory=list)

    @property
    def heading(self):
        """The first of these lines, bare."""
        return self.title.split("\n", 1)[0].strip().removeprefix("#").strip()


def scalar(word):
    if word.startswith('"'):
        return word[1:-1]
    word = word.strip()
    if word in ("true", "false"):
        return word == "true"
    if re.fullmatch(r"-?\d+", word):
        return int(word)
    if re.fullmatch(r"-?\d+\.\d+", word):
        return float(word)
    return word


def parse_flow(text):
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            if re.fullmatch(r"\s*(#[^\n]*\s*)*", text[at:]):
                break
            raise CatalogError(f"cannot read {text[at:at + 40]!r}")
        tokens.append(match[1])
        at = match.end()
    value, end = flow_value(tokens, 0)
    if end != len(tokens):
        raise CatalogError(f"text after the value in {text[:60]!r}")
    return value


def flow_value(tokens, at):
    if tokens[at] == "{":
        found, at = {}, at + 1
        while tokens[at] != "}":
            key = str(scalar(tokens[at]))
            found[key], at = flow_value(tokens, at + 2)
            at += tokens[at] == ","
        return found, at + 1
    if tokens[at] == "[":
        found, at = [], at + 1
        while tokens[at] != "]":
            value, at = flow_value(tokens, at)
            found.append(value)
            at += tokens[at] == ","
        return found, at + 1
    return scalar(tokens[at]), at + 1


def parse_row(text):
    """The keys of a row; nested block mappings one level deep, as the file has them."""
    lines = ["    " + text.lstrip()[2:].split("\n", 1)[0], *text.split("\n")[1:]]
    values, at = {}, 0
    while at < len(lines):
        match = KEY.match(lines[at])
        if not match or len(match[1]) != 4:
            if lines[at].strip() and not lines[at].lstrip().startswith("#"):
                raise CatalogError(f"cannot read the line {lines[at]!r}")
            at += 1
            continue
        inner = [match[3]]
        at += 1
        while at < len(lines) and (lines[at].startswith("     ") or not lines[at].strip()):
            inner.append(lines[at])
            at += 1
        if match[3].strip():
            values[match[2]] = parse_flow("\n".join(inner))
        else:
            block = {}
            for line in inner[1:]:
                member = KEY.match(line)
                if member:
                    block[member[2]] = parse_flow(member[3])
            values[match[2]] = block
    return values


def word(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        text = f"{value:.9f}".rstrip("0").rstrip(".")
        return text or "0"
    if isinstance(value, list):
        return "[" + ", ".join(word(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_word(key)}: {word(item)}" for key, item in value.items()) + "}"
    return value


def key_word(key):
    return key if re.fullmatch(r"\w+", key) else quoted(key)


def quoted(value):
    return f'"{value}"'


def folded(head, items, close, indent):
    """`head` and the items, folded before COLUMNS_MAX, continuation lines at `indent`."""
    lines, line = [], head
    for i, item in enumerate(items):
        piece = item + ("," if i + 1 < len(items) else close)
        if len(line) + 1 + len(piece) > COLUMNS_MAX - 3:  # room for what closes around it
            lines.append(line)
            line = " " * indent + piece
        else:
            line += ("" if line.endswith(("[", "{")) else " ") + piece
    return "\n".join([*lines, line])


def prices_text(prices):
    """The line (or lines) of `prices`, in the file's own form."""
    services = [key for key in ("batch", "flex", "priority") if isinstance(prices.get(key), dict)]
    plain = [f"{key}: {word(value)}" for key, value in prices.items()
             if key not in ("long_context", "source", "as_of", *services)]
    lines = [folded("    prices: {", plain, ",", 6)]
    lines += [folded(f"      {key}: {{", [f"{name}: {word(value)}" for name, value in
                                          prices[key].items()], "},", 8) for key in services]
    if prices.get("long_context"):
        steps = [folded("        {", [f"{key}: {word(value)}" for key, value in step.items()],
                        "}", 9) for step in prices["long_context"]]
        lines.append("      long_context: [\n" + ",\n".join(steps) + "],")
    lines.append(f"      source: {quoted(prices['source'])}, as_of: {quoted(prices['as_of'])}}}")
    return "\n".join(lines)


def row_text(values):
    """A new row's text, without the empty line that follows it."""
    lines = [f"  - id: {quoted(values['id'])}"]
    for key, value in values.items():
        if key == "id" or value in (None, "", [], {}):
            continue
        if key == "aliases":
            lines.append(folded("    aliases: [", [quoted(alias) for alias in value], "]", 14))
        elif key in ("limits", "flags"):
            items = [f"{name}: {word(item)}" for name, item in value.items()]
            line = f"    {key}: {{" + ", ".join(items) + "}"
            if len(line) > COLUMNS_MAX:
                line = f"    {key}:\n" + "\n".join(f"      {item}" for item in items)
            lines.append(line)
        elif key == "prices":
            lines.append(prices_text(value))
        elif key in ("deprecated", "retires"):
            lines.append(f"    {key}: {quoted(value)}")
        else:
            lines.append(f"    {key}: {word(value)}")
    return "\n".join(lines)


def with_prices(text, prices):
    """The row's text with its prices replaced."""
    changed, count = re.subn(r"^    (?:prices: \{.*?\}(?=\n    [a-z]|\n*\Z)|unpriced: true)",
                             lambda _: prices_text(prices), text, count=1, flags=re.M | re.S)
    return changed if count else text.rstrip("\n") + "\n" + prices_text(prices)


def read_catalog(text):
    """(head up to and with `models:`, sections in order)."""
    head, marker, body = text.partition("\nmodels:\n")
    if not marker:
        raise CatalogError("the file has no line `models:`")
    sections, comment = [Section("")], []
    for chunk in re.split(r"\n(?=  - id:|  #|\n)", "\n" + body):
        chunk = chunk.strip("\n")
        if not chunk.strip():
            continue
        if chunk.startswith("  #"):
            comment.append(chunk)
            continue
        if comment:
            sections.append(Section("\n".join(comment)))
            comment = []
        sections[-1].rows.append(Row(chunk, parse_row(chunk)))
    return head + marker, [section for section in sections if section.rows or section.title]


def catalog_text(head, sections):
    blocks = []
    for section in sections:
        if section.title:
            blocks.append(section.title)
        blocks.extend(row.text for row in section.rows)
    return head + "\n".join(block + "\n" for block in blocks).replace("\n\n\n", "\n\n")
