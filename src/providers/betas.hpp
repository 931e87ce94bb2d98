// Which of Anthropic's beta features a known target refuses. A pure value made of parsed data
// (data/betas.yaml): only what is listed is taken away, an unknown target gets everything.
// Immutable after construction, thread-safe.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::providers {

struct BetaRule {
    std::string target;                    // provider type
    std::vector<std::string> header_deny;  // values of anthropic-beta; '*' stands for anything
    // Body fields that go with them: "speed", "output_config.effort" (inside an object),
    // "tools[].defer_loading" (inside each object of a list).
    std::vector<std::string> field_deny;
    bool deny_all = false;                 // the target takes no betas at all
};

// True when `text` fits `pattern`, in which '*' stands for any run of characters.
bool glob_match(std::string_view pattern, std::string_view text);

class BetaFilter {
public:
    BetaFilter() = default;
    explicit BetaFilter(std::vector<BetaRule> rules) : rules_(std::move(rules)) {}

    bool header_allowed(std::string_view target, std::string_view beta) const;
    bool field_allowed(std::string_view target, std::string_view field) const;
    // A comma separated anthropic-beta value without what `target` refuses, else as spelled; names
    // of removed betas are appended to `removed`.
    std::string filter_header(std::string_view target, std::string_view value,
                              std::vector<std::string>& removed) const;
    // The splices that remove the refused fields, with a comma each, from a relayed body; sorted,
    // not overlapping. An object inside which nothing would be left goes as a whole. Names of
    // removed fields go to `translation.dropped`. Values that are malformed inside are left alone.
    // REQUIRES: `outline` was made of `body`.
    std::vector<dialect::Splice> field_splices(std::string_view target, std::string_view body,
                                               const dialect::Outline& outline,
                                               dialect::Translation& translation) const;

private:
    const BetaRule* rule_of(std::string_view target) const;
    std::vector<BetaRule> rules_;
};

}  // namespace tollgate::providers
