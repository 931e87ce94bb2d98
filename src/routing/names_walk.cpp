#include "routing/names_walk.hpp"

#include <algorithm>

#include "routing/aliases.hpp"

namespace tollgate::routing {
namespace {

constexpr int depth_max = 8;  // aliases of aliases, chains in chains, fallbacks of fallbacks

// What the stars of `pattern` stand for in `text`, each as short as it can be; false: no match.
bool capture(std::string_view pattern, std::string_view text, std::vector<std::string>& captured) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    text.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    if (pattern.find('*') == std::string_view::npos) {  // the last star takes all but the tail
        if (!text.ends_with(pattern)) return false;
        captured.emplace_back(text.substr(0, text.size() - pattern.size()));
        return true;
    }
    const std::string_view literal = pattern.substr(0, pattern.find('*'));
    const std::size_t end = text.find(literal);
    if (end == std::string_view::npos) return false;
    captured.emplace_back(text.substr(0, end));
    return capture(pattern, text.substr(end), captured);
}

std::string_view without_mark(std::string_view name) {
    if (!name.ends_with(']')) return name;
    const std::size_t open = name.rfind('[');
    return open == std::string_view::npos || open == 0 ? name : name.substr(0, open);
}

}  // namespace

std::string_view Names::Walk::Found::name(const Names& names) const {
    if (chain) return names.input_.chains[*chain].name;
    return candidate.is_direct() ? std::string_view(candidate.model)
                                 : std::string_view(names.group_name(candidate.group));
}

std::optional<Names::Walk::Found> Names::Walk::plain(std::string_view name, Reason reason) const {
    for (int depth = 0; depth < depth_max; ++depth) {
        const auto alias = names_.aliases_.find(name);
        if (alias == names_.aliases_.end()) break;
        const std::string_view target = names_.input_.aliases[alias->second].target;
        if (reason == Reason::exact) reason = Reason::alias;
        if (target == name) break;  // an alias may repeat a group's name, to hide nothing
        name = target;
        if (!names_.aliases_.contains(name) && !names_.groups_.contains(name) &&
            !names_.chains_.contains(name)) {
            auto other = direct(name);
            if (!other) other = wildcard(name, true);
            if (!other) other = catalog(name);
            if (other) other->candidate.reason = reason;
            return other;
        }
    }
    Found found;
    found.candidate.reason = reason;
    if (const auto group = names_.groups_.find(name); group != names_.groups_.end()) {
        found.candidate.group = group->second;
        return found;
    }
    if (const auto chain = names_.chains_.find(name); chain != names_.chains_.end()) {
        found.chain = chain->second;
        return found;
    }
    return std::nullopt;
}

// Exact, then without its date, then in another spelling.
std::optional<Names::Walk::Found> Names::Walk::known(std::string_view name) const {
    if (auto found = plain(name, Reason::exact)) return found;
    const std::string_view dateless = without_date(name);
    if (dateless != name) {
        const std::string_view unmarked = without_mark(name);
        if (unmarked != name && unmarked != dateless) {
            if (auto found = plain(unmarked, Reason::exact)) return found;
        }
        if (auto found = plain(dateless, Reason::dateless)) return found;
    }
    const auto spelled = names_.spelled_.find(spelling_key(dateless));
    if (spelled == names_.spelled_.end() || spelled->second.empty()) return std::nullopt;
    return plain(spelled->second, Reason::spelling);
}

std::optional<Names::Walk::Found> Names::Walk::tier(std::string_view name) const {
    const std::string_view tier = claude_tier(name);
    if (tier.empty()) return std::nullopt;
    auto mapped = names_.tiers_.find(tier);
    if (mapped == names_.tiers_.end()) mapped = names_.tiers_.find(std::string_view("default"));
    if (mapped == names_.tiers_.end()) return std::nullopt;
    const std::string_view target = mapped->second;
    auto found = known(target);
    if (!found) found = wildcard(target, true);
    if (!found) found = direct(target);
    if (!found) found = catalog(target);
    if (!found) found = wildcard(target, false);
    if (found) found->candidate.reason = Reason::tier;
    return found;
}

std::optional<Names::Walk::Found> Names::Walk::direct(std::string_view name) const {
    const ModelString parts = split_model(without_mark(name));
    if (parts.provider.empty() || parts.model.empty()) return std::nullopt;
    const auto provider = names_.providers_.find(parts.provider);
    if (provider == names_.providers_.end()) return std::nullopt;
    Found found;
    found.candidate.reason = Reason::catalog;
    found.candidate.provider = parts.provider;
    found.candidate.model = parts.model;
    return found;
}

