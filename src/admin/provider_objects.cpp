#include "admin/provider_objects.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "admin/byok.hpp"
#include "admin/objects.hpp"
#include "domain/routing.hpp"
#include "store/providers.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t priority_max = 1'000'000;
constexpr std::size_t url_bytes_max = 500, name_bytes_max = 100, model_bytes_max = 200;
constexpr std::int64_t context_max = 1'000'000'000;
constexpr double weights_tolerance = 1e-6;

void write_optional(json::Writer& writer, std::string_view name,
                    const std::optional<std::int64_t>& value) {
    writer.key(name);
    value ? writer.integer(*value) : writer.null();
}

void write_number(json::Writer& writer, std::string_view name, double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.begin(), text.end(), value);
    writer.raw(name, std::string_view(text.data(), end.ptr));
}

void write_or_null(json::Writer& writer, std::string_view name, const std::string& text) {
    writer.key(name);
    text.empty() ? writer.null() : writer.string(text);
}

void write_etag(json::Writer& writer, std::uint64_t etag) {
    writer.string("etag", std::to_string(etag));
}

// The mean of both prices over the models that have them.
std::optional<domain::NanoUsd> mean_price(const std::vector<domain::ModelRow>& models) {
    long double sum = 0;
    std::int64_t count = 0;
    for (const domain::ModelRow& model : models) {
        if (!model.input_price || !model.output_price) continue;
        sum += static_cast<long double>(*model.input_price) +
               static_cast<long double>(*model.output_price);
        count += 2;
    }
    if (count == 0) return std::nullopt;
    return static_cast<domain::NanoUsd>(std::llround(sum / static_cast<long double>(count)));
}

void write_level(json::Writer& writer, domain::PowerLevel level) {
    const domain::LevelSettings& settings = domain::built_in_level(level);
    writer.key(domain::to_string(level)).begin_object();
    write_number(writer, "max_cost_per_1k", settings.ceiling_usd_per_1k);
    write_number(writer, "cost_weight", settings.weights.cost);
    write_number(writer, "latency_weight", settings.weights.latency);
    write_number(writer, "quality_weight", settings.weights.quality);
    write_names(writer, "preferred", settings.preferred);
    write_names(writer, "fallback", settings.fallback);
    writer.end_object();
}

void read_quality(Fields& fields, std::optional<double>& quality) {
    if (!fields.has("quality_score")) return;
    if (fields.is_null("quality_score")) return quality.reset();
    const auto number = fields.value("quality_score").number();
    if (!number || *number < 0 || *number > 1) {
        return fields.problem("quality_score", "must be a number from 0 to 1, or null");
    }
    constexpr double hundredths = 100;
    quality = std::round(*number * hundredths) / hundredths;
}

// Weights of the composite score and bounds of the attempts, each with its range.
void check_config(Fields& fields, domain::RoutingSettings& settings) {
    struct Number {
        const char* name;
        double least, most;
        bool whole;
    };
    static constexpr std::array<Number, 6> known{{{"cost_weight", 0, 1, false},
                                                  {"latency_weight", 0, 1, false},
                                                  {"quality_weight", 0, 1, false},
                                                  {"max_retries", 0, 10, true},
                                                  {"retry_delay_ms", 0, 60'000, true},
                                                  {"timeout_ms", 100, 3'600'000, true}}};
    json::Document document;
    const auto root = document.parse(settings.config);
    if (!root.ok()) return;
    double sum = 0;
    int weights = 0;
    const auto members = root->members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        const std::string name = it.key().text();
        const auto* const found = std::find_if(known.begin(), known.end(), [&](const Number& each) {
            return each.name == name;
        });
        if (found == known.end()) {
            fields.problem("config", "has the unknown member " + name);
            continue;
        }
        const auto number = (*it).number();
        const bool whole = !found->whole || (*it).integer().has_value();
        if (!number || !whole || *number < found->least || *number > found->most) {
            fields.problem("config", name + " is out of range");
            continue;
        }
        if (name.ends_with("_weight")) {
            sum += *number;
            ++weights;
        }
    }
    constexpr int all_weights = 3;
    if (weights == 0) return;
    if (weights != all_weights || std::abs(sum - 1) > weights_tolerance) {
        fields.problem("config", "must have cost_weight, latency_weight and quality_weight that "
                                 "sum to 1");
    }
}

}  // namespace

