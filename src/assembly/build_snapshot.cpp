#include "assembly/build_snapshot.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "assembly/build_routing.hpp"
#include "assembly/deployments.hpp"
#include "assembly/retirements.hpp"
#include "config/show.hpp"
#include "crypto/digest.hpp"

namespace tollgate::assembly {
namespace {

using config::Problem;
using config::Severity;
using gateway::Snapshot;

constexpr std::chrono::seconds silence_kept{30};
constexpr std::size_t made_endpoints_max = 4096;  // by wildcard or by name, remembered

Problem problem(Severity severity, const config::Origin& origin, std::string path,
                std::string message) {
    return Problem{severity,        origin.file,        origin.line, origin.column,
                   std::move(path), std::move(message), {}};
}

// Where an instance listens and keeps its files decides no answer; the rest may.
std::string fingerprint_of(const config::Config& config, const std::string& stored_rows) {
    config::Config shared = config;
    shared.server = {};
    shared.stores = {};
    shared.logging = {};
    shared.telemetry = {};
    shared.alerts = {};
    shared.audit = {};
    shared.general_settings = {};
    shared.tenants.clear();
    const std::string all = TOLLGATE_VERSION "\n" + config::show_values(shared) + stored_rows;
    return crypto::hex(crypto::sha256(all)).substr(0, 32);
}

class Builder {
public:
    explicit Builder(const BuildInput& input)
        : input_(input),
          config_(input.config),
          maker_(std::make_shared<EndpointMaker>(input)),
          snapshot_(std::make_shared<Snapshot>()) {}

    BuildResult build() {
        snapshot_->version = input_.version;
        snapshot_->fingerprint = fingerprint_of(config_, input_.stored_rows);
        snapshot_->registry = input_.registry;
        add_groups();
        add_names();
        add_billing();
        add_settings();
        add_listed();
        maker_->end_of_build();
        build_routing({config_, *input_.catalog, snapshot_->names, input_.stored_rules,
                       !input_.stored_rows.empty()},
                      snapshot_->routing, problems_);
        if (input_.unix_now != 0) {
            tell_retirements(config_, *input_.catalog, *snapshot_, input_.unix_now, problems_);
        }
        gateway::index_endpoints(snapshot_->endpoints, snapshot_->routing);
        BuildResult result;
        result.problems = std::move(problems_);
        const bool failed =
            std::any_of(result.problems.begin(), result.problems.end(),
                        [](const Problem& item) { return item.severity == Severity::error; });
        if (!failed) result.snapshot = std::move(snapshot_);
        return result;
    }

private:
    void add_groups();
    void check_pattern(const config::ModelEntry& entry, std::size_t index);
    void add_names();
    void add_billing();
    void add_settings();
    void add_listed();
    void serve_names_on_demand();

