#include "assembly/database_models.hpp"

#include <algorithm>
#include <array>

#include "assembly/deployments.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "store/experiments.hpp"
#include "store/models.hpp"
#include "store/providers.hpp"
#include "store/routing_rules.hpp"

namespace tollgate::assembly {
namespace {

using config::Problem;
using config::Severity;
using domain::TokenRates;

constexpr std::int64_t timeout_seconds_max = 3600;
constexpr std::int64_t pico_per_nano = 1'000, tokens_per_million = 1'000'000;

Problem problem(Severity severity, std::string path, std::string message) {
    return Problem{severity, "database", 0, 0, std::move(path), std::move(message), {}};
}

config::Origin of_database() {
    config::Origin origin;
    origin.kind = config::Origin::Kind::file;
    origin.file = "database";
    return origin;
}

base::Error wrong(const std::string& name, std::string_view expected) {
    return base::invalid("config." + name + " must be " + std::string(expected), "config");
}

base::Result<void> read_text(const std::string& name, json::Value value, std::string& target) {
    if (!value.is_string()) return wrong(name, "a text");
    target = value.text();
    return {};
}

base::Result<void> read_flag(const std::string& name, json::Value value, bool& target) {
    const auto flag = value.boolean();
    if (!flag) return wrong(name, "true or false");
    target = *flag;
    return {};
}

base::Result<void> read_headers(json::Value value, config::StringMap& headers) {
    if (!value.is_object()) return wrong("headers", "an object of texts");
    const auto members = value.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        const std::string name = it.key().text();
        const bool plain = !name.empty() && name.find_first_of(":\r\n ") == std::string::npos;
        if (!plain || !(*it).is_string() || (*it).text().find_first_of("\r\n") !=
                                                std::string::npos) {
            return wrong("headers", "an object of texts without line breaks");
        }
        headers.emplace_back(name, (*it).text());
    }
    return {};
}

base::Result<void> read_seconds(const std::string& name, json::Value value,
                                config::Duration& target) {
    const auto seconds = value.integer();
    if (!seconds || *seconds < 1 || *seconds > timeout_seconds_max) {
        return wrong(name, "a whole number of seconds from 1 to 3600");
    }
    target = std::chrono::seconds(*seconds);
    return {};
}

base::Result<void> read_setting(const std::string& name, json::Value value,
                                config::ProviderAccount& account) {
    if (name == "timeout") return read_seconds(name, value, account.timeout);
    if (name == "headers") return read_headers(value, account.headers);
    if (name == "api_version") return read_text(name, value, account.api_version);
    if (name == "verify_tls") return read_flag(name, value, account.verify_tls);
    if (name == "drop_params") return read_flag(name, value, account.drop_params);
    if (name == "region") {
        TRY_VOID(read_text(name, value, account.cloud.aws_region_name));
        account.cloud.vertex_location = account.cloud.aws_region_name;
        return {};
    }
    if (name == "health_check") {
        TRY_VOID(read_text(name, value, account.health_check));
        for (const char* known : {"off", "models", "completion"}) {
            if (account.health_check == known) return {};
        }
        return wrong(name, "off, models or completion");
    }
    if (name == "project") return read_text(name, value, account.cloud.vertex_project);
    if (name == "max_retries") {
        // Attempts are counted over all candidates (routing.max_attempts): taken, and of no effect.
        const auto count = value.integer();
        if (!count || *count < 0 || *count > 10) return wrong(name, "a whole number from 0 to 10");
        return {};
    }
    return base::invalid("config." + name + " is unknown: timeout, headers, api_version, "
                         "verify_tls, drop_params, region, project, health_check and "
                         "max_retries are known",
                         "config");
}

void set_rate(config::PriceOverrides& prices, domain::PicoUsd TokenRates::* rate,
              domain::PicoUsd figure) {
    for (std::size_t i = 0; i < config::price_keys.size(); ++i) {
        const config::PriceKey& key = config::price_keys[i];
        if (key.rate == rate && key.service.empty() && key.above == 0) prices.figures[i] = figure;
    }
}

// Nano-dollars for a million tokens as pico-dollars for one, to the nearest.
domain::PicoUsd per_token(domain::NanoUsd per_million) {
    constexpr std::int64_t divisor = tokens_per_million / pico_per_nano;
    return (per_million + divisor / 2) / divisor;
}

void read_prices(const std::string& text, config::PriceOverrides& prices) {
    struct Class {
        const char* name;
        domain::PicoUsd TokenRates::* rate;
    };
    constexpr std::array<Class, 6> classes{{{"cache_read", &TokenRates::cache_read},
                                            {"cache_write_5m", &TokenRates::cache_write_5m},
                                            {"cache_write_1h", &TokenRates::cache_write_1h},
                                            {"reasoning", &TokenRates::reasoning},
                                            {"audio_input", &TokenRates::audio_input},
                                            {"audio_output", &TokenRates::audio_output}}};
    json::Document document;
    const auto root = document.parse(text);
    if (!root.ok()) return;
    for (const Class& each : classes) {
        const json::Value value = (*root)[each.name];
        if (!value.exists()) continue;
        const auto nano = domain::parse_dollars(value.raw());
        if (nano.ok()) set_rate(prices, each.rate, per_token(*nano));
    }
}

// Of a custom strategy, where all three are there.
void take_weights(json::Value settings, domain::ScoreWeights& weights) {
    const auto cost = settings["cost_weight"].number();
    const auto latency = settings["latency_weight"].number();
    const auto quality = settings["quality_weight"].number();
    if (!cost || !latency || !quality) return;
    const domain::ScoreWeights given{*cost, *latency, *quality};
    if (domain::sound(given)) weights = given;
}

// Adds what the database has to what the file says.
class Merge {
public:
    Merge(const config::Config& config, const policy::KeyVault& vault,
          std::vector<Problem>& problems)
        : merged_(config), vault_(vault), problems_(problems),
          database_wins_(config.precedence == "database") {}

