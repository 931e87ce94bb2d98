// From the name a client asks for to the ordered candidates: aliases, dated names, Claude's tiers,
// groups, catalog names, wildcards, chains and fallbacks. Pure.
//
// Names is built once per snapshot, then const and thread-safe. resolve() costs a few hash look-ups
// plus one comparison per wildcard; only the nearest names of a 404 walk all names.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace tollgate::routing {

// One public name of model_list: one deployment or several.
struct GroupInput {
    std::string name;          // may hold `*`: then it is a wildcard
    bool chat = true;          // may stand in for an unmapped tier
    // What each deployment really is, `provider/model@` and then whatever tells accounts apart
    // (nothing for the provider's own one): equal ones are tried once.
    std::vector<std::string> deployments;
    bool suggested = true;     // to those who asked for a name that is none; false: a tenant's own
};
struct AliasInput {
    std::string name, target;
    bool hidden = false;
};
struct ChainInput {
    std::string name;
    std::vector<std::string> members;
};
struct FallbackInput {
    std::string model;  // a group, or "*"
    std::vector<std::string> to;
};
struct CatalogName {
    std::string id;                    // provider/model
    std::vector<std::string> aliases;  // bare names
};
struct NamesInput {
    std::vector<GroupInput> groups;    // in the file's order
    std::vector<AliasInput> aliases;
    // Keys opus, sonnet, haiku, fable, default; empty target: not mapped.
    std::vector<std::pair<std::string, std::string>> tiers;
    std::vector<ChainInput> chains;
    std::vector<FallbackInput> fallbacks, context_window_fallbacks, content_policy_fallbacks;
    std::vector<std::string> default_fallbacks;
    // Types, aliases and accounts that may be addressed as `NAME/model`, with the type they mean.
    std::vector<std::pair<std::string, std::string>> providers;
    // Bare names reach these where their provider is among `providers`.
    std::vector<CatalogName> catalog;
    std::int64_t fallbacks_max = 5;
};

enum class Reason : std::uint8_t {
    exact, alias, dateless, spelling, tier, tier_guess, first_chat, catalog, wildcard, chain,
    fallback,
};
std::string_view reason_name(Reason reason);

struct Candidate {
    static constexpr std::uint32_t direct = 0xffffffff;
    std::uint32_t group = direct;       // index in NamesInput::groups
    Reason reason = Reason::exact;
    // The texts that the wildcard's stars stood for, in order; see substitute().
    std::vector<std::string> captured;
    // direct only: the account or type as configured, and the model as the provider knows it.
    std::string provider, model;
    bool is_direct() const { return group == direct; }
};

struct Resolution {
    std::vector<Candidate> candidates;      // to be tried in order; empty: not found
    std::vector<Candidate> context_window;  // instead, after a context overflow
    std::vector<Candidate> content_policy;  // instead, after a content refusal
    std::string name;                       // what the request was renamed to, for rules and logs
    std::vector<std::string> notices;       // for people: a tier that nobody mapped, ...
    std::vector<std::string> nearest;       // not found: up to three names
    bool found() const { return !candidates.empty(); }
};

class Names {
public:
    Names() = default;
    // Problems (an alias to nowhere, an alias ring, a chain member nobody serves) are appended to
    // `problems` in words; what is sound works all the same.
    Names(NamesInput input, std::vector<std::string>& problems);

    Resolution resolve(std::string_view requested) const;
    // resolve() of a name that stands in the configuration as it is asked for, worked out when
    // Names was built; null for any other. Lives as long as this.
    const Resolution* listed_as(std::string_view requested) const;
    // "no model `x`; nearest: a, b, c" as a not_found error.
    base::Error not_found(std::string_view requested, const Resolution& resolution) const;
    // Up to three names near `requested` among those that `usable` accepts.
    std::vector<std::string> nearest(std::string_view requested,
                                     const std::function<bool(std::string_view)>& usable) const;
    // The public names in the order of the file: groups without `*`, visible aliases, chains.
    const std::vector<std::string>& listed() const { return listed_; }
    const std::string& group_name(std::uint32_t group) const { return input_.groups[group].name; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <typename T>
    using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;
    struct Position {
        std::uint32_t chain = 0, member = 0;
        bool in_two = false;
    };
    struct Wildcard {
        std::string prefix;  // literal text before the first star
        std::uint32_t group = 0;
    };
    class Walk;
    void index_names(std::vector<std::string>& problems);
    void index_chains(std::vector<std::string>& problems);
    void index_spellings();

    NamesInput input_;
    Map<std::uint32_t> groups_, aliases_, chains_, catalog_;
    Map<std::string> tiers_, providers_;
    Map<std::string> spelled_;         // spelling_key to the name; "" where two names share one
    Map<Position> members_;
    Map<std::uint32_t> fallbacks_, context_window_, content_policy_;
    std::vector<Wildcard> wildcards_;  // most specific first
    std::vector<std::string> listed_;
    Map<Resolution> resolved_;         // of all that are listed
};

// `pattern` with its stars replaced by `captured` in order.
std::string substitute(std::string_view pattern, const std::vector<std::string>& captured);

}  // namespace tollgate::routing