    const BuildInput& input_;
    const config::Config& config_;
    std::shared_ptr<EndpointMaker> maker_;
    std::shared_ptr<Snapshot> snapshot_;
    std::vector<Problem> problems_;
    std::vector<routing::GroupInput> group_inputs_;
    std::vector<std::vector<const config::ModelEntry*>> group_entries_;
};

void Builder::add_groups() {
    for (std::size_t i = 0; i < config_.model_list.size(); ++i) {
        const config::ModelEntry& entry = config_.model_list[i];
        auto found =
            std::find_if(group_inputs_.begin(), group_inputs_.end(),
                         [&](const auto& group) { return group.name == entry.model_name; });
        const bool wildcard = entry.model_name.find('*') != std::string::npos;
        gateway::EndpointPointer endpoint;
        if (wildcard) {
            check_pattern(entry, i);
        } else {
            auto made = maker_->of_entry(entry, entry.model);
            if (!made.ok()) {
                // A shared configuration names more providers than one installation has keys for.
                const auto severity = made.error().code == base::ErrorCode::invalid_request
                                          ? Severity::error
                                          : Severity::warning;
                problems_.push_back(
                    problem(severity, entry.origin, "model_list[" + std::to_string(i) + "]",
                            "'" + entry.model_name + "' is left out: " + made.error().message));
                continue;
            }
            endpoint = std::move(made).value();
        }
        if (found == group_inputs_.end()) {
            group_inputs_.push_back({entry.model_name, entry.chat(), {}});
            group_entries_.emplace_back();
            auto group = std::make_unique<gateway::Group>();
            group->name = entry.model_name;
            group->chat = entry.chat();
            snapshot_->groups.push_back(std::move(group));
            found = group_inputs_.end() - 1;
        }
        const auto index = static_cast<std::size_t>(found - group_inputs_.begin());
        group_entries_[index].push_back(&entry);
        if (endpoint == nullptr) {
            found->deployments.push_back(entry.model);
            continue;
        }
        found->deployments.push_back(maker_->identity(entry, *endpoint));
        snapshot_->groups[index]->endpoints.push_back(endpoint);
        snapshot_->endpoints.push_back(endpoint);
    }
}

// A wildcard stays: what it lacks is told to the client that asks for one of its models.
void Builder::check_pattern(const config::ModelEntry& entry, std::size_t index) {
    if (entry.model.substr(0, entry.model.find('/')).find('*') != std::string::npos) return;
    auto checked = maker_->check(entry);
    if (checked.ok()) return;
    problems_.push_back(
        problem(Severity::warning, entry.origin, "model_list[" + std::to_string(index) + "]",
                "'" + entry.model_name + "' cannot be served: " + checked.error().message));
}

void Builder::add_names() {
    routing::NamesInput names;
    names.groups = group_inputs_;
    for (std::size_t i = 0; i < names.groups.size(); ++i) {
        const auto& endpoints = snapshot_->groups[i]->endpoints;
        const bool of_tenants = !endpoints.empty() &&
                                std::all_of(endpoints.begin(), endpoints.end(), [](const auto& e) {
                                    return !e->deployment.tenant.empty();
                                });
        if (!of_tenants) continue;
        // A tenant's own model stands in for nobody's tier, and others are not told of it.
        names.groups[i].chat = false;
        names.groups[i].suggested = false;
    }
    const config::RouterSettings& router = config_.router_settings;
    for (const config::Alias& alias : router.model_group_alias) {
        names.aliases.push_back({alias.name, alias.target, alias.hidden});
    }
    const config::Tiers& tiers = config_.tiers;
    names.tiers = {{"opus", tiers.opus},
                   {"sonnet", tiers.sonnet},
                   {"haiku", tiers.haiku},
                   {"fable", tiers.fable},
                   {"default", tiers.fallback}};
    for (const config::NamedChain& chain : config_.fallback_models) {
        names.chains.push_back({chain.name, chain.members});
    }
    const auto fallbacks = [](const std::vector<config::FallbackRule>& rules) {
        std::vector<routing::FallbackInput> inputs;
        for (const config::FallbackRule& rule : rules) inputs.push_back({rule.model, rule.to});
        return inputs;
    };
    names.fallbacks = fallbacks(router.fallbacks);
    names.context_window_fallbacks = fallbacks(router.context_window_fallbacks);
    names.content_policy_fallbacks = fallbacks(router.content_policy_fallbacks);
    names.default_fallbacks = router.default_fallbacks;
    names.fallbacks_max = router.max_fallbacks;
    for (const config::ProviderAccount& account : config_.providers) {
        names.providers.emplace_back(account.name, account.type);
    }
    for (const domain::ProviderTraits& row : input_.catalog->providers) {
        if (!maker_->usable(row.type)) continue;
        names.providers.emplace_back(row.type, row.type);
        for (const std::string& alias : row.aliases) names.providers.emplace_back(alias, row.type);
    }
    for (const domain::ModelTraits& model : input_.catalog->models) {
        names.catalog.push_back({model.id, model.aliases});
    }
    std::vector<std::string> complaints;
    snapshot_->names = routing::Names(std::move(names), complaints);
    for (std::string& complaint : complaints) {
        problems_.push_back(problem(Severity::warning, {}, "names", std::move(complaint)));
    }
    serve_names_on_demand();
}

// Endpoints that no entry spells out: wildcards filled in, and provider/model.
class OnDemand {
public:
    OnDemand(std::shared_ptr<EndpointMaker> maker,
             const std::vector<std::vector<const config::ModelEntry*>>& groups)
        : maker_(std::move(maker)) {
        for (const auto& group : groups) {
            entries_.emplace_back();
            for (const config::ModelEntry* entry : group) entries_.back().push_back(*entry);
        }
    }

