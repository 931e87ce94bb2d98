#include "config/fields.hpp"
#include "config/routing_rules.hpp"
#include "config/scalar.hpp"
#include "config/show.hpp"

namespace tollgate::config {
namespace {

// Writes one Markdown table: key, default, meaning; nested keys with dots.
class TableWriter : public FieldVisitor {
public:
    TableWriter(std::string& out, std::string prefix) : out_(out), prefix_(std::move(prefix)) {}

    void value(const Field& f, bool& v) override { row(f, v ? "true" : "false", "true or false"); }
    void value(const Field& f, std::optional<bool>&) override { row(f, "", "true or false"); }
    void value(const Field& f, std::string& v) override { row(f, v, "text"); }
    void value(const Field& f, std::int64_t& v) override { row(f, std::to_string(v), "number"); }
    void value(const Field& f, std::optional<std::int64_t>&) override { row(f, "", "number"); }
    void value(const Field& f, std::optional<double>& v) override {
        row(f, v ? format_number(*v) : "", "number");
    }
    void value(const Field& f, Duration& v) override {
        row(f, v.count() == 0 ? "" : format_duration(v), "duration");
    }
    void value(const Field& f, Bytes& v) override { row(f, format_bytes(v), "size"); }
    void value(const Field& f, Secret&) override { row(f, "", "secret"); }
    void value(const Field& f, JsonText&) override { row(f, "", "mapping"); }
    void value(const Field& f, StringMap&) override { row(f, "", "mapping"); }
    void json_map(const Field& f, JsonMap&) override { row(f, "", "mapping"); }
    void value(const Field& f, std::vector<std::string>& v) override {
        std::string text;
        for (const std::string& item : v) text += (text.empty() ? "" : ", ") + item;
        row(f, text, "list");
    }
    void price(const Field& f, std::optional<std::int64_t>&) override { row(f, "", "USD"); }
    void section(const Field& field, const std::function<void(FieldVisitor&)>& inner) override {
        TableWriter nested(out_, prefix_ + std::string(field.key) + ".");
        inner(nested);
        unused_ += nested.unused_;
    }
    void later(std::string_view keys) override {
        each_word(keys, ' ', [&](std::string_view key) {
            unused_ += (unused_.empty() ? "`" : ", `") + std::string(key) + "`";
        });
    }
    void row(const Field& field, const std::string& value, std::string_view kind) {
        std::string text(field.text);
        if (!field.choices.empty()) {
            text += " (one of";
            each_word(field.choices, '|', [&](std::string_view word) {
                text += " `" + std::string(word) + "`";
            });
            text += ")";
        }
        out_ += "| `" + prefix_ + std::string(field.key) + "` | " + std::string(kind) + " | " +
                (value.empty() ? "" : "`" + value + "`") + " | " + text + " |\n";
    }
    const std::string& unused() const { return unused_; }

private:
    std::string& out_;
    std::string prefix_;
    std::string unused_;
};

void table(std::string& out, std::string_view title, std::string_view text,
           const std::function<void(FieldVisitor&)>& inner) {
    out += "\n## " + std::string(title) + "\n\n" + std::string(text);
    if (!text.empty()) out += "\n\n";
    out += "| key | kind | default | meaning |\n| --- | --- | --- | --- |\n";
    TableWriter writer(out, "");
    inner(writer);
    if (!writer.unused().empty()) {
        out += "\nAccepted and not used yet, with a warning each: " + writer.unused() + ".\n";
    }
}

void keys(std::string& out, std::string_view title, std::string_view text,
          const std::vector<Field>& fields) {
    out += "\n## " + std::string(title) + "\n\n" + std::string(text);
    if (!text.empty()) out += "\n\n";
    out += "| key | meaning |\n| --- | --- |\n";
    for (const Field& field : fields) {
        out += "| `" + std::string(field.key) + "` | " + std::string(field.text) + " |\n";
    }
}

constexpr std::string_view introduction =
    R"(# Configuration keys

Made from the program's own description of its keys; a test keeps the two together.

`tollgate serve --config FILE` reads the file, what its `include:` names (relative to it; lists are
joined, single values of the included file win), `.env` beside it (never above the environment) and
the tenant files in `tenants/` (`tenants_dir`, or what `tenant_configs` names, is another folder).
A section `environment_variables` gives values to references. Without `--config` the file is
`./tollgate.yaml`, then `/etc/tollgate/tollgate.yaml`; with neither, the providers whose variables
are set are offered, and with none of those the built-in echo provider.

- Durations: `250ms`, `30s`, `5m`, `1h30m`, `7d`, or plain seconds. Sizes: `64k`, `32MiB`, `1GB`, or
  plain bytes.
- References: `os.environ/NAME` as a whole value; `${NAME}` and `${NAME:-default}` anywhere in a
  text (`$${` stands for `${`); `file:/path` for secrets. Where `NAME` is not set and `NAME_FILE`
  is, the content of that file counts.
- Unknown keys are errors in Tollgate's own sections (`server`, `logging`, `telemetry`, `providers`,
  `tiers`, `routing`, `stores`, `billing`, `alerts`, `audit`, `cache`, `health_check`,
  `rate_limits`, `config`, tenant files) and at the top, and warnings in LiteLLM's. Every problem is
  listed with file, line and column by `tollgate config check FILE`.
- `tollgate config show --effective` prints what counts in the end, secrets masked, with the origin
  of each value; `tollgate config schema` prints a JSON Schema for editors.
)";

