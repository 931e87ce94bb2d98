"""The public price tables: fetched into a folder outside the project, read, asked for one model.

genai-prices (npm, MIT) states prices, and some windows; LiteLLM's map (PyPI, MIT) states limits,
abilities, retirement days and prices. Nothing of either is kept but the figures.
"""
import json
import re
import subprocess
import zipfile
from pathlib import Path

from .rows import CatalogError

GENAI, LITELLM = "@pydantic/genai-prices", "litellm"
MAP_FILE = "litellm/model_prices_and_context_window_backup.json"
FETCH_SECONDS = 300
# Prints every provider of the package with its models; the package exports no list of them.
READER = r"""
const fs = require("fs"), path = require("path"), root = process.argv[1];
const table = require(path.join(root, "dist/index.cjs"));
const text = fs.readFileSync(path.join(root, "dist/index.cjs"), "utf8");
const ids = new Set([...text.matchAll(/id:"([a-z0-9_-]+)"/g)].map((match) => match[1]));
const found = {};
for (const id of ids) {
    const provider = table.findProvider({ providerId: id });
    if (provider && provider.id === id) found[id] = provider.models;
}
process.stdout.write(JSON.stringify(found));
"""


def run(command, **options):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True,
                              timeout=FETCH_SECONDS, **options).stdout
    except (OSError, subprocess.SubprocessError) as problem:
        said = (getattr(problem, "stderr", "") or str(problem)).strip().splitlines()
        raise CatalogError(f"{command[0]} {command[1]}: {said[-1] if said else problem}") from None


def fetch(folder, versions):
    """Puts both packages into `folder` unless they are there; versions: "" means the newest."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "package/package.json").exists():
        wanted = GENAI + (f"@{versions['genai']}" if versions.get("genai") else "")
        archive = run(["npm", "pack", "--silent", wanted], cwd=folder).split()[-1]
        run(["tar", "-xzf", archive], cwd=folder)
    if not list(folder.glob("litellm-*.json")):
        wanted = LITELLM + (f"=={versions['litellm']}" if versions.get("litellm") else "")
        run(["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
             "--dest", str(folder), wanted])
        wheel = next(folder.glob("litellm-*.whl"))
        version = wheel.name.split("-")[1]
        with zipfile.ZipFile(wheel) as archive:
            (folder / f"litellm-{version}.json").write_bytes(archive.read(MAP_FILE))
        wheel.unlink()


def matches(logic, name):
    """genai-prices' description of the names that a row stands for."""
    (kind, value), = logic.items()
    if kind in ("or", "and"):
        return (any if kind == "or" else all)(matches(part, name) for part in value)
    return {"equals": lambda: name == value, "contains": lambda: value in name,
            "starts_with": lambda: name.startswith(value),
            "ends_with": lambda: name.endswith(value),
            "regex": lambda: re.search(value, name) is not None}[kind]()


class Tables:
    """Both tables of `folder`, as they were on the day `today` (YYYY-MM-DD)."""

    def __init__(self, folder, today):
        self.today = today
        package, maps = Path(folder) / "package", sorted(Path(folder).glob("litellm-*.json"))
        if not (package / "package.json").exists() or len(maps) != 1:
            raise CatalogError(f"{folder} needs package/ (genai-prices) and one litellm-VERSION.json;"
                               " without --offline they are fetched")
        self.versions = {
            "genai": json.loads((package / "package.json").read_text())["version"],
            "litellm": maps[0].stem.split("-", 1)[1]}
        self.genai = json.loads(run(["node", "-e", READER, str(package.resolve())]))
        self.litellm = json.loads(maps[0].read_text())
        if len(self.genai) < 10 or len(self.litellm) < 1000:
            raise CatalogError("a table has far fewer rows than expected: has its form changed?")

    def title(self, kind):
        return {"genai": "genai-prices", "litellm": "litellm"}[kind] + " " + self.versions[kind]

    def genai_prices(self, provider, names):
        """Prices of the row whose own id is one of `names`, or that names one of them exactly."""
        for model in self.genai.get(provider, []):
            exact = model["id"] in names or any(
                {"equals": name} in model["match"].get("or", [model["match"]]) for name in names)
            if exact:
                return genai_figures(model["prices"], self.today), model.get("context_window")
        return None, None

    def facts(self, keys):
        """LiteLLM's row of the first key that it has."""
        return next((self.litellm[key] for key in keys if key in self.litellm), None)


GENAI_KEYS = {"input": "input_mtok", "output": "output_mtok", "cache_read": "cache_read_mtok",
              "cache_write_5m": "cache_write_mtok", "cache_write_1h": "cache_write_1h_mtok"}


def genai_figures(prices, today):
    """genai-prices' figures in the catalog's form; of dated ones those of `today`."""
    if isinstance(prices, list):
        usable = [entry for entry in prices if entry.get("constraint", {}).get("type") in
                  (None, "start_date") and entry.get("constraint", {}).get("start_date", "")
                  <= today]
        prices = max(usable, key=lambda entry: entry.get("constraint", {}).get("start_date", ""),
                     default={"prices": {}})["prices"]
    found, steps = {}, {}
    for key, theirs in GENAI_KEYS.items():
        value = prices.get(theirs)
        if isinstance(value, dict):
            for tier in value["tiers"]:
                steps.setdefault(tier["start"], {})[key] = round(tier["price"], 6)
            value = value["base"]
        if value:
            found[key] = round(value, 6)
    return with_steps(found, steps)


LITELLM_KEYS = {"input": "input_cost_per_token", "output": "output_cost_per_token",
                "cache_read": "cache_read_input_token_cost",
                "cache_write_5m": "cache_creation_input_token_cost",
                "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
                "reasoning": "output_cost_per_reasoning_token"}
ABOVE = re.compile(r"_above_(\d+)k_tokens$")


def litellm_figures(facts):
    """LiteLLM's figures in the catalog's form; a stated zero is not a price."""
    if facts is None:
        return None
    base, tiers = facts, facts.get("tiered_pricing") or []
    steps, found = {}, {}
    if tiers:
        base = tiers[0]
        for tier in tiers[1:]:
            steps[int(tier["range"][0])] = dollars(tier)
    found = dollars(base)
    for field, value in facts.items():
        above = ABOVE.search(field)
        ours = above and next((key for key, theirs in LITELLM_KEYS.items()
                               if theirs == field[:above.start()]), None)
        if ours and value:
            steps.setdefault(int(above[1]) * 1000, {})[ours] = round(value * 1e6, 6)
    return with_steps(found, steps)


def dollars(figures):
    found = {key: round(figures[theirs] * 1e6, 6) for key, theirs in LITELLM_KEYS.items()
             if figures.get(theirs)}
    if found.get("reasoning") == found.get("output"):
        found.pop("reasoning", None)
    return found


def with_steps(found, steps):
    """Adds the long-context steps that differ from the base."""
    listed = []
    for above, prices in sorted(steps.items()):
        changed = {key: prices[key] for key in LITELLM_KEYS if key in prices
                   and prices[key] != found.get(key)}
        if changed.get("reasoning") == changed.get("output"):
            changed.pop("reasoning", None)
        if changed and above > 0:
            listed.append({"above": above, **changed})
    if listed:
        found["long_context"] = listed
    return found