    void add(const domain::ProviderRow& row) {
        if (!row.enabled) return;
        const std::string path = "provider " + row.slug;
        std::string key;
        if (row.api_key_token.empty() && !row.tenant.empty()) {
            // The platform's own credentials, of its environment, are not a tenant's to use.
            problems_.push_back(problem(Severity::notice, path,
                                        "is left out: a tenant's provider needs an api_key"));
            return;
        }
        if (!row.api_key_token.empty()) {
            auto opened = vault_.open(owner_of(row), row.api_key_token);
            if (!opened.ok()) {
                problems_.push_back(problem(Severity::warning, path,
                                            "is left out: " + opened.error().message));
                return;
            }
            key = std::move(opened).value();
        }
        auto account = account_of(row, std::move(key));
        if (!account.ok()) {
            problems_.push_back(
                problem(Severity::warning, path, "is left out: " + account.error().message));
            return;
        }
        auto& accounts = merged_.providers;
        const auto same = std::find_if(accounts.begin(), accounts.end(), [&](const auto& other) {
            return other.name == row.slug;
        });
        if (same == accounts.end()) {
            accounts.push_back(std::move(account).value());
        } else if (database_wins_ && row.tenant.empty()) {
            problems_.push_back(problem(Severity::notice, path,
                                        same->origin.text() + " has it too, and the database "
                                        "wins (config.precedence: database)"));
            *same = std::move(account).value();
        } else {
            problems_.push_back(problem(Severity::notice, path,
                                        same->origin.text() + " has it too and wins "
                                        "(config.precedence: file)"));
            return;
        }
        providers_.push_back(&row);
    }

    void add(const domain::ModelRow& row) {
        if (!row.enabled) return;
        const auto provider =
            std::find_if(providers_.begin(), providers_.end(),
                         [&](const auto* other) { return other->slug == row.provider; });
        if (provider == providers_.end()) return;
        config::ModelEntry entry = entry_of(**provider, row);
        auto& list = merged_.model_list;
        const auto same = std::find_if(list.begin(), list.end(), [&](const auto& other) {
            return other.model_name == entry.model_name && other.model == entry.model &&
                   other.api_base.empty() && other.api_key.empty();
        });
        if (same == list.end()) {
            list.push_back(std::move(entry));
            return;
        }
        problems_.push_back(problem(Severity::notice, "model " + entry.model,
                                    same->origin.text() + " has it too, and " +
                                        (database_wins_ ? "the database" : "the file") + " wins"));
        if (database_wins_) *same = std::move(entry);
    }