constexpr std::string_view lists =
    R"(
## Names and fallbacks

```yaml
router_settings:
  model_group_alias:
    fast: gpt-4o-mini                       # another name
    old-name: {model: gpt-4o, hidden: true}  # answered, not listed by /v1/models
  fallbacks:
    - gpt-4o: [claude-sonnet, qwen-coder]   # tried in order when gpt-4o fails
    - "*": [gpt-4o-mini]                    # for every model without a list of its own
  context_window_fallbacks: [{gpt-4o: [gpt-4.1]}]
  content_policy_fallbacks: [{gpt-4o: [claude-sonnet]}]
fallback_models:
  code_chain: [qwen-coder, gpt-4o, claude-sonnet]  # asked for by its name or its first member
tiers:
  opus: gpt-4o                              # any Claude Opus name, dated or with [1m]
```

A plain list of names under `fallbacks` is a chain for every model.

## Tenant files

```yaml
tenant: {id: acme, name: Acme Ltd, api_key: "${ACME_KEY}"}  # or `tenant: NAME` and `api_key:`
allowed_models: [gpt-4o, "claude-*"]        # left out: all
models:
  - {alias: code, provider: openrouter/qwen/qwen3-coder, max_tokens: 8192}
budget: {daily_limit: 50, monthly_limit: 1000, alert_threshold: 80, currency: USD}
rate_limits: {requests_per_minute: 60, requests_per_day: 10000}
tier: professional                          # limits of the tier hold besides
```

`api_keys` is a list of further keys; `enabled: false` refuses them. `time_zone` is that of the
budget's periods, `retention_days` that of usage records, `baseline_model` what savings are told
against. `features: {response_cache: true}` turns the [response cache](../cache.md) on or off for
the tenant. `routing: [{pattern: "*test*", model: gpt-4o-mini, fallback: gpt-4o}]` is a list of
rules that come before those of the main file. `settings`, `features` and `metadata` are kept with
the tenant. Tenants may also stand in the main file, by name under `tenant_configs`. There,
`cost_tracking: {alert_thresholds: [{threshold: 80, action: notify}]}` says at which percentages of
a budget alerts go out.

## Tiers of limits

```yaml
tiers:
  team-small: {requests_per_minute: 60, tokens_per_minute: 200000, monthly_cap: 200}
```

`trial`, `starter`, `professional` and `enterprise` are built in. Keys, users and tenants name one.

## Environment variables

| variable | sets |
| --- | --- |
| `TOLLGATE_MASTER_KEY`, `LITELLM_MASTER_KEY` | `general_settings.master_key` |
| `TOLLGATE_LISTEN` | `server.listen` |
| `TOLLGATE_DATA_DIR` | `server.data_dir` |
| `TOLLGATE_WORKERS`, `MAX_WORKERS` | `server.workers` |
| `TOLLGATE_LOG_LEVEL`, `LITELLM_LOG`, `LITELLM_LOG_LEVEL` | `logging.level` |
| `DEBUG`, `LITELLM_SET_VERBOSE` | `logging.level: debug` |
| `TOLLGATE_LOG_FORMAT` | `logging.format` |
| `TOLLGATE_DATABASE_URL`, `DATABASE_URL` | `stores.database` |
| `TOLLGATE_REDIS_URL`, `REDIS_URL` | `stores.redis` |
| `RATE_LIMIT_MAX_REQUESTS_PER_WINDOW`, `RATE_LIMIT_WINDOW_SECONDS` | `rate_limits` |

