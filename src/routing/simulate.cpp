#include "routing/simulate.hpp"

#include <algorithm>

#include "accounting/pricing.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "domain/money.hpp"

namespace tollgate::routing {
namespace {

using domain::NanoUsd;
using domain::Usage;
using domain::UsageRecord;

constexpr std::int64_t micros = 1'000'000;
constexpr std::size_t conversations_max = 500'000;  // in memory at a time

std::string model_of(const UsageRecord& record) {
    return record.provider.empty() ? record.model : record.provider + "/" + record.model;
}

// Why this one would be the same under any routing; "" : it is routed.
std::string settled_reason(const UsageRecord& record) {
    if (record.cache == "hit") return "answered by the response cache";
    if (record.byok) return "paid by a user's own key";
    if (record.provider.empty() || !record.usage.known()) return "answered by no provider";
    return "";
}

std::int64_t cached_of(const Usage& usage) {
    return Usage::or_zero(usage.cache_read) + usage.cache_write();
}

// Providers without a price for writes cache whatever was sent.
bool caches_all(const domain::TokenPrices& prices) {
    return prices.cache_read >= 0 && prices.cache_write_5m < 0 && prices.cache_write_1h < 0;
}

// The same prompt at a deployment that has `held` tokens of it in its cache.
Usage with_cache(const Usage& recorded, const domain::TokenPrices& prices, std::int64_t held) {
    const std::int64_t marked = cached_of(recorded);
    Usage usage = recorded;
    usage.cache_read = usage.cache_write_5m = usage.cache_write_1h = -1;
    if (marked == 0) return usage;
    const std::int64_t read = prices.cache_read < 0 ? 0 : std::min(marked, held);
    const std::int64_t fresh = marked - read;
    if (read > 0) usage.cache_read = read;
    const bool for_an_hour =
        recorded.cache_write_1h > Usage::or_zero(recorded.cache_write_5m) &&
        prices.cache_write_1h >= 0;
    if (prices.cache_write_5m < 0 && !for_an_hour) {
        usage.input = Usage::or_zero(usage.input) + fresh;
    } else {
        (for_an_hour ? usage.cache_write_1h : usage.cache_write_5m) = fresh;
    }
    return usage;
}

std::int64_t cache_micros_of(const Usage& usage) {
    const bool long_lived = usage.cache_write_1h > 0;
    return (long_lived ? cache_seconds_long : cache_seconds_short) * micros;
}

std::vector<SimulatedLine> lines_of(const std::map<std::string, SimulatedLine>& lines) {
    std::vector<SimulatedLine> list;
    for (const auto& [name, line] : lines) {
        list.push_back(line);
        list.back().name = name;
    }
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
        const auto dearer = std::max(a.did.cost, a.would.cost);
        const auto other = std::max(b.did.cost, b.would.cost);
        return dearer != other ? dearer > other : a.name < b.name;
    });
    return list;
}

std::vector<SimulatedReason> reasons_of(const std::map<std::string, SimulatedSum>& reasons) {
    std::vector<SimulatedReason> list;
    for (const auto& [reason, did] : reasons) list.push_back({reason, did});
    return list;
}

void add(SimulatedSum& sum, NanoUsd cost) {
    ++sum.requests;
    sum.cost += cost;
}

}  // namespace

Simulation::Simulation(RouteRecord route, const SimulationSettings& settings)
    : route_(std::move(route)), settings_(settings) {}

void Simulation::add(const UsageRecord& record) {
    if (record.attempt != 0) return;
    if (sums_.from == 0) sums_.from = record.at;
    sums_.to = record.at;
    routing::add(sums_.total.did, record.cost);
    routing::add(by_rule_[record.rule].did, record.cost);
    routing::add(by_model_[model_of(record)].did, record.cost);
    if (const std::string reason = settled_reason(record); !reason.empty()) {
        return keep(record, reason);
    }
    if (record.attempts > 1) ++several_attempts_;
    const SimulatedRoute route = route_(record);
    if (!route.unknown.empty()) return keep(record, route.unknown);
    if (route.candidates.empty()) return refuse(record, route);
    for (const SimulatedTarget& one : route.candidates) {
        identities_.try_emplace(one.name, one.identity());
    }
    send(record, route);
}

