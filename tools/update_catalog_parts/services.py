"""What LiteLLM's map states besides the standard rates of text: audio, pictures, fees, web search,
batches and tiers of service, factors of region and speed."""
import re

# The catalog's key, LiteLLM's field, and what the figure is multiplied by.
CLASSES = {"audio_input": ("input_cost_per_audio_token", 1e6),
           "audio_output": ("output_cost_per_audio_token", 1e6),
           "image_output": ("output_cost_per_image_token", 1e6),
           "request": ("input_cost_per_request", 1),
           "image": ("output_cost_per_image", 1)}
RATES = {"input_cost_per_token": "input", "output_cost_per_token": "output",
         "cache_read_input_token_cost": "cache_read",
         "cache_creation_input_token_cost": "cache_write_5m",
         "output_cost_per_reasoning_token": "reasoning",
         "input_cost_per_audio_token": "audio_input", "output_cost_per_audio_token": "audio_output"}
SERVICES = {"batches": "batch", "flex": "flex", "priority": "priority"}
FIELD = re.compile(rf"^({'|'.join(RATES)})(?:_above_(\d+)k_tokens)?_({'|'.join(SERVICES)})$")
SEARCH = "search_context_cost_per_query"
REGIONS = {"regional_processing_uplift_multiplier_us": "us",
           "regional_processing_uplift_multiplier_eu": "eu",
           "regional_endpoint_uplift_multiplier": "*"}  # any but the global endpoint
# Charged by the prompt that was grounded, however many searches that took.
SEARCH_BY_PROMPT = re.compile(r"gemini-[12]\.|deep-research|gemini-flash|gemini-pro-latest")
HALF = 0.5
ORDER = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning",
         "audio_input", "audio_output", "image_output", "request", "image", "web_search",
         "batch", "flex", "priority", "regions", "fast", "long_context")


def with_services(found, facts, spec):
    """`found` (the standard rates) with everything else that the table states of the model."""
    more = dict(found)
    for key, (field, scale) in CLASSES.items():
        if facts.get(field):
            more[key] = round(facts[field] * scale, 6)
    sizes = set((facts.get(SEARCH) or {}).values())
    # A price that depends on how much of the pages is read cannot be told from a count.
    if len(sizes) == 1 and min(sizes) > 0 and not spec.get("no_search"):
        more["web_search"] = round(min(sizes) * 1000, 6)
    for name, service in services_of(facts).items():
        made = service_figures(name, service, more)
        if made != (HALF if name == "batch" else None):
            more[name] = made
    regions = {region: facts[field] for field, region in REGIONS.items() if facts.get(field)}
    entry = facts.get("provider_specific_entry") or {}
    if isinstance(entry.get("us"), (int, float)):
        regions["us"] = entry["us"]
    if regions:
        more["regions"] = {region: plain(regions[region]) for region in sorted(regions)}
    if isinstance(entry.get("fast"), (int, float)):
        more["fast"] = plain(entry["fast"])
    return {key: more[key] for key in ORDER if key in more}


def plain(number):
    return int(number) if number == int(number) else number


def services_of(facts):
    """{service: {threshold or 0: {class: price}}}"""
    found = {}
    for field, value in facts.items():
        match = FIELD.match(field)
        if match and value:
            above = int(match[2] or 0) * 1000
            steps = found.setdefault(SERVICES[match[3]], {})
            steps.setdefault(above, {})[RATES[match[1]]] = round(value * 1e6, 6)
    return {name: found[name] for name in SERVICES.values() if 0 in found.get(name, {})}


def service_figures(name, stated, standard):
    """One factor where it gives every figure that is stated, else the figures themselves.

    A batch's factor acts on long prompts too, said or not; of other services it must be said.
    """
    steps = {0: standard} | {step["above"]: {**standard, **step}
                             for step in standard.get("long_context", [])}
    factor = round(stated[0].get("input", 0) / standard["input"], 3)
    silent = set(steps) - set(stated) if name != "batch" else set()
    fits = factor > 0 and not silent and all(
        key in steps.get(above, {}) and round(steps[above][key] * factor, 6) == value
        for above, figures in stated.items() for key, value in figures.items())
    if fits:
        return plain(factor)
    made = {key: stated[0][key] for key in ORDER if key in stated[0]}
    long_context = [{"above": above, **{key: figures[key] for key in ORDER if key in figures}}
                    for above, figures in sorted(stated.items()) if above]
    return {**made, "long_context": long_context} if long_context else made


def within(prices, window):
    """Without the steps that begin behind the window."""
    kept = {}
    for key, value in prices.items():
        if isinstance(value, dict) and key not in ("regions",):
            kept[key] = within(value, window)
        elif key == "long_context":
            steps = [step for step in value if step["above"] < window]
            if steps:
                kept[key] = steps
        else:
            kept[key] = value
    return kept
