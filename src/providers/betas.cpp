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

// A member of an object in the body: from its key's opening quote to the end of its value.
struct Member {
    std::size_t begin = 0, end = 0;
    bool denied = false;
};

// Removes the denied members, each with one comma; the object may become empty.
void cut(const std::vector<Member>& members, std::vector<dialect::Splice>& splices) {
    bool kept_before = false;  // a member that stays stands before: its comma goes along
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!members[i].denied) {
            kept_before = true;
        } else if (kept_before) {
            splices.push_back({members[i - 1].end, members[i].end, ""});
        } else {
            bool last = i + 1 == members.size();
            splices.push_back({members[i].begin, last ? members[i].end : members[i + 1].begin, ""});
        }
    }
}

// Cuts members of `object`, whose text begins at `base` in the body. False when all of them go.
bool cut_inside(json::Value object, std::size_t base, const std::vector<std::string_view>& names,
                std::vector<dialect::Splice>& splices) {
    std::vector<Member> members;
    auto range = object.members();
    for (auto it = range.begin(); !(it == range.end()); ++it) {
        bool denied = std::ranges::any_of(
            names, [&](std::string_view name) { return it.key().equals(name); });
        members.push_back({base + it.key().offset(),
                           base + (*it).offset() + (*it).raw().size(), denied});
    }
    if (!members.empty() && std::ranges::all_of(members, &Member::denied)) return false;
    cut(members, splices);
    return true;
}

// What the rules say about what lies inside one top-level field.
struct Inside {
    std::vector<std::string_view> members;   // "field.name"
    std::vector<std::string_view> elements;  // "field[].name"
};

Inside rules_inside(const std::vector<std::string>& deny, std::string_view key,
                    std::vector<std::string_view>& paths) {
    Inside inside;
    for (const std::string& rule : deny) {
        std::string_view path = rule;
        auto dot = path.find('.');
        if (dot == std::string_view::npos) continue;
        auto head = path.substr(0, dot);
        bool each = head.ends_with("[]");
        if (each) head.remove_suffix(2);
        if (!json::key_equals(key, head)) continue;
        (each ? inside.elements : inside.members).push_back(path.substr(dot + 1));
        paths.push_back(path);
    }
    return inside;
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
    std::vector<dialect::Splice> inner, splices;
    const BetaRule* rule = rule_of(target);
    if (!rule) return splices;
    std::vector<Member> members;
    json::Document document;
    for (const auto& field : outline.fields) {
        auto key = static_cast<std::size_t>(field.key.data() - body.data()) - 1;
        Member member{key, field.offset + field.value.size(), false};
        auto denied = std::ranges::find_if(rule->field_deny, [&](const std::string& name) {
            return json::key_equals(field.key, name);
        });
        member.denied = denied != rule->field_deny.end();
        if (member.denied) translation.drop(*denied);
        std::vector<std::string_view> paths;
        Inside inside = rules_inside(rule->field_deny, field.key, paths);
        if (!member.denied && !paths.empty()) {
            auto value = document.parse(field.value);
            std::size_t before = inner.size();
            if (value.ok()) {
                member.denied = !cut_inside(*value, field.offset, inside.members, inner);
                for (json::Value element : value->elements()) {
                    cut_inside(element, field.offset, inside.elements, inner);
                }
            }
            if (member.denied || inner.size() > before) {
                for (auto path : paths) translation.drop(path);
            }
        }
        members.push_back(member);
    }
    cut(members, splices);
    splices.insert(splices.end(), inner.begin(), inner.end());
    std::ranges::sort(splices, {}, &dialect::Splice::begin);
    return splices;
}

}  // namespace tollgate::providers