Simulation::Conversation& Simulation::conversation_of(const UsageRecord& record) {
    const bool has_id = !record.session_id.empty();
    std::string key = record.tenant + '\n' + record.alias + '\n';
    key += has_id ? record.session_id + '\n' + record.agent_id : record.key_id;
    if (conversations_.size() >= conversations_max && !conversations_.contains(key)) {
        ++forgotten_;
        conversations_.clear();
    }
    const auto [place, fresh] = conversations_.try_emplace(key);
    Conversation& found = place->second;
    if (!fresh) return found;
    found.kind = SharedPrefixes::kind_of(record);
    found.has_id = has_id;
    if (has_id) ++sums_.conversations;
    if (did_share_.held(found.kind, model_of(record), record.at)) {
        found.shared = Usage::or_zero(record.usage.cache_read);
    }
    return found;
}

// The first candidate, but for a conversation that has its prompt cached at another one.
const SimulatedTarget& Simulation::choose(const SimulatedRoute& route,
                                          const Conversation& conversation,
                                          const UsageRecord& record) const {
    const SimulatedTarget& first = route.candidates.front();
    if (!settings_.affinity || !conversation.has_id || !conversation.assigned) return first;
    const Assignment& known = *conversation.assigned;
    const std::int64_t now = record.at / micros;
    const std::int64_t cached = tokens_cached(known, now);
    if (now - known.last_used > settings_.idle_seconds || cached == 0) return first;
    const auto here = std::find_if(
        route.candidates.begin(), route.candidates.end(),
        [&](const SimulatedTarget& one) { return one.identity() == known.deployment; });
    if (here == route.candidates.end()) return first;
    AffinityScene scene;
    scene.candidate = true;
    scene.rule = route.rule;
    if (here != route.candidates.begin()) {
        const std::int64_t input = record.usage.prompt();
        TurnShape turn;
        turn.prefix_tokens = std::min(cached, input);
        turn.new_tokens = input - turn.prefix_tokens;
        turn.output_tokens = route.output_expected;
        scene.move = moving_pays(known, turn, *here->prices, *first.prices, now);
    }
    return judge_affinity(known, scene) == AffinityEnd::holds ? *here : first;
}

// As gateway/affinity does after an answer.
void Simulation::assign(Conversation& conversation, const std::string& identity,
                        const std::string& rule, const UsageRecord& record, std::int64_t cached,
                        std::int64_t cache_micros) const {
    const std::int64_t now = record.at / micros;
    std::optional<Assignment>& known = conversation.assigned;
    if (known && now - known->last_used > settings_.idle_seconds) known.reset();
    AnsweredTurn turn{.deployment = identity, .rule = rule, .cached_tokens = cached};
    turn.cache_seconds = cache_micros / micros;
    auto next = after_turn(known ? &*known : nullptr, turn, now);
    if (!next) return;
    known = std::move(next);
    known->last_used = now;
}

void Simulation::count_would(const std::string& rule, const std::string& model, NanoUsd cost) {
    routing::add(sums_.total.would, cost);
    routing::add(by_rule_[rule].would, cost);
    routing::add(by_model_[model].would, cost);
}

void Simulation::keep(const UsageRecord& record, const std::string& reason) {
    routing::add(kept_[reason], record.cost);
    const std::string model = model_of(record);
    count_would(record.rule, model, record.cost);
    if (!settled_reason(record).empty()) return;
    // The conversation is there, then.
    Conversation& conversation = conversation_of(record);
    const auto known = identities_.find(model);
    const std::string& identity = known == identities_.end() ? model : known->second;
    Place& place = conversation.places[identity];
    conversation.did_at[model] = place.would_at = record.at;
    place.cached = cached_of(record.usage);
    place.cache_micros = cache_micros_of(record.usage);
    assign(conversation, identity, record.rule, record, place.cached, place.cache_micros);
    if (place.cached == 0 || !conversation.has_id) return;
    did_share_.visit(conversation.kind, model, record.at + place.cache_micros);
    would_share_.visit(conversation.kind, identity, record.at + place.cache_micros);
}

void Simulation::refuse(const UsageRecord& record, const SimulatedRoute& route) {
    routing::add(refused_[route.refused], record.cost);
}