    // Where the file says nothing of aliases, or the database wins.
    void add(const domain::RoutingSettings& settings) {
        if (!settings.tenant.empty()) return add_of_tenant(settings);
        merged_.routing.fallback_providers = settings.fallback_providers;
        auto& aliases = merged_.router_settings.model_group_alias;
        for (const auto& [name, target] : settings.aliases) {
            const auto same = std::find_if(aliases.begin(), aliases.end(), [&](const auto& other) {
                return other.name == name;
            });
            if (same != aliases.end() && !database_wins_) continue;
            if (same != aliases.end()) aliases.erase(same);
            config::Alias alias;
            alias.name = name;
            alias.target = target;
            alias.origin = of_database();
            aliases.push_back(std::move(alias));
        }
        json::Document document;
        const auto root = document.parse(settings.config);
        if (!root.ok()) return;
        config::RoutingConfig& routing = merged_.routing;
        if (settings.strategy_set && (!routing.strategy || database_wins_)) {
            routing.strategy = domain::strategy_of(settings.strategy);
            take_weights(*root, routing.weights);
        }
        if (const auto retries = (*root)["max_retries"].integer()) {
            routing.max_attempts = *retries + 1;
        }
        if (const auto delay = (*root)["retry_delay_ms"].integer()) {
            routing.backoff_first = std::chrono::milliseconds(*delay);
        }
        if (const auto timeout = (*root)["timeout_ms"].integer()) {
            routing.headers_timeout = std::chrono::milliseconds(*timeout);
        }
    }

    // Usage knows an experiment by its name: one of the file's stands in the way of all others.
    void add(const domain::ExperimentRow& row) {
        if (!row.spec.enabled) return;
        auto& all = merged_.routing.experiments;
        const auto same = std::find_if(all.begin(), all.end(), [&](const auto& other) {
            return other.name == row.spec.name && other.origin != domain::origin_database;
        });
        if (same == all.end()) return all.push_back(row.spec);
        const bool replaces = database_wins_ && row.spec.tenant.empty();
        problems_.push_back(problem(Severity::notice, "experiment " + row.spec.name,
                                    same->origin + " has it too, and " +
                                        (replaces ? "the database" : "the file") + " wins"));
        if (replaces) *same = row.spec;
    }

    config::Config take() { return std::move(merged_); }

private:
    void add_of_tenant(const domain::RoutingSettings& settings) {
        domain::TenantRouting own;
        own.tenant = settings.tenant;
        if (settings.strategy_set) own.strategy = domain::strategy_of(settings.strategy);
        own.fallback_providers = settings.fallback_providers;
        own.aliases = settings.aliases;
        json::Document document;
        if (const auto root = document.parse(settings.config); root.ok()) {
            take_weights(*root, own.weights);
            const std::int64_t retries = (*root)["max_retries"].integer().value_or(-1);
            if (retries >= 0) own.max_attempts = retries + 1;
            const auto milliseconds = [&](std::string_view name) {
                return std::chrono::milliseconds((*root)[name].integer().value_or(0));
            };
            own.first_backoff = milliseconds("retry_delay_ms");
            own.headers = milliseconds("timeout_ms");
        }
        merged_.routing.tenants.push_back(std::move(own));
    }

    config::Config merged_;
    const policy::KeyVault& vault_;
    std::vector<Problem>& problems_;
    const bool database_wins_;
    std::vector<const domain::ProviderRow*> providers_;  // that are in `merged_`
};

}  // namespace

std::string ModelRows::fingerprint() const {
    std::string all;
    const auto add = [&all](std::string_view text) {
        all += std::to_string(text.size());
        all += ':';
        all += text;
    };
    // Whatever changes an object changes its etag; a rotation changes the token alone, which
    // opens to the same.
    for (const auto& row : providers) {
        add(row.slug);
        add(std::to_string(row.etag) + " " + std::to_string(row.created));
    }
    all += '/';
    for (const auto& row : models) add(row.id + " " + std::to_string(row.etag));
    all += '/';
    for (const auto& row : routing) add(row.id + " " + std::to_string(row.etag));
    all += '/';
    for (const auto& row : experiments) add(row.spec.id + " " + std::to_string(row.etag));
    return crypto::hex(crypto::sha256(all));
}