They count where the files say nothing.
)";

}  // namespace

std::string reference_page() {
    Config config;
    std::string out(introduction);
    table(out, "server", "", [&](FieldVisitor& v) { describe(config.server, v); });
    table(out, "logging", "", [&](FieldVisitor& v) { describe(config.logging, v); });
    table(out, "telemetry", "", [&](FieldVisitor& v) { describe(config.telemetry, v); });
    table(out, "providers.NAME", "An account: `NAME/model` goes there.", [&](FieldVisitor& v) {
        ProviderAccount account;
        describe(account, v);
    });
    table(out, "routing",
          "How candidates are chosen, ordered and tried; [routing](../routing.md) tells it with "
          "examples.",
          [&](FieldVisitor& v) { describe(config.routing, v); });
    keys(out, "routing.rules[]", "The first rule whose conditions hold wins.", rule_keys);
    keys(out, "routing.rules[].match", "A list stands for one of its elements.", match_keys);
    keys(out, "routing.rules[].use", "A name or a list of names stands for `models`.", use_keys);
    keys(out, "routing.experiments[]", "", experiment_keys);
    keys(out, "routing.tasks.NAME",
         "A kind of work of your own, or a built-in one with other models or terms.", task_keys);
    table(out, "tiers", "", [&](FieldVisitor& v) { describe(config.tiers, v); });
    table(out, "tiers.NAME", "A tier of limits.", [&](FieldVisitor& v) {
        LimitTier tier;
        describe(tier, v);
    });
    table(out, "stores", "Where tenants, keys, budgets and usage are kept.",
          [&](FieldVisitor& v) { describe(config.stores, v); });
    table(out, "billing",
          "`thresholds: [{percent: 80, action: notify}]` are those of budgets that name none; "
          "actions: notify, throttle, downgrade, block.",
          [&](FieldVisitor& v) { describe(config.billing, v); });
    table(out, "alerts",
          "How alerts leave; channels are made by `tollgate alert-channels` and over HTTP.",
          [&](FieldVisitor& v) { describe(config.alerts, v); });
    table(out, "audit", "", [&](FieldVisitor& v) { describe(config.audit, v); });
    table(out, "cache",
          "Answers kept for exact repeats of their requests: see [caches](../cache.md).",
          [&](FieldVisitor& v) { describe(config.cache, v); });
    table(out, "health_check",
          "Calls that only see whether providers answer: see [routing](../routing.md).",
          [&](FieldVisitor& v) { describe(config.health_check, v); });
    table(out, "rate_limits", "Of every key without limits of its own.",
          [&](FieldVisitor& v) { describe(config.rate_limits, v); });
    table(out, "config", "", [&](FieldVisitor& v) {
        v.value({"precedence", "what counts where file and database differ"}, config.precedence);
    });
    ModelEntry entry;
    table(out, "model_list[].litellm_params",
          "Each entry has a `model_name`; entries of one name share its requests. A key that is "
          "not listed here goes to the provider as a body field, when the client does not send it; "
          "`force: {...}` sets body fields whatever the client sends.",
          [&](FieldVisitor& v) { describe_params(entry, v); });
    table(out, "model_list[].model_info", "", [&](FieldVisitor& v) { describe(entry.info, v); });
    table(out, "router_settings", "Win over the same keys of `litellm_settings`.",
          [&](FieldVisitor& v) { describe(config.router_settings, v); });
    table(out, "litellm_settings", "", [&](FieldVisitor& v) {
        LitellmSettings settings;
        describe(settings, v);
    });
    table(out, "general_settings", "",
          [&](FieldVisitor& v) { describe(config.general_settings, v); });
    out += lists;
    out += "\n## Other top-level keys\n\nAccepted and not used yet, with a warning each: ";
    std::string keys;
    each_word(top_level_later, ' ', [&](std::string_view key) {
        keys += (keys.empty() ? "`" : ", `") + std::string(key) + "`";
    });
    return out + keys + ".\n";
}

}  // namespace tollgate::config
