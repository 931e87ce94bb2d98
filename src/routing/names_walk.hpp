// One resolution of one name; private to names.cpp. Lives for one call, borrows its Names.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "routing/names.hpp"

namespace tollgate::routing {

class Names::Walk {
public:
    explicit Walk(const Names& names) : names_(names) {}

    void resolve(std::string_view requested, Resolution& out);
    // True when `name` leads to a candidate without guessing.
    bool serves(std::string_view name) const { return !served_name(name).empty(); }
    // The group, `provider/model` or chain that `name` leads to; "" when none does.
    std::string served_name(std::string_view name) const;

private:
    struct Found {
        std::optional<std::uint32_t> chain;  // else the candidate counts
        Candidate candidate;
        std::string_view name(const Names& names) const;
    };
    using List = std::vector<Candidate>;

    std::optional<Found> plain(std::string_view name, Reason reason) const;
    std::optional<Found> known(std::string_view name) const;
    std::optional<Found> tier(std::string_view name) const;
    std::optional<Found> direct(std::string_view name) const;
    std::optional<Found> catalog(std::string_view name) const;
    std::optional<Found> wildcard(std::string_view name, bool with_prefix) const;
    // Without guessing: what chains, fallbacks, tiers and aliases may name.
    std::optional<Found> find(std::string_view name) const;
    // The last resorts of an unmapped Claude tier; fills notices.
    std::optional<Found> guess(std::string_view name, Resolution& out) const;

    void push(Candidate candidate, Reason reason, List& list);
    void push_found(const Found& found, Reason reason, List& list, int depth);
    void push_chain(std::uint32_t chain, std::uint32_t first, List& list, int depth);
    void follow_chains(Resolution& out);
    void follow_fallbacks(const Map<std::uint32_t>& index,
                          const std::vector<FallbackInput>& rules, List& list, bool transitive);
    void push_fallbacks(const std::vector<std::string>& to, List& list, bool transitive,
                        int depth);
    std::string identity(const Candidate& candidate) const;

    const Names& names_;
    std::vector<std::string> keys_;  // the request's names, most literal first, for rules
    std::unordered_set<std::string> tried_;
    std::int64_t fallbacks_left_ = 0;
};

}  // namespace tollgate::routing