void write_members(json::Writer& writer, const domain::ProviderRow& provider) {
    writer.string("id", store::provider_uuid(provider.slug)).string("slug", provider.slug);
    write_or_null(writer, "tenant", provider.tenant);
    writer.string("name", provider.name)
        .string("type", provider.type)
        .string("status", provider.enabled ? "enabled" : "disabled")
        .boolean("enabled", provider.enabled)
        .integer("priority", provider.priority);
    write_or_null(writer, "api_key", provider.masked);
    write_or_null(writer, "api_base_url", provider.api_base_url);
    writer.raw("config", provider.config);
    writer.string("health_status", provider.health);
    write_or_null(writer, "health_message", provider.health_message);
    write_time(writer, "last_health_check", provider.health_checked);
    writer.string("origin", provider.origin);
    write_time(writer, "created_at", provider.created);
    write_time(writer, "updated_at", provider.updated);
    write_etag(writer, provider.etag);
}

void write(json::Writer& writer, const domain::ProviderRow& provider) {
    writer.begin_object();
    write_members(writer, provider);
    writer.end_object();
}

void write(json::Writer& writer, const ProviderView& provider) {
    writer.begin_object();
    write_members(writer, provider.row);
    writer.integer("models", static_cast<std::int64_t>(provider.models.size()));
    write_money(writer, "avg_cost_per_1m", mean_price(provider.models));
    writer.key("enabled_models").begin_array();
    for (const domain::ModelRow& model : provider.models) {
        if (model.enabled) writer.string(model.name);
    }
    writer.end_array().end_object();
}

void write_members(json::Writer& writer, const domain::ModelRow& model) {
    writer.string("id", model.id).string("provider_id", store::provider_uuid(model.provider));
    writer.string("provider", model.provider);
    write_or_null(writer, "tenant", model.tenant);
    writer.string("name", model.name);
    writer.string("display_name", model.display_name.empty() ? model.name : model.display_name);
    write_money(writer, "cost_per_1m_input", model.input_price);
    write_money(writer, "cost_per_1m_output", model.output_price);
    write_optional(writer, "context_length", model.context_length);
    writer.boolean("enabled", model.enabled);
    write_optional(writer, "avg_latency_ms", model.latency_ms);
    if (model.quality) {
        write_number(writer, "quality_score", *model.quality);
    } else {
        writer.key("quality_score").null();
    }
    writer.raw("metadata", model.metadata).raw("prices", model.prices);
    writer.string("origin", model.origin);
    write_time(writer, "created_at", model.created);
    write_time(writer, "updated_at", model.updated);
    write_etag(writer, model.etag);
}

void write(json::Writer& writer, const domain::ModelRow& model) {
    writer.begin_object();
    write_members(writer, model);
    writer.end_object();
}

