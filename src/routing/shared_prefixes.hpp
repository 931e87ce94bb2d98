// What the conversations of one kind have in common at the beginning of their prompts, a client's
// tools and system prompt, which a provider's cache holds for all of them: how much it is, and
// where it is held. For simulations. Times are Unix microseconds. One thread.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "domain/usage_record.hpp"

namespace tollgate::routing {

class SharedPrefixes {
public:
    // The prompts of which are taken to begin alike: of one tenant, name and level of agents.
    static std::string kind_of(const domain::UsageRecord& record);

    // Before the simulation, every record once, the oldest first.
    void learn(const domain::UsageRecord& record);
    // As conversations of that kind found it at their first turn; 0: none did.
    std::int64_t tokens(const std::string& kind) const;

    // Somebody of that kind had it written or read at `place`, where it lives until then.
    void visit(const std::string& kind, std::string_view place, std::int64_t until);
    bool held(const std::string& kind, std::string_view place, std::int64_t at) const;

private:
    std::unordered_map<std::string, std::int64_t> tokens_;          // by kind
    std::unordered_set<std::size_t> begun_;                         // conversations, by hash
    std::map<std::string, std::int64_t, std::less<>> until_;        // by kind and place
};

}  // namespace tollgate::routing
