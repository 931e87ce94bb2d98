#include "base/json.hpp"
#include "config/fields.hpp"
#include "config/routing_rules.hpp"
#include "config/scalar.hpp"
#include "config/show.hpp"

namespace tollgate::config {
namespace {

// A reference such as `${NAME}` may stand for any value, so every kind also takes a text.
enum class Shape : std::uint8_t { flag, whole, number, text, text_list, mapping };

class SchemaWriter : public FieldVisitor {
public:
    SchemaWriter(json::Writer& writer, bool strict) : writer_(writer), strict_(strict) {
        writer_.begin_object().string("type", "object").key("properties").begin_object();
    }
    // Ends the object that the constructor began; keys in `more` are written by the caller before.
    void finish() {
        writer_.end_object();
        if (strict_) writer_.boolean("additionalProperties", false);
        writer_.end_object();
    }

    void value(const Field& field, bool&) override { write(field, Shape::flag); }
    void value(const Field& field, std::optional<bool>&) override { write(field, Shape::flag); }
    void value(const Field& field, std::string&) override { write(field, Shape::text); }
    void value(const Field& field, std::int64_t&) override { write(field, Shape::whole); }
    void value(const Field& field, std::optional<std::int64_t>&) override {
        write(field, Shape::whole);
    }
    void value(const Field& field, std::optional<double>&) override { write(field, Shape::number); }
    void value(const Field& field, Duration&) override {
        write(field, Shape::number, "; a duration: 30s, 5m, 1h30m, or seconds");
    }
    void value(const Field& field, Bytes&) override {
        write(field, Shape::whole, "; a size: 64k, 32MiB, or bytes");
    }
    void value(const Field& field, Secret&) override {
        write(field, Shape::text, "; os.environ/NAME, ${NAME} or file:/path");
    }
    void value(const Field& field, JsonText&) override { write(field, Shape::mapping); }
    void value(const Field& field, StringMap&) override { write(field, Shape::mapping); }
    void json_map(const Field& field, JsonMap&) override { write(field, Shape::mapping); }
    void value(const Field& field, std::vector<std::string>&) override {
        write(field, Shape::text_list);
    }
    void price(const Field& field, std::optional<std::int64_t>&) override {
        write(field, Shape::number);
    }
    void section(const Field& field, const std::function<void(FieldVisitor&)>& inner) override {
        writer_.key(field.key);
        SchemaWriter nested(writer_, strict_);
        inner(nested);
        nested.finish();
    }
    void later(std::string_view keys) override {
        each_word(keys, ' ', [&](std::string_view key) {
            writer_.key(key).begin_object();
            writer_.string("description", "accepted and not used yet").end_object();
        });
    }
    json::Writer& writer() { return writer_; }

private:
    void write(const Field& field, Shape shape, std::string_view more = "") {
        writer_.key(field.key).begin_object();
        writer_.string("description", std::string(field.text) + std::string(more));
        if (!field.choices.empty()) {
            writer_.key("enum").begin_array();
            each_word(field.choices, '|', [&](std::string_view word) { writer_.string(word); });
            writer_.end_array();
        } else {
            writer_.key("type").begin_array();
            switch (shape) {
                case Shape::flag: writer_.string("boolean").string("string"); break;
                case Shape::whole: writer_.string("integer").string("string"); break;
                case Shape::number: writer_.string("number").string("string"); break;
                case Shape::text:
                    writer_.string("string").string("number").string("boolean");
                    break;
                case Shape::text_list: writer_.string("array").string("string"); break;
                case Shape::mapping: writer_.string("object"); break;
            }
            writer_.string("null").end_array();
        }
        writer_.end_object();
    }