std::optional<Names::Walk::Found> Names::Walk::catalog(std::string_view name) const {
    auto entry = names_.catalog_.find(without_mark(name));
    if (entry == names_.catalog_.end()) entry = names_.catalog_.find(without_date(name));
    if (entry == names_.catalog_.end()) return std::nullopt;
    return direct(names_.input_.catalog[entry->second].id);
}

std::optional<Names::Walk::Found> Names::Walk::wildcard(std::string_view name,
                                                        bool with_prefix) const {
    const std::string_view unmarked = without_mark(name);
    for (const Wildcard& wildcard : names_.wildcards_) {
        if (wildcard.prefix.empty() == with_prefix) continue;
        if (!unmarked.starts_with(wildcard.prefix)) continue;
        Found found;
        if (!capture(names_.group_name(wildcard.group), unmarked, found.candidate.captured)) {
            continue;
        }
        found.candidate.group = wildcard.group;
        found.candidate.reason = Reason::wildcard;
        return found;
    }
    return std::nullopt;
}

std::optional<Names::Walk::Found> Names::Walk::find(std::string_view name) const {
    if (auto found = known(name)) return found;
    const bool with_provider = name.find('/') != std::string_view::npos;
    if (!with_provider) {
        if (auto found = tier(name)) return found;
    }
    // A wildcard with a prefix is configured, a provider by name is only possible: so it is first.
    if (auto found = wildcard(name, true)) return found;
    if (auto found = direct(name)) return found;
    if (auto found = catalog(name)) return found;
    if (with_provider) {
        if (auto found = tier(name)) return found;
    }
    // A Claude name is left for guess(), which knows better than `*` what could answer it.
    return claude_tier(name).empty() ? wildcard(name, false) : std::nullopt;
}

std::optional<Names::Walk::Found> Names::Walk::guess(std::string_view name,
                                                     Resolution& out) const {
    const std::string_view tier = claude_tier(name);
    if (tier.empty()) return std::nullopt;
    const auto notice = [&](std::string_view group) {
        out.notices.push_back("tier " + std::string(tier) + " is not mapped: " +
                              std::string(group) + " answers; set tiers." + std::string(tier));
    };
    const std::vector<GroupInput>& groups = names_.input_.groups;
    std::optional<std::uint32_t> first;
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
        if (!groups[i].chat || groups[i].name.find('*') != std::string::npos) continue;
        if (!first) first = i;
        if (groups[i].name.find(tier) == std::string::npos) continue;
        notice(groups[i].name);
        Found found;
        found.candidate.group = i;
        found.candidate.reason = Reason::tier_guess;
        return found;
    }
    if (auto any = wildcard(name, false)) return any;
    if (!first) return std::nullopt;
    notice(groups[*first].name);
    Found found;
    found.candidate.group = *first;
    found.candidate.reason = Reason::first_chat;
    return found;
}

std::string Names::Walk::served_name(std::string_view name) const {
    const auto found = find(name);
    if (!found) return {};
    if (!found->chain && found->candidate.is_direct()) {
        return found->candidate.provider + "/" + found->candidate.model;
    }
    return std::string(found->name(names_));
}

std::string Names::Walk::identity(const Candidate& candidate) const {
    if (candidate.is_direct()) return candidate.provider + "/" + candidate.model + "@";
    std::string id = "group " + names_.group_name(candidate.group);
    for (const std::string& text : candidate.captured) id += " " + text;
    return id;
}

void Names::Walk::push(Candidate candidate, Reason reason, List& list) {
    if (!tried_.insert(identity(candidate)).second) return;
    if (!candidate.is_direct() && candidate.captured.empty()) {
        const auto& deployments = names_.input_.groups[candidate.group].deployments;
        bool anything_new = deployments.empty();
        for (const std::string& deployment : deployments) {
            if (tried_.insert(deployment).second) anything_new = true;
        }
        if (!anything_new) return;
    }
    candidate.reason = reason;
    list.push_back(std::move(candidate));
}

void Names::Walk::push_found(const Found& found, Reason reason, List& list, int depth) {
    if (found.chain) push_chain(*found.chain, 0, list, depth + 1);
    else push(found.candidate, reason, list);
}

