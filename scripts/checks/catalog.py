#!/usr/bin/env python3
"""data/models.yaml and the tool that keeps it: what it promises is tried on small tables, and the
committed file must be what it makes of the tables that the file names.

usage: catalog.py [--no-fetch]   without the tables in build/catalog_tables, do not fetch them
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from common import ROOT, finish  # noqa: E402

import yaml  # noqa: E402

sys.path.insert(0, str(ROOT / "tools"))
from update_catalog_parts.names import canonical, without_profile  # noqa: E402
from update_catalog_parts.rows import read_catalog  # noqa: E402

CATALOG, TABLES = ROOT / "data/models.yaml", ROOT / "build/catalog_tables"
CANNOT_FETCH = 3
FETCH_SECONDS = 280

HEAD = """# A head that stays.
#
# Price tables read: genai-prices 1.0.0, litellm 2.0.0, on 2026-01-02.

models:
  # Vendor (a comment that stays)

  - id: "vendor/big-1"
    aliases: ["big"]
    limits: {context: 1000, max_output: 100}
    input: [text, image]
    output: [text]
    flags:
      thinking: always   # by hand
    prices: {input: 1, output: 2,
      source: "litellm 1.0.0", as_of: "2026-01-01"}

  - id: "vendor/hand-made"
    limits: {context: 7}
    input: [text]
    output: [text]
    prices: {input: 5, output: 6,
      source: "by hand", as_of: "2026-01-01"}
"""
RULES = """
[[provider]]
name = "vendor"
title = "Vendor (a comment that stays)"
vendor = true
native = true
litellm = ["vendor"]
genai = "vendor"
take = ["*"]
[[provider]]
name = "cloud"
title = "Cloud"
litellm = ["cloud"]
profiles = true
take = ["*"]
[[provider]]
name = "unbuilt"
title = "Unbuilt"
litellm = ["unbuilt"]
take = ["*"]
[[traits]]
match = ["vendor/small*"]
family = "small"
flags = {sampling = false}
"""


def entry(provider, cost, **more):
    return {"litellm_provider": provider, "mode": "chat", "max_input_tokens": 1000,
            "max_output_tokens": 100, "input_cost_per_token": cost / 1e6,
            "output_cost_per_token": 2 * cost / 1e6, "supports_function_calling": True,
            "supports_response_schema": True, **more}


def small_tables(folder):
    """Tables of the real ones' form: a map of LiteLLM's and a package of genai-prices'."""
    models = {
        "big-1": entry("vendor", 3, input_cost_per_token_above_500k_tokens=1e-5),
        "vendor/hand-made": entry("vendor", 50),
        "small-2": entry("vendor", 0.5, supports_vision=True),
        "small-2-2026-01-01": entry("vendor", 0.5),
        "gone-1": entry("vendor", 1, deprecation_date="2025-01-01"),
        "unknown-price": {**entry("vendor", 1), "input_cost_per_token": 0},
        "vector-1": {**entry("vendor", 0.1), "mode": "embedding", "output_vector_size": 8},
        "served": entry("vendor", 2, input_cost_per_token_batches=1e-6, input_cost_per_token_flex=1e-6,
                        output_cost_per_token_flex=2e-6, input_cost_per_token_priority=3e-6,
                        output_cost_per_token_priority=7e-6, input_cost_per_audio_token=5e-6,
                        search_context_cost_per_query={"low": 0.01, "high": 0.01},
                        provider_specific_entry={"us": 1.1, "fast": 6.0, "other": "x"}),
        "us.vendor.big-1": entry("cloud", 4), "eu.vendor.big-1": entry("cloud", 4),
        "global.vendor.big-1": entry("cloud", 3), "unbuilt/x": entry("unbuilt", 1)}
    models |= {f"other-{i}": entry("other", 1) for i in range(1000)}
    (folder / "litellm-2.0.0.json").write_text(json.dumps(models))
    providers = {f"p{i}": [] for i in range(10)}
    providers["vendor"] = [{"id": "only-here", "match": {"equals": "only-here"}, "prices": {}}]
    (folder / "package/dist").mkdir(parents=True)
    (folder / "package/package.json").write_text('{"version": "1.0.0"}')
    listed = ",".join(f'{{id:"{name}",models:{json.dumps(rows)}}}'
                      for name, rows in providers.items())
    (folder / "package/dist/index.cjs").write_text(
        f"const all=[{listed}];"
        "exports.findProvider=(q)=>all.find((one)=>one.id===q.providerId);")


