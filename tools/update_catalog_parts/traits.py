"""What a new row says of its model: limits, input, flags. Facts of the table first, then what the
catalog already says of the same model, then the hand-kept rules, which win."""
from .names import any_match, canonical
from .services import within

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# Of another provider's row for the same model: what the model itself can or refuses.
INHERITED = ("family", "tier", "input")
CHAT_FLAGS = ("thinking", "thinking_disable", "efforts", "sampling", "stop", "tools",
              "parallel_tool_calls", "forced_tool", "json_schema")
FLAG_ORDER = ("thinking", "thinking_disable", "efforts", "reasoning_control", "sampling", "stop",
              "max_tokens_field", "system_role", "tools", "forced_tool", "parallel_tool_calls",
              "tools_need_responses", "responses_only", "prefill", "mid_system", "json_schema")
DEFAULTS = {"thinking": "none", "thinking_disable": True, "efforts": [], "sampling": True,
            "stop": True, "tools": True, "forced_tool": True, "parallel_tool_calls": True,
            "tools_need_responses": False, "responses_only": False, "prefill": False,
            "mid_system": True, "json_schema": True, "system_role": "system"}


def efforts_of(facts):
    if facts.get("reasoning_effort_levels"):
        return [level for level in EFFORTS if level in facts["reasoning_effort_levels"]]
    stated = {level for level in EFFORTS if facts.get(f"supports_{level}_reasoning_effort")}
    if not stated:
        return []
    return [level for level in EFFORTS if level in stated | {"low", "medium", "high"}]


def flags_of(facts, spec):
    """Flags from the table's facts; what it does not confirm is taken for missing."""
    if not facts or facts.get("mode") == "embedding":
        return {}
    flags = {}
    if facts.get("supports_reasoning"):
        always = facts.get("thinking_always_on", False)
        flags |= {"thinking": "always" if always else "adaptive", "thinking_disable": not always}
        if efforts_of(facts):
            flags["efforts"] = efforts_of(facts)
    if facts.get("supports_sampling_params") is False:
        flags["sampling"] = False
    if not facts.get("supports_function_calling"):
        flags["tools"] = False
    if facts.get("supports_forced_tool_use") is False:
        flags["forced_tool"] = False
    if facts.get("supports_parallel_function_calling") is False:
        flags["parallel_tool_calls"] = False
    if facts.get("mode") == "responses" and spec.get("responses"):
        flags["responses_only"] = True
    flags["prefill"] = bool(facts.get("supports_assistant_prefill"))
    flags["json_schema"] = bool(facts.get("supports_response_schema"))
    return flags


def input_of(facts):
    if facts.get("mode") == "embedding":
        image = facts.get("supports_embedding_image_input")
        return ["text", "image"] if image else ["text"]
    kinds = {"image": "supports_vision", "pdf": "supports_pdf_input",
             "audio": "supports_audio_input"}
    return ["text", *(kind for kind, key in kinds.items() if facts.get(key))]


def limits_of(candidate, base):
    window = int(candidate.facts.get("max_input_tokens") or candidate.window or 0)
    output = int(candidate.facts.get("max_output_tokens") or 0)
    if candidate.facts.get("mode") == "embedding":
        return {"context": window} if window else {}
    limits = {"context": window} if window else {}
    known = base.values.get("limits", {}) if base else {}
    # The vendor tells the window from the largest input, the table has only the latter.
    if known and window in (known.get("max_input"), known.get("context"), 0):
        limits = {key: known[key] for key in ("context", "max_input") if key in known}
        output = output or (known.get("max_output", 0) if not candidate.facts else 0)
    if output and output < limits.get("context", 0):
        limits["max_output"] = output
    return limits


def through_chat(flags, family):
    """The flags of a vendor's row as a Chat Completions server of others sees the model."""
    kept = {key: value for key, value in flags.items() if key in CHAT_FLAGS}
    if kept.get("thinking") in ("manual", "both"):
        kept["thinking"] = "adaptive"
    if family == "claude":
        kept.pop("efforts", None)
    return kept


class Known:
    """The rows there are, by the model that they describe. A vendor's row describes it for all, a
    reseller's only where neither the vendor nor a table says anything."""

    def __init__(self):
        self.of_vendors, self.of_others = {}, {}

    def add(self, row, spec):
        rows = self.of_vendors if spec.get("vendor") else self.of_others
        for name in (row.name, *row.values.get("aliases", [])):
            rows.setdefault(canonical(name), row)

    def like(self, candidate, spec):
        name = canonical(candidate.name)
        alone = spec.get("vendor") or candidate.facts
        return self.of_vendors.get(name) or (None if alone else self.of_others.get(name))

    def ranks(self):
        """The place of each vendor's model in the file."""
        return {name: at for at, name in enumerate(self.of_vendors)}


def apply_rules(values, rules, id_):
    for rule in rules:
        if not any_match(rule["match"], id_):
            continue
        for key, value in rule.items():
            if key == "match":
                continue
            if key in ("flags", "limits"):
                values[key] = {**values.get(key, {}), **value}
            elif key == "aliases":
                values[key] = sorted({*values.get(key, []), *value})
            else:
                values[key] = value


def values_of(candidate, spec, rules, known):
    """The new row as a dict, in the order of the file's keys."""
    base = known.like(candidate, spec)
    facts = candidate.facts
    embedding = facts.get("mode") == "embedding"
    values = {"input": input_of(facts), "flags": flags_of(facts, spec)}
    if base is not None:
        values |= {key: base.values[key] for key in INHERITED if key in base.values}
        flags = base.values.get("flags", {})
        if not spec.get("native"):
            flags = through_chat(flags, base.values.get("family"))
        # A reseller may lack what the vendor's own service has; it never has more.
        lacks = {key: False for key in ("tools", "json_schema")
                 if facts and values["flags"].get(key) is False and not spec.get("native")}
        values["flags"] = {**flags, **lacks}
    if not spec.get("responses"):
        for flag in ("responses_only", "tools_need_responses"):
            values["flags"].pop(flag, None)
    values |= {"aliases": candidate.aliases, "limits": limits_of(candidate, base)}
    if embedding:
        values |= {"mode": "embedding", "dimensions": facts.get("output_vector_size")}
    if candidate.facts.get("deprecation_date"):
        values["retires"] = candidate.facts["deprecation_date"]
    if candidate.prices:
        values["prices"] = dict(candidate.prices)
    apply_rules(values, rules, candidate.id)
    return ordered(candidate.id, values)


def ordered(id_, values):
    flags = values.get("flags", {})
    flags = {key: flags[key] for key in FLAG_ORDER
             if key in flags and flags[key] != DEFAULTS.get(key)}
    embedding = values.get("mode") == "embedding"
    in_order = {"id": id_}
    for key in ("aliases", "family", "tier", "mode", "dimensions", "limits", "input"):
        if values.get(key):
            in_order[key] = values[key]
    in_order["output"] = ["embedding"] if embedding else ["text"]
    if flags and not embedding:
        in_order["flags"] = flags
    for key in ("deprecated", "retires"):
        if values.get(key):
            in_order[key] = values[key]
    if values.get("prices") and not values.get("unpriced"):
        window = in_order.get("limits", {}).get("context", 0)
        in_order["prices"] = within(values["prices"], window)
    else:
        in_order["unpriced"] = True
    return in_order
