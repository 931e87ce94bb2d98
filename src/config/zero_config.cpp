#include "config/zero_config.hpp"

#include <set>

#include "config/environment.hpp"

namespace tollgate::config {
namespace {

constexpr std::int64_t coding_context_min = 100'000;  // Claude Code's prompts and some work
// A tier that nobody chose must not become expensive: nano-USD per output token, Sonnet's price.
constexpr std::int64_t strong_price_max = 10'000;

// The variable that offers a provider: its credential, or the address of one that needs none.
std::optional<std::string> offered_by(const domain::ProviderTraits& row,
                                      const Environment& environment) {
    const auto& names = row.credential_required ? row.credential_env : row.base_url_env;
    for (const std::string& name : names) {
        if (environment.lookup(name)) return name;
    }
    return std::nullopt;
}

struct Offer {
    const domain::ModelTraits* model;
    std::string name;
};

bool fit_for_coding(const domain::ModelTraits& model) {
    return model.tools && model.context_tokens >= coding_context_min && model.prices.output > 0;
}

// Claude's own models by tier; where there are none, the strongest that is not dear and the
// cheapest of the first provider that has both.
Tiers tiers_of(const std::vector<Offer>& offers) {
    Tiers tiers;
    const auto first = [&](std::string_view tier) -> std::string {
        for (const Offer& offer : offers) {
            if (offer.model->tier == tier) return offer.name;
        }
        return {};
    };
    tiers.opus = first("opus");
    tiers.sonnet = first("sonnet");
    tiers.haiku = first("haiku");
    tiers.fable = first("fable");
    const Offer* strong = nullptr;
    const Offer* cheap = nullptr;
    std::string_view provider;
    for (const Offer& offer : offers) {
        if (!fit_for_coding(*offer.model)) continue;
        const std::string_view id = offer.model->id;
        if (provider.empty()) provider = id.substr(0, id.find('/'));
        if (id.substr(0, id.find('/')) != provider) continue;
        const std::int64_t price = offer.model->prices.output;
        // The last of equal ones: the catalog lists a family's successors below it.
        const bool stronger = !strong || price >= strong->model->prices.output;
        if (price <= strong_price_max && stronger) strong = &offer;
        if (!cheap || price <= cheap->model->prices.output) cheap = &offer;
    }
    if (!strong) strong = cheap;
    if (!strong && !offers.empty()) strong = &offers.front();
    const std::string name = strong ? strong->name : std::string{};
    const auto fill = [](std::string& tier, const std::string& value) {
        if (tier.empty()) tier = value;
    };
    fill(tiers.sonnet, tiers.opus);
    fill(tiers.sonnet, name);
    fill(tiers.opus, tiers.sonnet);
    fill(tiers.fable, tiers.opus);
    fill(tiers.haiku, cheap ? cheap->name : tiers.sonnet);
    fill(tiers.fallback, tiers.sonnet);
    return tiers;
}

ModelEntry entry_of(const domain::ModelTraits& model, const std::string& name,
                    const Origin& origin) {
    ModelEntry entry;
    entry.model_name = name;
    entry.model = model.id;
    entry.origin = origin;
    return entry;
}

void demo(Config& config) {
    config.demo = true;
    const Origin origin;
    for (const char* name : {"echo", "test-model"}) {
        ModelEntry entry;
        entry.model_name = name;
        entry.model = "echo/echo";
        entry.origin = origin;
        config.model_list.push_back(std::move(entry));
    }
    config.tiers = {"echo", "echo", "echo", "echo", "echo"};
}

}  // namespace

Config zero_config(const Environment& environment, const Catalog& catalog) {
    Config config;
    std::vector<Offer> offers;
    std::set<std::string> names;
    for (const domain::ProviderTraits& row : catalog.providers) {
        if (row.echo) continue;
        const auto variable = offered_by(row, environment);
        if (!variable) continue;
        const Origin origin{Origin::Kind::environment, *variable, 0, 0};
        const std::string prefix = row.type + "/";
        for (const domain::ModelTraits& model : catalog.models) {
            if (!model.id.starts_with(prefix) || !model.deprecated_for.empty()) continue;
            // The same name at two providers is two things at two prices: the second is told apart.
            std::string name = model.id.substr(prefix.size());
            if (!names.insert(name).second) name = model.id;
            names.insert(name);
            config.model_list.push_back(entry_of(model, name, origin));
            offers.push_back({&model, name});
        }
    }
    if (config.model_list.empty()) demo(config);
    else config.tiers = tiers_of(offers);
    std::vector<Problem> problems;
    apply_environment(environment, config, problems);
    return config;
}

}  // namespace tollgate::config