// At its first turn there: what others of its kind have left.
Simulation::Found Simulation::find_shared(const SimulatedRoute& route,
                                          const SimulatedTarget& target,
                                          const Conversation& conversation,
                                          const UsageRecord& record) const {
    if (!conversation.has_id) return {};
    const std::string did_model = model_of(record);
    const bool would = would_share_.held(conversation.kind, target.identity(), record.at);
    Found found;
    found.tokens = conversation.shared > 0 ? conversation.shared
                                           : would_share_.tokens(conversation.kind);
    if (!would) found.tokens = 0;
    if (target.name != did_model || conversation.did_at.contains(did_model)) return found;
    // The record tells whether there was something, but not at which deployment of that name.
    const bool did = did_share_.held(conversation.kind, did_model, record.at);
    const bool read = Usage::or_zero(record.usage.cache_read) > 0;
    const auto of_name = std::count_if(route.candidates.begin(), route.candidates.end(),
                                       [&](const auto& one) { return one.name == target.name; });
    const bool from_before = read && !did;  // it began before the records did
    found.as_recorded = from_before || (of_name > 1 ? read == would : did == would);
    return found;
}

Simulation::Found Simulation::find_cached(const SimulatedRoute& route,
                                          const SimulatedTarget& target,
                                          const Conversation& conversation,
                                          const UsageRecord& record) const {
    const auto place = conversation.places.find(target.identity());
    if (place == conversation.places.end()) {
        if (conversation.has_id) return find_shared(route, target, conversation, record);
        return {target.name == model_of(record), 0};
    }
    const Place& known = place->second;
    const auto did = conversation.did_at.find(model_of(record));
    if (target.name == model_of(record) && did != conversation.did_at.end() &&
        did->second == known.would_at) {
        return {true, 0};
    }
    const bool alive = record.at - known.would_at <= known.cache_micros;
    Found found = alive ? Found{false, known.cached}
                        : find_shared(route, target, conversation, record);
    found.as_recorded = false;
    // Several conversations of one key are mixed here: each finds what its record says.
    if (!conversation.has_id) {
        found.tokens = std::min(found.tokens, Usage::or_zero(record.usage.cache_read));
    }
    return found;
}

void Simulation::send(const UsageRecord& record, const SimulatedRoute& route) {
    Conversation& conversation = conversation_of(record);
    const SimulatedTarget& target = choose(route, conversation, record);
    const std::string did_model = model_of(record);
    const bool moved = target.name != did_model;
    const Found found = find_cached(route, target, conversation, record);
    Usage usage = record.usage;
    if (moved) usage.provider_cost_nano_usd = -1;
    const Usage warm = usage;
    if (!found.as_recorded) {
        usage = with_cache(record.usage, *target.prices, found.tokens);
        usage.provider_cost_nano_usd = warm.provider_cost_nano_usd;
    }
    accounting::Cost cost;
    if (!target.free) {
        cost = accounting::cost_of(*target.prices, usage);
        if (!found.as_recorded) {
            sums_.prefixes_anew += cost.billed - accounting::cost_of(*target.prices, warm).billed;
        }
    }
    if (!cost.priced) {
        ++sums_.unpriced_requests;
        without_price_.insert(target.name);
    }
    if (usage.provider_cost_nano_usd >= 0) ++stated_costs_;
    count_would(route.rule, target.name, cost.billed);
    const std::int64_t lives = cache_micros_of(usage);
    const std::int64_t cached = caches_all(*target.prices) ? usage.prompt() : cached_of(usage);
    Place& place = conversation.places[target.identity()];
    place = {record.at, cached, lives};
    conversation.did_at[did_model] = record.at;
    assign(conversation, target.identity(), route.rule, record, cached, lives);
    if (conversation.has_id && cached_of(record.usage) > 0) {
        did_share_.visit(conversation.kind, did_model, record.at + cache_micros_of(record.usage));
    }
    if (conversation.has_id && cached > 0) {
        would_share_.visit(conversation.kind, target.identity(), record.at + lives);
    }
    if (!moved) return;
    ++sums_.moved_requests;
    if (conversation.has_id && !conversation.moved) ++sums_.moved_conversations;
    conversation.moved = true;
}