void write(json::Writer& writer, const domain::RoutingSettings& settings) {
    writer.begin_object();
    write_or_null(writer, "id", settings.id);
    write_or_null(writer, "tenant", settings.tenant);
    writer.string("strategy", settings.strategy);
    write_names(writer, "fallback_providers", settings.fallback_providers);
    write_pairs(writer, "model_aliases", settings.aliases);
    writer.raw("config", settings.config);
    writer.key("power_levels").begin_object();
    for (const auto level : {domain::PowerLevel::eco, domain::PowerLevel::balanced,
                             domain::PowerLevel::precision}) {
        write_level(writer, level);
    }
    writer.end_object();
    write_time(writer, "created_at", settings.created);
    write_time(writer, "updated_at", settings.updated);
    write_etag(writer, settings.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::UserProviderKey& key) {
    writer.begin_object()
        .string("user_id", key.user)
        .string("provider_type", key.provider)
        .boolean("enabled", key.enabled)
        .string("api_key", key.masked)
        .string("encryption_key_id", key.key_id);
    write_preferences(writer, key);
    write_etag(writer, key.etag);
    writer.end_object();
}

void read(Fields& fields, domain::ProviderRow& provider) {
    fields.text("name", provider.name, name_bytes_max);
    if (provider.name.empty()) fields.problem("name", "is required");
    fields.text("type", provider.type, name_bytes_max);
    if (provider.type.empty()) fields.problem("type", "is required, like openai or openrouter");
    fields.text("api_base_url", provider.api_base_url, url_bytes_max);
    fields.flag("enabled", provider.enabled);
    fields.integer("priority", provider.priority, -priority_max, priority_max);
    fields.object_text("config", provider.config);
}

void read(Fields& fields, domain::ModelRow& model) {
    fields.text("name", model.name, model_bytes_max);
    if (model.name.empty()) fields.problem("name", "is required: as the provider knows it");
    fields.text("display_name", model.display_name, model_bytes_max);
    for (const char* name : {"cost_per_1m_input", "cost_per_1m_input_tokens"}) {
        fields.optional_money(name, model.input_price);
    }
    for (const char* name : {"cost_per_1m_output", "cost_per_1m_output_tokens"}) {
        fields.optional_money(name, model.output_price);
    }
    fields.optional_integer("context_length", model.context_length);
    if (model.context_length.value_or(0) > context_max) {
        fields.problem("context_length", "is more tokens than any model takes");
    }
    fields.flag("enabled", model.enabled);
    read_quality(fields, model.quality);
    fields.object_text("metadata", model.metadata);
    fields.object_text("prices", model.prices);
}

void read(Fields& fields, domain::RoutingSettings& settings) {
    if (fields.has("strategy")) settings.strategy_set = true;
    fields.word("strategy", settings.strategy, {"cost", "latency", "balanced", "custom"});
    fields.names("fallback_providers", settings.fallback_providers);
    fields.pairs("model_aliases", settings.aliases);
    fields.object_text("config", settings.config);
    check_config(fields, settings);
}

void read(Fields& fields, domain::UserProviderKey& key) {
    fields.flag("enabled", key.enabled);
    if (!fields.has("preferences")) return;
    std::vector<std::string> models;
    std::optional<domain::NanoUsd> most;
    fields.object("preferences", [&](Fields& inner) {
        inner.names("preferred_models", models);
        inner.optional_money("max_cost_per_request", most);
    });
    key.metadata.clear();
    json::Writer writer(key.metadata);
    writer.begin_object();
    write_names(writer, "preferred_models", models);
    if (most) writer.integer("max_cost_per_request_nano", *most);
    writer.end_object();
}

domain::ProviderRow fresh(const domain::ProviderRow& stored) {
    domain::ProviderRow row = stored;
    const domain::ProviderRow made;
    // The secret is never shown, so a PUT without it keeps it.
    row.name.clear();
    row.type.clear();
    row.api_base_url = made.api_base_url;
    row.enabled = made.enabled;
    row.priority = made.priority;
    row.config = made.config;
    return row;
}

domain::ModelRow fresh(const domain::ModelRow& stored) {
    domain::ModelRow row;
    row.id = stored.id;
    row.tenant = stored.tenant;
    row.provider = stored.provider;
    row.latency_ms = stored.latency_ms;
    row.origin = stored.origin;
    row.created = stored.created;
    row.updated = stored.updated;
    row.etag = stored.etag;
    return row;
}

domain::RoutingSettings fresh(const domain::RoutingSettings& stored) {
    domain::RoutingSettings settings;
    settings.id = stored.id;
    settings.tenant = stored.tenant;
    settings.name = stored.name;
    settings.created = stored.created;
    settings.updated = stored.updated;
    settings.etag = stored.etag;
    return settings;
}

domain::UserProviderKey fresh(const domain::UserProviderKey& stored) {
    domain::UserProviderKey key = stored;
    const domain::UserProviderKey made;
    key.enabled = made.enabled;
    key.metadata = made.metadata;
    return key;
}

}  // namespace tollgate::admin
