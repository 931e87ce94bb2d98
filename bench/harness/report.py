"""Medians, ratios and the printed table."""
import statistics

GOVERNANCE_LIMIT = 1.25


def median(values):
    return statistics.median(values) if values else None


def paired_ratios(rounds, top, bottom):
    """Ratios within the same round, so that a slow minute of the machine hits both sides."""
    return [r[top] / r[bottom] for r in rounds if r.get(top) and r.get(bottom)]


def added_over_direct(rounds):
    result = []
    for one in rounds:
        floor = one.get("direct")
        result.append({name: max(value - floor, 0.001) for name, value in one.items()
                       if floor is not None and name != "direct"})
    return result


def row_of(scenario, rounds, failures, names):
    """`rounds` is a list of {program: figure}; failures {program: text}."""
    used = added_over_direct(rounds) if scenario.added else rounds
    row = {"name": scenario.name, "title": scenario.title, "unit": scenario.unit,
           "limit": scenario.limit, "failures": failures, "rounds": len(rounds),
           "values": {n: median([r[n] for r in used if n in r]) for n in names}}
    row["ratio"] = median(paired_ratios(used, "tollgate", "nginx"))
    # Governance on against off, within the same rounds.
    row["governance_ratio"] = median(paired_ratios(used, "tollgate", "ungoverned"))
    row["haproxy_ratio"] = median(paired_ratios(used, "haproxy", "nginx"))
    return row


def number(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:,.0f}"


def verdict(row):
    if row["failures"]:
        return "FAILED"
    if row["ratio"] is None or row["limit"] is None:
        return ""
    return "ok" if row["ratio"] <= row["limit"] else "over"


def print_rows(rows, out=print):
    out(f"{'scenario':<44}{'unit':<16}{'nginx':>9}{'haproxy':>9}{'tollgate':>9}"
        f"{'hap/ngx':>9}{'tg/ngx':>8}{'limit':>7}  verdict")
    for row in rows:
        values = row["values"]
        out(f"{row['title']:<44}{row['unit']:<16}{number(values.get('nginx')):>9}"
            f"{number(values.get('haproxy')):>9}{number(values.get('tollgate')):>9}"
            f"{number(row['haproxy_ratio']):>9}{number(row['ratio']):>8}"
            f"{number(row['limit']):>7}  {verdict(row)}")
        if row["governance_ratio"]:
            ratio = row["governance_ratio"]
            out(f"{'    governance on against off':<44}{row['unit']:<16}{'':>9}"
                f"{number(values['ungoverned']):>9}{number(values['tollgate']):>9}{'':>9}"
                f"{number(ratio):>8}{GOVERNANCE_LIMIT:>7}  "
                f"{'ok' if ratio <= GOVERNANCE_LIMIT else 'over'}")
        if row["afterwards"] >= 1:
            # Rows of usage that a busy core had put off, written when the window was over.
            title = "    and put off until after the window"
            out(f"{title:<44}{'us CPU/request':<16}{'':>18}{number(row['afterwards']):>9}")
        for program, text in row["failures"].items():
            out(f"    {program}: {text[:200]}")


def print_once(rows, out=print):
    out(f"\n{'once per program':<50}{'unit':<12}{'nginx':>10}{'haproxy':>10}{'tollgate':>10}"
        f"{'limit':>8}  verdict")
    for row in rows:
        cells = row["cells"]
        shown = {n: number(c["value"]) for n, c in cells.items()}
        ours = cells.get("tollgate")
        word = ""
        if any(c["failure"] for c in cells.values()):
            word = "FAILED"
        elif ours and ours["value"] is not None:
            word = "over" if ours["over"] else "ok"
        out(f"{row['title']:<50}{row['unit']:<12}{shown.get('nginx', '-'):>10}"
            f"{shown.get('haproxy', '-'):>10}{shown.get('tollgate', '-'):>10}"
            f"{row['limit']:>8}  {word}")
        for program, found in cells.items():
            text = found["failure"] or found["note"]
            if text:
                out(f"    {program}: {text[:200]}")