    base::Result<std::vector<gateway::EndpointPointer>> make(const routing::Candidate& candidate) {
        std::lock_guard lock(mutex_);
        if (candidate.is_direct()) {
            TRY(auto endpoint, remembered(candidate.provider + "/" + candidate.model, [&] {
                    return maker_->of_name(candidate.provider, candidate.model);
                }));
            return std::vector{std::move(endpoint)};
        }
        std::vector<gateway::EndpointPointer> endpoints;
        base::Error reason;
        const auto& entries = entries_[candidate.group];
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const std::string model = routing::substitute(entries[i].model, candidate.captured);
            // A space is in no name: wildcards and names by themselves do not meet.
            auto made =
                remembered(std::to_string(candidate.group) + " " + std::to_string(i) + " " + model,
                           [&] { return maker_->of_entry(entries[i], model); });
            if (made.ok()) {
                endpoints.push_back(std::move(made).value());
            } else {
                reason = std::move(made).error();
            }
        }
        if (endpoints.empty()) return reason;
        return endpoints;
    }

    base::Result<gateway::EndpointPointer> for_own_key(const std::string& type,
                                                       const std::string& model) {
        std::lock_guard lock(mutex_);
        // A space is in no name: see above.
        return remembered("own " + type + "/" + model,
                          [&] { return maker_->for_own_key(type, model); });
    }

private:
    template <typename Make>
    base::Result<gateway::EndpointPointer> remembered(std::string key, Make make) {
        auto found = made_.find(key);
        if (found != made_.end()) return found->second;
        auto endpoint = make();
        if (!endpoint.ok()) return endpoint;
        if (made_.size() >= made_endpoints_max) made_.clear();
        made_.emplace(std::move(key), *endpoint);
        return endpoint;
    }

    const std::shared_ptr<EndpointMaker> maker_;
    std::vector<std::vector<config::ModelEntry>> entries_;  // by group
    std::mutex mutex_;
    std::map<std::string, gateway::EndpointPointer> made_;  // guarded by mutex_
};

void Builder::serve_names_on_demand() {
    auto on_demand = std::make_shared<OnDemand>(maker_, group_entries_);
    snapshot_->make_endpoints = [on_demand](const routing::Candidate& candidate) {
        return on_demand->make(candidate);
    };
    snapshot_->make_for_own_key = [on_demand](const std::string& type, const std::string& model) {
        return on_demand->for_own_key(type, model);
    };
}

void Builder::add_billing() {
    const config::BillingConfig& from = config_.billing;
    gateway::BillingSettings& billing = snapshot_->billing;
    billing.deny_unknown_price = from.unknown_price == "deny";
    if (from.budget_status == "402") billing.budget_status = 402;
    if (from.budget_status == "429") billing.budget_status = 429;
    billing.baseline_model = from.baseline_model;
    billing.output_tokens_clamp = from.output_tokens_clamp.value_or(0);
    billing.client_caps = from.client_caps;
    billing.byok_fee_percent = from.byok_fee_percent.value_or(billing.byok_fee_percent);
    snapshot_->audited_own_key_uses = config_.audit.byok_key_accessed;
    snapshot_->priced_model = [catalog = input_.catalog](std::string_view name) {
        return catalog->model(name);
    };
}

void Builder::add_settings() {
    const config::RoutingConfig& routing = config_.routing;
    gateway::AttemptSettings& attempts = snapshot_->attempts;
    attempts.max_attempts = std::max<std::int64_t>(routing.max_attempts, 1);
    attempts.attempts_per_candidate = routing.attempts_per_candidate;
    attempts.backoff_first = routing.backoff_first;
    attempts.backoff_max = routing.backoff_max;
    attempts.connect = routing.connect_timeout;
    attempts.headers = routing.headers_timeout;
    attempts.headers_last = routing.headers_timeout_last;
    attempts.headers_local = routing.headers_timeout_local;
    attempts.first_event = routing.first_event_timeout;
    attempts.idle = routing.idle_timeout;
    attempts.total = routing.total_timeout;
    attempts.stream_total = routing.stream_total_timeout;
    const config::ServerLimits& limits = config_.server.limits;
    snapshot_->admission = {limits.in_flight, limits.queue, limits.queue_per_tenant,
                            limits.queue_timeout};
    snapshot_->access_log = config_.logging.access;
    using gateway::CacheMarks;
    snapshot_->cache_marks = routing.cache_marks == "off"  ? CacheMarks::off
                             : routing.cache_marks == "on" ? CacheMarks::always
                                                           : CacheMarks::automatic;
    const config::CacheConfig& cache = config_.cache;
    snapshot_->cache = {cache.enabled, cache.ttl, static_cast<std::size_t>(cache.max_bytes.count),
                        static_cast<std::size_t>(cache.max_entry_bytes.count),
                        static_cast<std::size_t>(cache.max_entries), cache.shared};
    const config::HealthCheckConfig& checks = config_.health_check;
    snapshot_->health_checks = {checks.enabled, checks.completion, checks.interval,
                                checks.timeout};
    snapshot_->expose_provider_limits = routing.expose_provider_limits;
    snapshot_->metrics_on_main = config_.server.metrics_listen == "main";
    snapshot_->listen = config_.server.listen;
    snapshot_->files = config_.files;
}

void Builder::add_listed() {
    for (const std::string& name : snapshot_->names.listed()) {
        gateway::ListedModel listed;
        listed.id = name;
        listed.display_name = name;
        const routing::Resolution resolution = snapshot_->names.resolve(name);
        if (resolution.found() && !resolution.candidates.front().is_direct()) {
            const auto& group = *snapshot_->groups[resolution.candidates.front().group];
            if (!group.chat) continue;
            if (!group.endpoints.empty()) {
                const domain::Deployment& first = group.endpoints.front()->deployment;
                listed.owner = first.provider.type;
                const bool of_one_tenant = std::all_of(
                    group.endpoints.begin(), group.endpoints.end(), [&](const auto& endpoint) {
                        return endpoint->deployment.tenant == first.tenant;
                    });
                if (of_one_tenant) listed.tenant = first.tenant;
                listed.context_tokens = first.model.context_tokens;
                listed.output_tokens_max = first.model.output_tokens_max;
                if (!first.model.display_name.empty()) {
                    listed.display_name = first.model.display_name;
                }
            }
        }
        snapshot_->listed.push_back(std::move(listed));
    }
}

}  // namespace