def update(folder, *arguments):
    command = [sys.executable, ROOT / "tools/update_catalog", "--catalog", folder / "models.yaml",
               "--rules", folder / "rules.toml", "--providers", folder / "providers.yaml",
               "--tables", folder, "--offline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def expectations(made, rows, said):
    """(what is promised, whether it holds) of one update."""
    yield "comments and the head stay", HEAD[:20] in made and "# by hand" in made
    yield "a price from a table follows it", rows["vendor/big-1"]["prices"] == {
        "input": 3, "output": 6, "source": "litellm 2.0.0", "as_of": "2026-01-02"}
    yield "what changed is reported", "repriced  vendor/big-1: input 1 -> 3" in said
    yield "flags and aliases stay", (rows["vendor/big-1"]["flags"], rows["vendor/big-1"]["aliases"]
                                     ) == ({"thinking": "always"}, ["big"])
    yield "a price of one's own stays", rows["vendor/hand-made"]["prices"]["input"] == 5
    yield "rules describe new rows", (rows["vendor/small-2"]["family"],
                                      rows["vendor/small-2"]["flags"]) == (
        "small", {"sampling": False})
    yield "abilities come from the table", rows["vendor/small-2"]["input"] == ["text", "image"]
    yield "a dated name is an alias", rows["vendor/small-2"]["aliases"] == ["small-2-2026-01-01"]
    yield "the retired stay out", "vendor/gone-1" not in rows
    yield "an unknown price is not zero", rows["vendor/unknown-price"].get("unpriced") is True
    yield "embeddings have dimensions and no output price", (
        rows["vendor/vector-1"]["dimensions"], rows["vendor/vector-1"]["prices"]["input"],
        "output" in rows["vendor/vector-1"]["prices"]) == (8, 0.1, False)
    yield "profiles of one price are one row", (
        rows["cloud/us.vendor.big-1"]["aliases"] == ["eu.vendor.big-1"]
        and rows["cloud/global.vendor.big-1"]["prices"]["input"] == 3)
    served = rows["vendor/served"]["prices"]
    yield "services are a factor where that says it all", served["flex"] == 0.5
    yield "else figures", served["priority"] == {"input": 3, "output": 7}
    yield "a batch at half price needs no word", "batch" not in served
    yield "other classes, fees and factors are taken", (
        served["audio_input"], served["web_search"], served["regions"], served["fast"]) == (
        5, 10, {"us": 1.1}, 6)
    yield "providers that are not built in wait", "unbuilt/x" not in rows and "unbuilt:" in said


def try_the_tool():
    """What the tool promises, on tables of a few rows."""
    with tempfile.TemporaryDirectory(prefix="catalog-") as name:
        folder = Path(name)
        small_tables(folder)
        (folder / "models.yaml").write_text(HEAD)
        (folder / "rules.toml").write_text(RULES)
        (folder / "providers.yaml").write_text("providers:\n  vendor:\n  cloud:\n")
        early = update(folder, "--pinned", "--check")
        if early.returncode != 1 or (folder / "models.yaml").read_text() != HEAD:
            yield f"--check must tell that something would change, and write nothing: {early}"
        first = update(folder, "--pinned")
        made = (folder / "models.yaml").read_text()
        if first.returncode != 0:
            yield f"update_catalog failed: {first.stderr.strip()}"
            return
        rows = {row["id"]: row for row in yaml.safe_load(made)["models"]}
        for promise, holds in expectations(made, rows, first.stdout):
            if not holds:
                yield f"update_catalog: not so: {promise}"
        second = update(folder, "--pinned", "--check")
        if second.returncode != 0:
            yield f"update_catalog: a second run changes something:\n{second.stdout}"
        (folder / "package/package.json").unlink()
        if update(folder).returncode != CANNOT_FETCH:
            yield "update_catalog: tables that cannot be had must end with exit 3"


def names_of_one_model():
    """Spellings by which providers call the same model, and such that differ."""
    same = [("claude-opus-5-5", "us.anthropic.claude-opus-5-5", "anthropic/claude-opus-5.5",
             "databricks-claude-opus-5-5", "claude-opus-5-5@default"),
            ("claude-sonnet-4-5", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
            ("gpt-oss-120b", "accounts/fireworks/models/gpt-oss-120b", "openai.gpt-oss-120b-1:0",
             "openai/gpt-oss-120b-maas"), ("glm-5.3", "glm-5p3", "zai-org/GLM-5.3", "FW-GLM-5.3")]
    for names in same:
        if len({canonical(name) for name in names}) != 1:
            yield f"not seen as one model: {[(name, canonical(name)) for name in names]}"
    if canonical("gpt-5.4") == canonical("gpt-5.4-mini") or without_profile("us.x")[0]:
        yield "different models seen as one"


def committed_file():
    """The tool reads the file as YAML does, and finds nothing to change in it."""
    text = CATALOG.read_text(encoding="utf-8")
    read = [row.values for section in read_catalog(text)[1] for row in section.rows]
    for ours, theirs in zip(read, yaml.safe_load(text)["models"], strict=True):
        if ours != theirs:
            yield f"data/models.yaml: {theirs.get('id')}: update_catalog reads it as {ours}"
    if not re.search(r"^# Price tables read: ", text, re.M):
        yield "data/models.yaml: its head does not name the price tables"


def unchanged_by_the_tool():
    """(problems, what was not checked)."""
    command = [sys.executable, ROOT / "tools/update_catalog", "--pinned", "--check", "--tables",
               TABLES]
    if "--no-fetch" in sys.argv[1:]:
        command.append("--offline")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        return [], "fetching the price tables took too long"
    if done.returncode == CANNOT_FETCH:
        return [], done.stderr.strip()
    if done.returncode != 0:
        return [f"tools/update_catalog would change data/models.yaml:\n{done.stdout}"
                f"{done.stderr}"], ""
    return [], ""


def main():
    problems = [*names_of_one_model(), *try_the_tool(), *committed_file()]
    changes, not_checked = unchanged_by_the_tool()
    note = f"\nnot checked against the price tables: {not_checked}" if not_checked else ""
    finish([*problems, *changes], "the catalog and its tool" + note)


main()
