#include "providers/betas.hpp"

#include <algorithm>

#include "base/glob.hpp"
#include "providers/betas_body.hpp"

namespace tollgate::providers {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t";
    const auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

std::string_view host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    const auto end = std::ranges::find_if(
        url, [](char c) { return c == ':' || c == '/' || c == '?'; });
    return {url.begin(), end};
}

// Enough of a host's end to tell most hosts from those of the rules.
constexpr std::size_t last_letters = 8;
std::string_view last_of(std::string_view host) {
    return host.size() > last_letters ? host.substr(host.size() - last_letters) : host;
}

bool allowed(const BetaRule& rule, std::string_view beta) {
    return !rule.deny_all && std::ranges::none_of(rule.header_deny, [&](const std::string& glob) {
        return base::glob_match(glob, beta);
    });
}

std::string_view renamed(const BetaRule& rule, std::string_view beta) {
    for (const auto& [name, theirs] : rule.rename) {
        if (name == beta) return theirs;
    }
    return beta;
}

// Takes apart a header's value: what stays goes to `kept`, each once, the rest to `removed`.
void sort_out(const BetaRule& rule, std::string_view value, std::vector<std::string>& kept,
              std::vector<std::string>& removed) {
    while (!value.empty()) {
        const auto comma = value.find(',');
        const auto beta = trimmed(value.substr(0, comma));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        if (beta.empty()) continue;
        const auto name = renamed(rule, beta);
        if (!allowed(rule, name)) {
            removed.emplace_back(beta);
        } else if (std::ranges::find(kept, name) == kept.end()) {
            kept.emplace_back(name);
        }
    }
}

}  // namespace

BetaFilter::BetaFilter(std::vector<BetaRule> rules) : rules_(std::move(rules)) {
    for (const BetaRule& rule : rules_) {
        types_ |= http::name_bit(rule.target);
        for (const std::string& end : rule.hosts) {
            const bool shorter = end.size() < last_letters;
            host_ends_ |= shorter ? ~std::uint64_t{0} : http::name_bit(last_of(end));
        }
    }
}

const BetaRule* BetaFilter::rule_of(const domain::Deployment& target) const {
    if ((types_ & http::name_bit(target.provider.type)) != 0) {
        const auto found = std::ranges::find(rules_, target.provider.type, &BetaRule::target);
        if (found != rules_.end()) return &*found;
    }
    const auto host = host_of(target.base_url);
    if ((host_ends_ & http::name_bit(last_of(host))) == 0) return nullptr;
    for (const BetaRule& rule : rules_) {
        const bool there = std::ranges::any_of(
            rule.hosts, [&](const std::string& end) { return host.ends_with(end); });
        if (there) return &rule;
    }
    return nullptr;
}

std::string BetaFilter::filter_header(const domain::Deployment& target, std::string_view value,
                                      std::vector<std::string>& removed) const {
    const BetaRule* rule = rule_of(target);
    if (rule == nullptr) return std::string(value);
    if (rule->in_body) return {};
    std::vector<std::string> kept;
    sort_out(*rule, value, kept, removed);
    std::string joined;
    for (const std::string& beta : kept) {
        if (!joined.empty()) joined += ',';
        joined += beta;
    }
    return joined;
}

std::vector<std::string> BetaFilter::body_betas(const domain::Deployment& target,
                                                const http::Headers& client, json::Raw in_body,
                                                dialect::Translation& translation) const {
    std::vector<std::string> kept, removed;
    const BetaRule* rule = rule_of(target);
    if (rule == nullptr || !rule->in_body) return kept;
    json::Document document;
    const auto own = document.parse(in_body);
    if (own.ok()) {
        for (const json::Value beta : own->elements()) {
            sort_out(*rule, beta.text(), kept, removed);
        }
    }
    for (const http::Header& header : client) {
        if (http::iequals(header.name, "anthropic-beta")) {
            sort_out(*rule, header.value, kept, removed);
        }
    }
    for (const auto& [name, value] : target.extra_headers) {
        if (http::iequals(name, "anthropic-beta")) sort_out(*rule, value, kept, removed);
    }
    for (const std::string& beta : removed) translation.drop(beta);
    return kept;
}

base::Result<std::vector<dialect::Splice>> BetaFilter::body_splices(
    const domain::Deployment& target, std::string_view body, const dialect::Outline& outline,
    const http::Headers& client, dialect::Translation& translation) const {
    const BetaRule* rule = rule_of(target);
    if (rule == nullptr) return std::vector<dialect::Splice>();
    BodyCutter cutter(*rule, target, body, outline, translation);
    if (rule->in_body) {
        cutter.set_betas(
            body_betas(target, client, cutter.field_value("anthropic_beta"), translation));
    }
    return cutter.run();
}

}  // namespace tollgate::providers
