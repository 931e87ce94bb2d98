"""Which models the tables offer for each provider of the rules, with their figures."""
from dataclasses import dataclass, field

from .names import any_match, undated, without_profile
from .services import SEARCH_BY_PROMPT, with_services
from .tables import GENAI_KEYS, litellm_figures

MODES = {"chat": "chat", "responses": "chat", "completion": "chat", "embedding": "embedding"}
# USD per million tokens of input, several times what anybody asks; above, a table has slipped.
DEAREST, DEAREST_EMBEDDING = 500, 5


@dataclass
class Candidate:
    provider: str
    name: str
    facts: dict                     # LiteLLM's row, {} if it has none
    prices: dict = field(default_factory=dict)
    sources: list = field(default_factory=list)
    aliases: list = field(default_factory=list)
    window: int = 0                 # where only genai-prices states it

    @property
    def id(self):
        return f"{self.provider}/{self.name}"


def keys_of(spec, name):
    """The keys under which LiteLLM may hold the model."""
    prefixes = [*spec.get("prefixes", []), spec["name"] + "/", ""]
    return [prefix + name for prefix in prefixes]


def rounded(prices, digits):
    if not digits:
        return prices
    return {key: [rounded(step, digits) for step in value] if key == "long_context"
            else rounded(value, digits) if isinstance(value, dict)
            else value if key == "above" else float(f"{value:.{digits}g}")
            for key, value in prices.items()}


def figures(tables, spec, name, aliases=()):
    """(prices, their sources, window): LiteLLM's, else genai-prices' of exactly this model.

    LiteLLM's release is the later one, so it stands where both differ.
    """
    facts = tables.facts(keys_of(spec, name))
    if facts is not None and facts.get("litellm_provider") not in spec.get("litellm", []):
        facts = None
    theirs = litellm_figures(facts)
    if theirs and theirs.get("input"):
        theirs = with_services(theirs, facts, spec)
    stated, window = stated_by_genai(tables, spec, name, aliases)
    embedding = facts.get("mode") == "embedding" if facts else "embed" in name.lower()
    theirs, stated = ({} if found is None
                      else clean(rounded(found, spec.get("digits")), name, embedding)
                      for found in (theirs, stated))
    if complete(theirs, embedding):
        agreed = comparable(stated) == comparable(theirs)
        return theirs, ([tables.title("genai")] if agreed else []) + [tables.title("litellm")], window
    if complete(stated, embedding):
        return stated, [tables.title("genai")], window
    return {}, [], window


def stated_by_genai(tables, spec, name, aliases):
    if spec.get("genai_names") == "huggingface":
        model, _, server = name.partition(":")
        return tables.genai_prices("huggingface_" + server, {model})
    if spec.get("genai_names") == "openrouter":
        return tables.genai_prices("openrouter", {name})
    names = {spelled for one in (name, *aliases) for spelled in (one, undated(one))}
    return tables.genai_prices(spec.get("genai", ""), names)


def complete(prices, embedding):
    """Half a price is none, and neither is one that is off by powers of ten."""
    dearest = DEAREST_EMBEDDING if embedding else DEAREST
    return (0 < prices.get("input", 0) <= dearest
            and (embedding or 0 < prices.get("output", 0) <= 5 * dearest))


def comparable(prices):
    """What both tables can state; the steps of long prompts are told apart too often."""
    return {key: value for key, value in prices.items() if key in GENAI_KEYS}


def clean(prices, name, embedding):
    """Prices of a class nobody can use stay out: only Claude is asked for caches of an hour, and
    an embedding has input alone."""
    found = dict(prices)
    if SEARCH_BY_PROMPT.search(name):
        found.pop("web_search", None)
    if embedding:
        return {"input": found["input"]} if "input" in found else {}
    if "claude" not in name.lower():
        found.pop("cache_write_1h", None)
        found["long_context"] = [{key: value for key, value in step.items()
                                  if key != "cache_write_1h"} for step in
                                 found.get("long_context", [])]
    if not found.get("long_context"):
        found.pop("long_context", None)
    return found


def wanted(spec, name, facts):
    if not any_match(spec["take"], name) or any_match(spec.get("skip", []), name):
        return False
    if facts and facts.get("mode") not in MODES:
        return False
    return not spec.get("tools_only") or not facts or bool(
        facts.get("supports_function_calling") or facts.get("mode") == "embedding")


def from_litellm(tables, spec):
    found = {}
    for key, facts in tables.litellm.items():
        if facts.get("litellm_provider") not in spec.get("litellm", []):
            continue
        prefix = next((prefix for prefix in [*spec.get("prefixes", []), spec["name"] + "/"]
                       if key.startswith(prefix)), "")
        name = key[len(prefix):]
        if name in found or not wanted(spec, name, facts):
            continue
        prices, sources, window = figures(tables, spec, name)
        found[name] = Candidate(spec["name"], name, facts, prices, sources, [], window or 0)
    return found


def from_genai(tables, spec):
    """For providers that LiteLLM's map does not list: `genai_names` says how their ids are made."""
    found = {}
    for provider, models in sorted(tables.genai.items()):
        suffix = ""
        if spec["genai_names"] == "huggingface":
            if not provider.startswith("huggingface_"):
                continue
            suffix = ":" + provider.split("_", 1)[1]
        elif provider != spec["genai"]:
            continue
        for model in models:
            name = model["id"] + suffix
            if name in found or "/" not in name or not wanted(spec, name, {}):
                continue
            prices, sources, window = figures(tables, spec, name)
            found[name] = Candidate(spec["name"], name, {}, prices, sources, [], window or 0)
    return found


def fold_dated(found):
    """A dated name with the prices of the undated one is an alias of it."""
    for name in sorted(found):
        base = found.get(undated(name))
        if base is not None and base.name != name and base.prices == found[name].prices:
            base.aliases.append(name)
            del found[name]


def fold_profiles(found):
    """Bedrock: the profiles of one model that cost the same are one row."""
    groups = {}
    for name in found:
        groups.setdefault(without_profile(name)[1], []).append(name)
    order = ["global", "", "us", "eu", "apac", "jp", "au", "ca", "in", "us-gov"]
    for names in groups.values():
        names.sort(key=lambda name: order.index(without_profile(name)[0]))
        heads = []
        for name in names:
            same = next((head for head in heads if found[head].prices == found[name].prices), None)
            if same is None:
                heads.append(name)
                continue
            found[same].aliases.append(name)
            del found[name]


def candidates(tables, spec):
    """All models of a provider that the rules want, in a fixed order."""
    found = from_litellm(tables, spec) if spec.get("litellm") else {}
    if spec.get("genai_names"):
        found |= {name: one for name, one in from_genai(tables, spec).items() if name not in found}
    fold_dated(found)
    if spec.get("profiles"):
        fold_profiles(found)
    return list(found.values())
