#include "store/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>

#include "base/json.hpp"

namespace tollgate::store {
namespace {

base::Error damaged(std::string_view what, std::string_view text) {
    constexpr std::size_t shown_max = 100;
    return {base::ErrorCode::internal, "the database holds " + std::string(what) + " as \"" +
                                           std::string(text.substr(0, shown_max)) +
                                           "\", which is not what was written there"};
}

struct LimitField {
    std::string_view name;
    std::optional<std::int64_t> domain::Limits::* member;
};
constexpr std::array<LimitField, 7> limit_fields{{
    {"requests_per_minute", &domain::Limits::requests_per_minute},
    {"requests_per_hour", &domain::Limits::requests_per_hour},
    {"requests_per_day", &domain::Limits::requests_per_day},
    {"tokens_per_minute", &domain::Limits::tokens_per_minute},
    {"input_tokens_per_minute", &domain::Limits::input_tokens_per_minute},
    {"output_tokens_per_minute", &domain::Limits::output_tokens_per_minute},
    {"concurrent_requests", &domain::Limits::concurrent_requests},
}};

template <typename Value>
base::Result<void> from_optional(std::optional<Value> found, std::string_view what,
                                 std::string_view word, Value& value) {
    if (!found) return damaged(what, word);
    value = *found;
    return {};
}

}  // namespace

std::string json_of(std::span<const std::string> list) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const std::string& item : list) writer.string(item);
    writer.end_array();
    return out;
}

std::string json_of(const Aliases& aliases) {
    const std::map<std::string, std::string> sorted(aliases.begin(), aliases.end());
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const auto& [name, target] : sorted) writer.foreign_key(name).string(target);
    writer.end_object();
    return out;
}

std::string json_of(const domain::Limits& limits) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const LimitField& field : limit_fields) {
        if (const auto& bound = limits.*field.member) writer.integer(field.name, *bound);
    }
    writer.end_object();
    return out;
}

std::string json_of(const std::vector<domain::BudgetThreshold>& thresholds) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const domain::BudgetThreshold& threshold : thresholds) {
        writer.begin_object();
        writer.integer("percent", threshold.percent);
        writer.string("action", domain::to_string(threshold.action));
        writer.end_object();
    }
    writer.end_array();
    return out;
}

std::string json_of(const std::vector<domain::ExperimentArm>& arms) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const domain::ExperimentArm& arm : arms) {
        std::array<char, 40> share{};
        const auto end = std::to_chars(share.data(), share.data() + share.size(), arm.share).ptr;
        writer.begin_object().string("name", arm.name).string("model", arm.model);
        writer.raw("share", {share.data(), static_cast<std::size_t>(end - share.data())});
        writer.end_object();
    }
    writer.end_array();
    return out;
}

base::Result<void> from_json(std::string_view json, std::vector<std::string>& list) {
    list.clear();
    if (json == "[]") return {};
    json::Document document;
    const auto root = document.parse(json);
    if (!root || !root.value().is_array()) return damaged("a list", json);
    for (const json::Value item : root.value().elements()) {
        if (!item.is_string()) return damaged("a list", json);
        list.push_back(item.text());
    }
    return {};
}

base::Result<void> from_json(std::string_view json, Aliases& aliases) {
    aliases.clear();
    if (json == "{}") return {};
    json::Document document;
    const auto root = document.parse(json);
    if (!root || !root.value().is_object()) return damaged("aliases", json);
    const auto members = root.value().members();
    for (auto member = members.begin(); member != members.end(); ++member) {
        if (!(*member).is_string()) return damaged("aliases", json);
        aliases.emplace_back(member.key().text(), (*member).text());
    }
    std::sort(aliases.begin(), aliases.end());  // JSONB has an order of its own
    return {};
}

base::Result<void> from_json(std::string_view json, domain::Limits& limits) {
    limits = {};
    if (json == "{}") return {};
    json::Document document;
    const auto root = document.parse(json);
    if (!root || !root.value().is_object()) return damaged("limits", json);
    for (const LimitField& field : limit_fields) {
        const json::Value bound = root.value()[field.name];
        if (!bound.exists() || bound.is_null()) continue;
        limits.*field.member = bound.integer();
        if (!(limits.*field.member)) return damaged("limits", json);
    }
    return {};
}

base::Result<void> from_json(std::string_view json, std::vector<domain::BudgetThreshold>& found) {
    found.clear();
    if (json == "[]") return {};
    json::Document document;
    const auto root = document.parse(json);
    if (!root || !root.value().is_array()) return damaged("thresholds", json);
    for (const json::Value item : root.value().elements()) {
        const auto percent = item["percent"].integer();
        const auto action = domain::budget_action_of(item["action"].text());
        if (!percent || !action) return damaged("thresholds", json);
        found.push_back({*percent, *action});
    }
    return {};
}

base::Result<void> from_json(std::string_view json, std::vector<domain::ExperimentArm>& arms) {
    arms.clear();
    json::Document document;
    const auto root = document.parse(json);
    if (!root || !root.value().is_array()) return damaged("arms", json);
    for (const json::Value item : root.value().elements()) {
        const auto share = item["share"].number();
        if (!share || !item["name"].is_string() || !item["model"].is_string()) {
            return damaged("arms", json);
        }
        arms.push_back({item["name"].text(), item["model"].text(), *share});
    }
    return {};
}

base::Result<std::string> compact_object(std::string_view json) {
    if (json.empty() || json == "{}") return std::string("{}");
    json::Document document;
    const auto root = document.parse(json);
    if (!root || !root.value().is_object()) return damaged("an object", json);
    std::string out;
    json::append_compact(out, root.value().raw());
    return out;
}

base::Result<void> from_word(std::string_view word, domain::AccessRole& value) {
    return from_optional(domain::access_role_of(word), "a role", word, value);
}
base::Result<void> from_word(std::string_view word, domain::SubjectKind& value) {
    return from_optional(domain::subject_kind_of(word), "a kind of subject", word, value);
}
base::Result<void> from_word(std::string_view word, domain::BudgetPeriod& value) {
    return from_optional(domain::budget_period_of(word), "a period", word, value);
}
base::Result<void> from_word(std::string_view word, domain::BudgetAction& value) {
    return from_optional(domain::budget_action_of(word), "an action", word, value);
}
base::Result<void> from_word(std::string_view word, domain::CreditKind& value) {
    return from_optional(domain::credit_kind_of(word), "a kind of movement", word, value);
}
base::Result<void> from_word(std::string_view word, domain::AlertChannelKind& value) {
    return from_optional(domain::alert_channel_kind_of(word), "a kind of channel", word, value);
}
base::Result<void> from_word(std::string_view word, domain::Sticky& value) {
    return from_optional(domain::sticky_of(word), "what an arm hangs on", word, value);
}
base::Result<void> from_word(std::string_view word, domain::Metric& value) {
    return from_optional(domain::metric_of(word), "a metric", word, value);
}

}  // namespace tollgate::store