base::Result<ModelRows> load_model_rows(store::Session& session) {
    ModelRows rows;
    TRY(rows.providers, store::load_providers(session));
    TRY(rows.models, store::load_models(session));
    TRY(rows.routing, store::load_routing_settings(session));
    TRY(rows.experiments, store::load_experiments(session));
    return rows;
}

policy::CredentialOwner owner_of(const domain::ProviderRow& provider) {
    return {provider.tenant, "", "provider/" + provider.slug};
}

base::Result<config::ProviderAccount> account_of(const domain::ProviderRow& provider,
                                                 std::string api_key) {
    config::ProviderAccount account;
    account.name = provider.slug;
    account.type = provider.type;
    account.api_base = provider.api_base_url;
    account.api_key.value = std::move(api_key);
    account.api_key.reference = "database";
    account.tenant = provider.tenant;
    account.priority = provider.priority;
    account.origin = of_database();
    json::Document document;
    TRY(const json::Value root, document.parse(provider.config));
    const auto members = root.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        TRY_VOID(read_setting(it.key().text(), *it, account));
    }
    return account;
}

config::ModelEntry entry_of(const domain::ProviderRow& provider, const domain::ModelRow& model) {
    config::ModelEntry entry;
    entry.model = provider.slug + "/" + model.name;
    // A name with a slash would stand in the way of the provider that it begins with, and a
    // tenant's in the way of everybody's model of that name.
    const bool plain =
        provider.tenant.empty() && model.name.find_first_of("/*") == std::string::npos;
    entry.model_name = plain ? model.name : entry.model;
    entry.order = 0;
    entry.info.id = model.id;
    entry.info.max_input_tokens = model.context_length;
    entry.info.quality_score = model.quality;
    entry.info.avg_latency_ms = model.latency_ms;
    if (model.input_price) {
        set_rate(entry.prices, &TokenRates::input, per_token(*model.input_price));
    }
    if (model.output_price) {
        set_rate(entry.prices, &TokenRates::output, per_token(*model.output_price));
    }
    read_prices(model.prices, entry.prices);
    json::Document document;
    const auto root = document.parse(model.metadata);
    if (root.ok()) {
        const json::Value metadata = *root;
        config::ModelInfo& info = entry.info;
        info.mode = metadata["mode"].text();
        info.base_model = metadata["base_model"].text();
        info.max_output_tokens = metadata["max_output_tokens"].integer();
        info.supports_vision = metadata["supports_vision"].boolean();
        info.supports_function_calling = metadata["supports_function_calling"].boolean();
        info.supports_reasoning = metadata["supports_reasoning"].boolean();
        info.supports_pdf_input = metadata["supports_pdf_input"].boolean();
        info.supports_response_schema = metadata["supports_response_schema"].boolean();
    }
    entry.origin = of_database();
    return entry;
}

config::Config with_rows(const config::Config& config, const ModelRows& rows,
                         const policy::KeyVault& vault, std::vector<Problem>& problems) {
    Merge merge(config, vault, problems);
    for (const domain::ProviderRow& row : rows.providers) merge.add(row);
    for (const domain::ModelRow& row : rows.models) merge.add(row);
    for (const domain::RoutingSettings& row : rows.routing) merge.add(row);
    for (const domain::ExperimentRow& row : rows.experiments) merge.add(row);
    return merge.take();
}

base::Result<gateway::EndpointPointer> endpoint_of(const BuildInput& input,
                                                   const domain::ProviderRow& provider,
                                                   const std::string& api_key,
                                                   const std::string& model) {
    config::Config alone;
    alone.general_settings = input.config.general_settings;
    alone.routing = input.config.routing;
    TRY(config::ProviderAccount account, account_of(provider, api_key));
    alone.providers.push_back(std::move(account));
    BuildInput only{alone,          input.catalog, input.environment,          input.registry,
                    input.shared,   nullptr,       input.generated_master_key, input.version};
    const EndpointMaker maker(only);
    return maker.of_name(provider.slug, model);
}

}  // namespace tollgate::assembly