SimulationReport Simulation::report() const {
    SimulationReport report = sums_;
    report.by_rule = lines_of(by_rule_);
    report.by_model = lines_of(by_model_);
    report.kept = reasons_of(kept_);
    report.refused = reasons_of(refused_);
    report.models_without_price.assign(without_price_.begin(), without_price_.end());
    std::vector<std::string>& say = report.assumptions;
    say.emplace_back("every request has the tokens that were recorded, also where another model "
                     "counts or answers differently");
    say.emplace_back("every request is answered by its first candidate: no failures, no load, "
                     "latencies as the catalog has them");
    say.emplace_back("a conversation that moves pays its prefix anew once, and reads it from the "
                     "cache there while that lives (5 minutes, 1 hour where it was marked so)");
    say.emplace_back("prompts that no cache held in the records are paid in full elsewhere too");
    if (settings_.affinity && report.conversations > 0) {
        say.emplace_back("conversations stay with their deployment as long as their rule does");
    }
    if (several_attempts_ > 0) {
        say.push_back(std::to_string(several_attempts_) +
                      " requests needed several attempts, whose tokens are counted once more");
    }
    if (stated_costs_ > 0) {
        say.push_back(std::to_string(stated_costs_) +
                      " requests stay where the provider stated their cost, which is kept");
    }
    if (report.unpriced_requests > 0) {
        say.push_back(std::to_string(report.unpriced_requests) +
                      " requests would go to models whose price is not wholly known");
    }
    if (forgotten_ > 0) {
        say.emplace_back("there are more conversations than are followed at a time: some begin "
                         "anew in the figures");
    }
    return report;
}

namespace {

void write_sum(json::Writer& writer, const char* name, const SimulatedSum& sum) {
    writer.key(name)
        .begin_object()
        .integer("requests", sum.requests)
        .raw("cost", domain::dollars(sum.cost))
        .end_object();
}

void write_line(json::Writer& writer, const SimulatedLine& line) {
    write_sum(writer, "did", line.did);
    write_sum(writer, "would", line.would);
    writer.raw("difference", domain::dollars(line.would.cost - line.did.cost));
}

void write_lines(json::Writer& writer, const char* name, const char* what,
                 const std::vector<SimulatedLine>& lines) {
    writer.key(name).begin_array();
    for (const SimulatedLine& line : lines) {
        writer.begin_object().string(what, line.name);
        write_line(writer, line);
        writer.end_object();
    }
    writer.end_array();
}

void write_reasons(json::Writer& writer, const char* name,
                   const std::vector<SimulatedReason>& reasons) {
    writer.key(name).begin_array();
    for (const SimulatedReason& one : reasons) {
        writer.begin_object()
            .string("reason", one.reason)
            .integer("requests", one.did.requests)
            .raw("cost", domain::dollars(one.did.cost))
            .end_object();
    }
    writer.end_array();
}

void write_texts(json::Writer& writer, const char* name, const std::vector<std::string>& texts) {
    writer.key(name).begin_array();
    for (const std::string& text : texts) writer.string(text);
    writer.end_array();
}

}  // namespace

void append_json(std::string& out, const SimulationReport& report) {
    json::Writer writer(out);
    writer.begin_object();
    if (report.from > 0) {
        writer.string("from", base::rfc3339_of_micros(report.from))
            .string("to", base::rfc3339_of_micros(report.to));
    }
    writer.key("total").begin_object();
    write_line(writer, report.total);
    writer.end_object();
    write_lines(writer, "by_rule", "rule", report.by_rule);
    write_lines(writer, "by_model", "model", report.by_model);
    writer.integer("moved_requests", report.moved_requests)
        .integer("conversations", report.conversations)
        .integer("moved_conversations", report.moved_conversations)
        .raw("prefixes_anew", domain::dollars(report.prefixes_anew));
    write_reasons(writer, "kept", report.kept);
    write_reasons(writer, "refused", report.refused);
    writer.integer("unpriced_requests", report.unpriced_requests);
    write_texts(writer, "models_without_price", report.models_without_price);
    write_texts(writer, "assumptions", report.assumptions);
    writer.end_object();
}

}  // namespace tollgate::routing