base::Result<std::shared_ptr<net::TlsClientContext>> Shared::tls(bool verify,
                                                                 const std::string& ca_file) {
    std::lock_guard lock(mutex_);
    auto& context = tls_[{verify, ca_file}];
    if (context == nullptr) {
        TRY(context, net::TlsClientContext::make({verify, ca_file}));
    }
    return context;
}

std::shared_ptr<gateway::EndpointHealth> Shared::health(const std::string& deployment_key) {
    std::lock_guard lock(mutex_);
    auto& health = health_[deployment_key];
    if (health == nullptr) health = std::make_shared<gateway::EndpointHealth>();
    return health;
}

credentials::SourcePointer Shared::source(
    const std::string& key, const std::function<credentials::SourcePointer()>& make) {
    std::lock_guard lock(mutex_);
    if (const auto found = sources_.find(key); found != sources_.end()) {
        if (credentials::SourcePointer source = found->second.lock()) return source;
    }
    std::erase_if(sources_, [](const auto& each) { return each.second.expired(); });
    credentials::SourcePointer source = make();
    sources_[key] = source;
    return source;
}

std::string Shared::place(const std::string& key, std::function<std::string()> ask,
                          Waiting waiting) {
    {
        std::lock_guard lock(mutex_);
        Place& found = places_[key];
        const bool silent = found.asked != net::Instant() &&
                            net::Clock::now() - found.asked < silence_kept;
        if (!found.text.empty() || silent) return found.text;
        if (waiting == Waiting::aside) {
            if (std::exchange(found.asking, true)) return {};
            if (found.asker.joinable()) found.asker.join();  // has nothing left to do
            found.asker = std::thread([this, &found, ask = std::move(ask)] {
                std::string text = ask();
                std::lock_guard done(mutex_);
                keep(found, std::move(text));
                found.asking = false;
            });
            return {};
        }
    }
    std::string text = ask();
    std::lock_guard lock(mutex_);
    keep(places_[key], text);
    return text;
}

// An answer stands above a silence, whichever came last. REQUIRES: mutex_ is held.
void Shared::keep(Place& place, std::string text) {
    if (!text.empty()) place.text = std::move(text);
    place.asked = net::Clock::now();
}

Shared::~Shared() {
    for (auto& [key, place] : places_) {
        if (place.asker.joinable()) place.asker.join();
    }
}

BuildResult build_snapshot(const BuildInput& input) { return Builder(input).build(); }

}  // namespace tollgate::assembly
