#include "providers/betas.hpp"

#include <algorithm>

namespace tollgate::providers {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t";
    auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// The key's opening quote in the body; `field` names the inside of the key.
std::size_t key_begin(std::string_view body, const json::TopField& field) {
    return static_cast<std::size_t>(field.key.data() - body.data()) - 1;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0;
    std::size_t star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

const BetaRule* BetaFilter::rule_of(std::string_view target) const {
    auto found = std::ranges::find(rules_, target, &BetaRule::target);
    return found == rules_.end() ? nullptr : &*found;
}

bool BetaFilter::header_allowed(std::string_view target, std::string_view beta) const {
    const BetaRule* rule = rule_of(target);
    if (!rule) return true;
    if (rule->deny_all) return false;
    return std::ranges::none_of(
        rule->header_deny, [&](const std::string& glob) { return glob_match(glob, beta); });
}

bool BetaFilter::field_allowed(std::string_view target, std::string_view field) const {
    const BetaRule* rule = rule_of(target);
    return !rule || std::ranges::find(rule->field_deny, field) == rule->field_deny.end();
}

std::string BetaFilter::filter_header(std::string_view target, std::string_view value,
                                      std::vector<std::string>& removed) const {
    if (!rule_of(target)) return std::string(value);
    std::string kept;
    while (!value.empty()) {
        auto comma = value.find(',');
        auto beta = trimmed(value.substr(0, comma));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        if (beta.empty()) continue;
        if (!header_allowed(target, beta)) {
            removed.emplace_back(beta);
            continue;
        }
        if (!kept.empty()) kept += ',';
        kept += beta;
    }
    return kept;
}

std::vector<dialect::Splice> BetaFilter::field_splices(std::string_view target,
                                                       std::string_view body,
                                                       const dialect::Outline& outline,
                                                       dialect::Translation& translation) const {
    std::vector<dialect::Splice> splices;
    const BetaRule* rule = rule_of(target);
    if (!rule) return splices;
    const auto& fields = outline.fields;
    bool kept_before = false;  // a field that stays stands before: removal takes its comma along
    for (std::size_t i = 0; i < fields.size(); ++i) {
        auto denied = std::ranges::find_if(rule->field_deny, [&](const std::string& name) {
            return json::key_equals(fields[i].key, name);
        });
        if (denied == rule->field_deny.end()) {
            kept_before = true;
            continue;
        }
        translation.drop(*denied);
        std::size_t value_end = fields[i].offset + fields[i].value.size();
        if (kept_before) {
            const auto& previous = fields[i - 1];
            splices.push_back({previous.offset + previous.value.size(), value_end, ""});
        } else {
            std::size_t end = i + 1 < fields.size() ? key_begin(body, fields[i + 1]) : value_end;
            splices.push_back({key_begin(body, fields[i]), end, ""});
        }
    }
    return splices;
}

}  // namespace tollgate::providers