void Names::Walk::push_chain(std::uint32_t chain, std::uint32_t first, List& list, int depth) {
    if (depth > depth_max) return;
    const std::vector<std::string>& members = names_.input_.chains[chain].members;
    for (std::size_t i = first; i < members.size(); ++i) {
        const auto found = find(members[i]);
        if (!found || (found->chain && *found->chain == chain)) continue;
        push_found(*found, Reason::chain, list, depth);
    }
}

void Names::Walk::follow_chains(Resolution& out) {
    if (names_.chains_.empty()) return;
    for (const std::string& key : keys_) {
        const auto chain = names_.chains_.find(key);
        if (chain != names_.chains_.end()) return push_chain(chain->second, 0, out.candidates, 0);
    }
    for (const std::string& key : keys_) {
        const auto member = names_.members_.find(key);
        if (member == names_.members_.end()) continue;
        const Position& position = member->second;
        if (position.in_two) {
            out.notices.push_back(key + " is a member of two chains and follows the first, " +
                                  names_.input_.chains[position.chain].name);
        }
        return push_chain(position.chain, position.member + 1, out.candidates, 0);
    }
}

void Names::Walk::push_fallbacks(const std::vector<std::string>& to, List& list, bool transitive,
                                 int depth) {
    if (depth > depth_max) return;
    for (const std::string& name : to) {
        if (fallbacks_left_ <= 0) return;
        const auto found = find(name);
        if (!found) continue;
        const std::size_t before = list.size();
        push_found(*found, Reason::fallback, list, depth);
        fallbacks_left_ -= static_cast<std::int64_t>(list.size() - before);
        if (!transitive || list.size() == before) continue;
        const auto next = names_.fallbacks_.find(name);
        if (next == names_.fallbacks_.end()) continue;
        push_fallbacks(names_.input_.fallbacks[next->second].to, list, true, depth + 1);
    }
}

// The exact name, then the name without its provider, then "*".
void Names::Walk::follow_fallbacks(const Map<std::uint32_t>& index,
                                   const std::vector<FallbackInput>& rules, List& list,
                                   bool transitive) {
    const bool defaults = transitive && !names_.input_.default_fallbacks.empty();
    if (index.empty() && !defaults) return;
    fallbacks_left_ = names_.input_.fallbacks_max;
    auto rule = index.end();
    for (const std::string& key : keys_) {
        if (rule == index.end()) rule = index.find(key);
    }
    for (const std::string& key : keys_) {
        const ModelString parts = split_model(key);
        if (rule == index.end() && !parts.provider.empty()) rule = index.find(parts.model);
    }
    if (rule == index.end()) rule = index.find(std::string_view("*"));
    if (rule != index.end()) push_fallbacks(rules[rule->second].to, list, transitive, 0);
    else if (transitive) push_fallbacks(names_.input_.default_fallbacks, list, transitive, 0);
}

void Names::Walk::resolve(std::string_view requested, Resolution& out) {
    auto found = find(requested);
    if (!found) found = guess(requested, out);
    if (!found) return;
    out.name = std::string(found->name(names_));
    if (!found->chain && found->candidate.is_direct()) {
        out.name = found->candidate.provider + "/" + found->candidate.model;
    }
    if (!found->chain && found->candidate.reason == Reason::wildcard) {
        out.name = std::string(without_mark(requested));
    }
    keys_.emplace_back(requested);
    if (const auto plain = without_date(requested); plain != requested) keys_.emplace_back(plain);
    if (out.name != requested) keys_.push_back(out.name);
    const Reason reason = found->candidate.reason;
    push_found(*found, reason, out.candidates, 0);
    follow_chains(out);
    follow_fallbacks(names_.fallbacks_, names_.input_.fallbacks, out.candidates, true);
    const auto special = [&](const Map<std::uint32_t>& index,
                             const std::vector<FallbackInput>& rules, List& list) {
        if (rules.empty()) return;
        tried_.clear();
        if (!out.candidates.empty()) tried_.insert(identity(out.candidates.front()));
        follow_fallbacks(index, rules, list, false);
    };
    special(names_.context_window_, names_.input_.context_window_fallbacks, out.context_window);
    special(names_.content_policy_, names_.input_.content_policy_fallbacks, out.content_policy);
    // `*` takes any name, also one that its provider has never heard of.
    if (reason == Reason::wildcard && !claude_tier(requested).empty()) {
        for (const GroupInput& group : names_.input_.groups) {
            if (!group.chat || group.name.find('*') != std::string::npos) continue;
            Candidate candidate;
            candidate.group = names_.groups_.at(group.name);
            push(std::move(candidate), Reason::first_chat, out.candidates);
            break;
        }
    }
}

}  // namespace tollgate::routing