    json::Writer& writer_;
    bool strict_;
};

void object(json::Writer& writer, std::string_view key, bool strict,
            const std::function<void(SchemaWriter&)>& inner) {
    writer.key(key);
    SchemaWriter nested(writer, strict);
    inner(nested);
    nested.finish();
}

void fallback_list(json::Writer& writer, std::string_view key) {
    writer.key(key).begin_object();
    writer.string("description",
                  "models tried after others: a list of {model: [names]} or of names");
    writer.key("type").begin_array().string("array").string("object").end_array().end_object();
}

void map_of(json::Writer& writer, std::string_view key, std::string_view description,
            const std::function<void()>& element) {
    writer.key(key).begin_object().string("type", "object");
    writer.string("description", description).key("additionalProperties");
    element();
    writer.end_object();
}

void model_list(json::Writer& writer) {
    writer.key("model_list").begin_object().string("type", "array").key("items");
    SchemaWriter entry(writer, false);
    ModelEntry defaults;
    entry.value({"model_name", "the public name; `*` stands for anything"}, defaults.model_name);
    object(writer, "litellm_params", false, [&](SchemaWriter& v) {
        describe_params(defaults, v);
        v.json_map({"force", "body fields that win over the client's"}, defaults.extra_body);
    });
    object(writer, "model_info", false, [&](SchemaWriter& v) { describe(defaults.info, v); });
    entry.finish();
    writer.end_object();
}

// An object of these keys; their kinds are for the loader to check, since most take several.
void keys_only(json::Writer& writer, const std::vector<Field>& keys) {
    writer.begin_object().string("type", "object").key("properties").begin_object();
    for (const Field& field : keys) {
        writer.key(field.key).begin_object();
        writer.string("description", field.text);
        if (&keys == &rule_keys && field.key == "match") {
            writer.key("allOf").begin_array();
            keys_only(writer, match_keys);
            writer.end_array();
        }
        if (&keys == &rule_keys && field.key == "use") {
            writer.key("anyOf").begin_array();
            keys_only(writer, use_keys);
            writer.begin_object().key("type").begin_array();
            writer.string("string").string("array").end_array().end_object().end_array();
        }
        writer.end_object();
    }
    writer.end_object().boolean("additionalProperties", false).end_object();
}

void routing(json::Writer& writer, RoutingConfig& config) {
    object(writer, "routing", true, [&](SchemaWriter& v) {
        describe(config, v);
        for (const auto& [key, keys] :
             {std::pair{"rules", &rule_keys}, std::pair{"experiments", &experiment_keys}}) {
            writer.key(key).begin_object().string("type", "array").key("items");
            keys_only(writer, *keys);
            writer.end_object();
        }
        map_of(writer, "tasks", "kinds of work of your own, or built-in ones anew, by name", [&] {
            writer.begin_object().string("type", "object").end_object();
        });
    });
}

void our_sections(json::Writer& writer, Config& config) {
    object(writer, "server", true, [&](SchemaWriter& v) { describe(config.server, v); });
    object(writer, "logging", true, [&](SchemaWriter& v) { describe(config.logging, v); });
    object(writer, "telemetry", true, [&](SchemaWriter& v) { describe(config.telemetry, v); });
    routing(writer, config.routing);
    object(writer, "tiers", false, [&](SchemaWriter& v) { describe(config.tiers, v); });
    object(writer, "stores", true, [&](SchemaWriter& v) { describe(config.stores, v); });
    object(writer, "billing", false, [&](SchemaWriter& v) { describe(config.billing, v); });
    object(writer, "alerts", true, [&](SchemaWriter& v) { describe(config.alerts, v); });
    object(writer, "audit", true, [&](SchemaWriter& v) { describe(config.audit, v); });
    object(writer, "cache", true, [&](SchemaWriter& v) { describe(config.cache, v); });
    object(writer, "health_check", true,
           [&](SchemaWriter& v) { describe(config.health_check, v); });
    object(writer, "rate_limits", true, [&](SchemaWriter& v) { describe(config.rate_limits, v); });
    object(writer, "config", true, [&](SchemaWriter& v) {
        v.value({"precedence", "what counts where file and database differ", 0, 0,
                 "file|database"},
                config.precedence);
    });
    map_of(writer, "providers", "accounts at providers, by name", [&] {
        ProviderAccount account;
        SchemaWriter nested(writer, true);
        describe(account, nested);
        nested.finish();
    });
}

void litellm_sections(json::Writer& writer, Config& config) {
    model_list(writer);
    object(writer, "router_settings", false, [&](SchemaWriter& v) {
        describe(config.router_settings, v);
        for (const char* key :
             {"fallbacks", "context_window_fallbacks", "content_policy_fallbacks"}) {
            fallback_list(writer, key);
        }
        writer.key("model_group_alias").begin_object().string("type", "object");
        writer.string("description", "alias: name, or alias: {model, hidden}").end_object();
    });
    object(writer, "litellm_settings", false, [&](SchemaWriter& v) {
        LitellmSettings settings;
        describe(settings, v);
        for (const char* key :
             {"fallbacks", "context_window_fallbacks", "content_policy_fallbacks"}) {
            fallback_list(writer, key);
        }
        v.value({"default_fallbacks", "models tried after any other"},
                config.router_settings.default_fallbacks);
    });
    object(writer, "general_settings", false, [&](SchemaWriter& v) {
        describe(config.general_settings, v);
        Duration timeout{0};
        v.value({"request_timeout", "until the answer begins, and between its bytes"}, timeout);
    });
    map_of(writer, "fallback_models", "chains of models by name",
           [&] { writer.begin_object().string("type", "array").end_object(); });
}

}  // namespace

std::string json_schema() {
    std::string out;
    json::Writer writer(out);
    Config config;
    writer.begin_object();
    writer.string("$schema", "https://json-schema.org/draft/2020-12/schema");
    writer.string("title", "Tollgate configuration").string("type", "object");
    writer.key("properties").begin_object();
    our_sections(writer, config);
    litellm_sections(writer, config);
    const auto any = [&](std::string_view key, std::string_view text) {
        writer.key(key).begin_object().string("description", text).end_object();
    };
    any("include", "files to read as well, relative to this one");
    any("environment_variables", "variables to set before references are resolved");
    any("tenants_dir", "folder of tenant files; default: tenants beside this file");
    any("tenant_configs", "the same, as other gateways spell it, or the tenants themselves");
    any("cost_tracking", "alert_thresholds of budgets, as other gateways spell them");
    each_word(top_level_later, ' ',
              [&](std::string_view key) { any(key, "accepted and not used yet"); });
    writer.end_object().boolean("additionalProperties", false).end_object();
    out += '\n';
    return out;
}

}  // namespace tollgate::config
