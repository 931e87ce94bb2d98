// Which of Anthropic's beta features a known target refuses. A pure value made of parsed data
// (data/betas.yaml): only what is listed is taken away, an unknown target gets everything.
// Immutable after construction, thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "dialect/dialect.hpp"
#include "domain/target.hpp"
#include "http/message.hpp"

namespace tollgate::providers {

struct BetaRule {
    std::string target;                      // provider type
    std::vector<std::string> header_deny;    // values of anthropic-beta; '*' stands for anything
    std::vector<std::string> field_deny;     // top-level body fields that go with them
    bool deny_all = false;                   // the target takes no betas at all
    std::vector<std::string> output_fields = {};  // inside output_config
    std::vector<std::string> tool_fields = {};    // of each tool and of its `custom` object
    std::vector<std::string> tool_types = {};     // beginnings of the `type` of refused tools
    std::vector<std::string> cache_fields = {};   // inside each cache_control
    std::vector<std::string> hosts = {};          // ends of host names with the same rules
    std::vector<std::pair<std::string, std::string>> rename = {};  // beta, theirs
    bool in_body = false;                    // betas travel in the body array anthropic_beta
};

class BetaFilter {
public:
    BetaFilter() = default;
    explicit BetaFilter(std::vector<BetaRule> rules);

    // False: filter_header() gives what it got.
    bool knows(const domain::Deployment& target) const { return rule_of(target) != nullptr; }
    // A comma separated anthropic-beta value without what `target` refuses and with its own names,
    // as spelled for a target without rules, "" where betas travel in the body; names of refused
    // betas are appended to `removed`.
    std::string filter_header(const domain::Deployment& target, std::string_view value,
                              std::vector<std::string>& removed) const;
    // The betas for the body array anthropic_beta of such a target: of the client's headers, of the
    // configured ones and of `in_body` (an array that the body has already), each once.
    std::vector<std::string> body_betas(const domain::Deployment& target,
                                        const http::Headers& client, json::Raw in_body,
                                        dialect::Translation& translation) const;
    // The splices that remove the refused fields, with a comma each, from a body of Anthropic's
    // protocol, and, where betas travel in the body, put them there. Sorted, not overlapping. An
    // object or list in which nothing would be left goes as a whole; tool_choice goes with its
    // tool. Names of what was removed go to `translation.dropped`; what is malformed inside is left
    // alone.
    // Fails: invalid_request for a hosted tool that the target does not run, unless
    // drop_unsupported is on. REQUIRES: `outline` was made of `body`.
    base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, std::string_view body, const dialect::Outline& outline,
        const http::Headers& client, dialect::Translation& translation) const;

private:
    // By the target's type, else by its host; null: nothing is known of it.
    const BetaRule* rule_of(const domain::Deployment& target) const;
    std::vector<BetaRule> rules_;
    // Most targets are unknown: one bit says so (http::name_bit) for the types and for the last
    // letters of the hosts.
    std::uint64_t types_ = 0, host_ends_ = 0;
};

}  // namespace tollgate::providers
