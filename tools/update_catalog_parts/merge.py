"""The tables and the rules merged into the catalog: what changes, what is added, what is reported."""
from dataclasses import dataclass, field

from .candidates import candidates, figures
from .names import any_match, canonical, natural, undated
from .rows import Row, Section, row_text, with_prices
from .services import within
from .traits import Known, values_of

TABLE_SOURCES = ("genai-prices", "litellm")
LAST_SECTION = "Built in"


@dataclass
class Report:
    added: list = field(default_factory=list)
    repriced: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def text(self, rows, per_provider):
        lines = [f"{rows} models, {len(self.added)} added, {len(self.repriced)} with new prices"]
        lines += [f"  {name:<16}{count:>4}" for name, count in per_provider.items()]
        lines += [f"added     {line}" for line in self.added]
        lines += [f"repriced  {line}" for line in self.repriced]
        lines += [f"note      {line}" for line in self.notes]
        return "\n".join(lines)


def from_tables(prices):
    source = prices.get("source", "")
    return source.startswith(TABLE_SOURCES)


def update_prices(row, tables, spec, report):
    """New figures for a row whose prices came from the tables; everything else of it stays."""
    prices = row.values.get("prices", {})
    if prices and not from_tables(prices):
        return
    found, sources, _ = figures(tables, spec, row.name, row.values.get("aliases", []))
    if not found:
        if prices:
            report.notes.append(f"{row.id}: its price is in neither table any more; kept")
        return
    window = row.values.get("limits", {}).get("context", 0)
    found = within(found, window)
    bare = {key: value for key, value in prices.items() if key not in ("source", "as_of")}
    if bare == found:
        return
    changed = [f"{key} {bare.get(key, 'not stated')} -> {found.get(key, 'not stated')}"
               for key in {**found, **bare} if bare.get(key) != found.get(key)]
    report.repriced.append(f"{row.id}: " + "; ".join(changed))
    row.values["prices"] = {**found, "source": ", ".join(sources), "as_of": tables.today}
    row.text = with_prices(row.text, row.values["prices"])


def note_differences(row, tables, spec, report):
    """Limits and retirement days are reported, not changed: rows may know better."""
    facts = tables.facts([key for key in (spec["name"] + "/" + row.name, row.name)
                          if tables.litellm.get(key, {}).get("litellm_provider")
                          in spec.get("litellm", [])])
    if not facts:
        return
    limits = row.values.get("limits", {})
    stated = int(facts.get("max_output_tokens") or 0)
    if stated and limits.get("max_output") and stated != limits["max_output"]:
        report.notes.append(f"{row.id}: max_output is {limits['max_output']}, the table says {stated}")
    window = int(facts.get("max_input_tokens") or 0)
    if window and window not in (limits.get("context"), limits.get("max_input")):
        report.notes.append(f"{row.id}: context is {limits.get('context')}, the table says {window}")
    gone = facts.get("deprecation_date", "")
    if gone and gone <= tables.today and not row.values.get("deprecated"):
        report.notes.append(f"{row.id}: retired on {gone}; name its successor in `deprecated`")


def taken_names(rows):
    """Every name that already leads to a row: ids, and aliases at their provider."""
    taken = set()
    for row in rows:
        taken.add(row.id)
        taken.update(f"{row.provider}/{alias}" for alias in row.values.get("aliases", []))
    return taken


def retired(values, today):
    """Gone, and nothing to name instead: such a row would help nobody."""
    return values.get("retires", "9999") <= today and not values.get("deprecated")


def new_rows(tables, spec, traits, known, rows):
    """Rows for the models that the catalog does not have, newest Claude first, else by name."""
    taken, made = taken_names(rows), []
    aliases = {alias for row in rows for alias in row.values.get("aliases", [])}
    for candidate in candidates(tables, spec):
        ids = [f"{spec['name']}/{name}" for name in (candidate.name, *candidate.aliases)]
        if any(id_ in taken or f"{spec['name']}/{undated(id_.split('/', 1)[1])}" in taken
               for id_ in ids):
            continue
        values = values_of(candidate, spec, traits, known)
        if retired(values, tables.today) or not values.get("limits", {}).get("context"):
            continue
        values["aliases"] = [alias for alias in values.get("aliases", []) if alias not in aliases]
        aliases.update(values["aliases"])
        if "prices" in values:
            values["prices"] |= {"source": ", ".join(candidate.sources), "as_of": tables.today}
        made.append(Row(row_text(values), values))
    rank = known.ranks()
    made.sort(key=lambda row: (any_match(spec.get("last", []), row.name), *(
        (0, rank.get(canonical(row.name), len(rank)), natural(row.name))
        if row.values.get("tier")
        else (1, 0, [(2, row.values.get("family", "~")), *natural(row.name)]))))
    return made


def place(sections, specs, spec, made):
    """Into the section of the provider's title. A new one stands in the order of the rules, so that
    vendors come before those who resell, whenever a provider is built in."""
    section = next((one for one in sections if one.heading == spec["title"]), None)
    if section is None:
        later = {one["title"] for one in specs[specs.index(spec) + 1:]} | {LAST_SECTION}
        at = next((i for i, one in enumerate(sections) if one.heading in later), len(sections))
        section = Section(f"  # {spec['title']}")
        sections.insert(at, section)
    section.rows[:] = made + section.rows if spec.get("place") == "first" else section.rows + made


def merge(sections, tables, rules, providers):
    """Changes `sections` in place; the report says what it did. New rows only of `providers`."""
    report, known = Report(), Known()
    specs = {spec["name"]: spec for spec in rules["provider"]}
    for name in specs:
        if name not in providers:
            report.notes.append(f"{name}: data/providers.yaml has no such row; its models wait")
    existing = [row for section in sections for row in section.rows]
    for row in existing:
        spec = specs.get(row.provider)
        if spec is None:
            continue
        update_prices(row, tables, spec, report)
        note_differences(row, tables, spec, report)
    for row in existing:
        known.add(row, specs.get(row.provider, {}))
    # A row of one provider may complete what is known of another's: until nothing comes any more.
    wanted = [spec for spec in rules["provider"] if spec.get("take")]
    while add_rows(sections, tables, wanted, rules["traits"], known, existing, report, providers):
        pass
    return report


def add_rows(sections, tables, specs, traits, known, existing, report, providers):
    """One pass over the providers; how many rows it made.

    Rows of a provider that is not built in yet are not placed, but other rows learn from them.
    """
    before = len(existing)
    for spec in specs:
        made = new_rows(tables, spec, traits, known, existing)
        if made and spec["name"] in providers:
            place(sections, specs, spec, made)
            report.added += [row.id for row in made]
        existing += made
        for row in made:
            known.add(row, spec)
    return len(existing) - before
