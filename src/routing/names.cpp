#include "routing/names.hpp"

#include <algorithm>

#include "base/nearest.hpp"
#include "routing/aliases.hpp"
#include "routing/names_walk.hpp"

namespace tollgate::routing {
namespace {

constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t nearest_count = 3;

std::string quoted(std::string_view name) { return "`" + std::string(name) + "`"; }

}  // namespace

std::string_view reason_name(Reason reason) {
    switch (reason) {
        case Reason::exact: return "exact";
        case Reason::alias: return "alias";
        case Reason::dateless: return "dateless";
        case Reason::spelling: return "spelling";
        case Reason::tier: return "tier";
        case Reason::tier_guess: return "tier_guess";
        case Reason::first_chat: return "first_chat";
        case Reason::catalog: return "catalog";
        case Reason::wildcard: return "wildcard";
        case Reason::chain: return "chain";
        case Reason::fallback: return "fallback";
    }
    return "";
}

std::string substitute(std::string_view pattern, const std::vector<std::string>& captured) {
    std::string out;
    std::size_t next = 0;
    for (const char c : pattern) {
        if (c == '*' && next < captured.size())
            out += captured[next++];
        else
            out += c;
    }
    return out;
}

Names::Names(NamesInput input, std::vector<std::string>& problems) : input_(std::move(input)) {
    index_names(problems);
    index_spellings();
    index_chains(problems);
    const auto by_model = [](const std::vector<FallbackInput>& rules, Map<std::uint32_t>& map) {
        for (std::uint32_t i = 0; i < rules.size(); ++i) map.emplace(rules[i].model, i);
    };
    by_model(input_.fallbacks, fallbacks_);
    by_model(input_.context_window_fallbacks, context_window_);
    by_model(input_.content_policy_fallbacks, content_policy_);
    for (const auto* rules :
         {&input_.fallbacks, &input_.context_window_fallbacks, &input_.content_policy_fallbacks}) {
        for (const FallbackInput& rule : *rules) {
            for (const std::string& name : rule.to) {
                if (Walk(*this).serves(name)) continue;
                problems.push_back("the fallback " + quoted(name) + " of " + quoted(rule.model) +
                                   " names no model; it is passed over");
            }
        }
    }
    for (const auto& [tier, target] : input_.tiers) {
        if (target.empty() || Walk(*this).serves(target)) continue;
        problems.push_back("tiers." + tier + " names " + quoted(target) +
                           ", which no model serves");
        tiers_.erase(tier);
    }
    for (const std::string& name : listed_) resolved_.emplace(name, resolve(name));
}

const Resolution* Names::listed_as(std::string_view requested) const {
    const auto found = resolved_.find(requested);
    return found == resolved_.end() ? nullptr : &found->second;
}

void Names::index_names(std::vector<std::string>& problems) {
    for (std::uint32_t i = 0; i < input_.groups.size(); ++i) {
        const std::string& name = input_.groups[i].name;
        const std::size_t star = name.find('*');
        if (star != std::string::npos) {
            wildcards_.push_back({name.substr(0, star), i});
            continue;
        }
        if (groups_.emplace(name, i).second) listed_.push_back(name);
    }
    const auto specific = [this](const Wildcard& wildcard) {
        const std::string& name = input_.groups[wildcard.group].name;
        const auto stars = std::count(name.begin(), name.end(), '*');
        const auto literal = static_cast<std::ptrdiff_t>(name.size()) - stars;
        return std::tuple(-literal, stars, wildcard.group);
    };
    std::sort(wildcards_.begin(), wildcards_.end(),
              [&](const Wildcard& a, const Wildcard& b) { return specific(a) < specific(b); });
    for (const auto& [name, type] : input_.providers) providers_.emplace(name, type);
    for (std::uint32_t i = 0; i < input_.catalog.size(); ++i) {
        const CatalogName& entry = input_.catalog[i];
        if (!providers_.contains(split_model(entry.id).provider)) continue;
        catalog_.emplace(split_model(entry.id).model, i);
        for (const std::string& alias : entry.aliases) catalog_.emplace(alias, i);
    }
    for (std::uint32_t i = 0; i < input_.aliases.size(); ++i) {
        const AliasInput& alias = input_.aliases[i];
        if (aliases_.emplace(alias.name, i).second && !alias.hidden) listed_.push_back(alias.name);
    }
    for (const auto& [tier, target] : input_.tiers) {
        if (!target.empty()) tiers_.emplace(tier, target);
    }
    for (std::uint32_t i = 0; i < input_.chains.size(); ++i) {
        if (chains_.emplace(input_.chains[i].name, i).second) {
            listed_.push_back(input_.chains[i].name);
        }
    }
    for (const AliasInput& alias : input_.aliases) {
        if (Walk(*this).serves(alias.name)) continue;
        problems.push_back("the alias " + quoted(alias.name) + " leads to " + quoted(alias.target) +
                           ", which no model serves");
    }
}

void Names::index_spellings() {
    for (const std::string& name : listed_) {
        const auto [entry, added] = spelled_.emplace(spelling_key(name), name);
        if (!added && entry->second != name) entry->second.clear();
    }
}

void Names::index_chains(std::vector<std::string>& problems) {
    for (std::uint32_t chain = 0; chain < input_.chains.size(); ++chain) {
        const ChainInput& entry = input_.chains[chain];
        for (std::uint32_t i = 0; i < entry.members.size(); ++i) {
            const std::string& member = entry.members[i];
            const std::string resolved = Walk(*this).served_name(member);
            if (resolved.empty()) {
                problems.push_back("the member " + quoted(member) + " of the chain " +
                                   quoted(entry.name) + " names no model; it is passed over");
                continue;
            }
            for (const std::string& key : {member, resolved}) {
                const auto [position, added] = members_.emplace(key, Position{chain, i, false});
                if (!added && position->second.chain != chain) position->second.in_two = true;
            }
        }
    }
}

Resolution Names::resolve(std::string_view requested) const {
    Resolution resolution;
    if (!requested.empty() && requested.size() <= name_bytes_max) {
        Walk(*this).resolve(requested, resolution);
    }
    if (!resolution.found()) {
        resolution.name = std::string(requested.substr(0, name_bytes_max));
        resolution.nearest = nearest(requested, [this](std::string_view name) {
            const auto group = groups_.find(name);
            return group == groups_.end() || input_.groups[group->second].suggested;
        });
    }
    return resolution;
}

std::vector<std::string> Names::nearest(std::string_view requested,
                                        const std::function<bool(std::string_view)>& usable) const {
    std::vector<std::string> names;
    for (const std::string& name : listed_) {
        if (usable(name)) names.push_back(name);
    }
    return base::nearest(requested.substr(0, name_bytes_max), names, nearest_count, false);
}

base::Error Names::not_found(std::string_view requested, const Resolution& resolution) const {
    std::string message = "there is no model " + quoted(requested.substr(0, name_bytes_max));
    if (resolution.nearest.empty()) {
        message += "; no model has a name here, see model_list";
    } else {
        message += "; the nearest names are ";
        for (std::size_t i = 0; i < resolution.nearest.size(); ++i) {
            if (i > 0) message += i + 1 == resolution.nearest.size() ? " and " : ", ";
            message += quoted(resolution.nearest[i]);
        }
    }
    return base::Error{base::ErrorCode::not_found, std::move(message), "model"};
}

}  // namespace tollgate::routing
