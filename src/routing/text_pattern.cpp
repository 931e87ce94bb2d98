#include "routing/text_pattern.hpp"

#include <re2/re2.h>

#include "base/glob.hpp"

namespace tollgate::routing {
namespace {

constexpr std::int64_t expression_memory_max = 1 << 20;

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool glob_match_folded(std::string_view pattern, std::string_view text) {
    return base::glob_match(pattern, text, [](char of_pattern, char of_text) {
        return of_pattern == '?' || folded(of_pattern) == folded(of_text);
    });
}

CompiledPattern::CompiledPattern() = default;
CompiledPattern::CompiledPattern(CompiledPattern&&) noexcept = default;
CompiledPattern& CompiledPattern::operator=(CompiledPattern&&) noexcept = default;
CompiledPattern::~CompiledPattern() = default;

base::Result<CompiledPattern> CompiledPattern::make(const domain::TextPattern& pattern) {
    if (pattern.text.empty()) return base::invalid("the pattern is empty");
    if (pattern.text.size() > pattern_bytes_max) {
        return base::invalid("the pattern is longer than 1000 bytes");
    }
    CompiledPattern out;
    if (pattern.kind == domain::TextPattern::Kind::glob) {
        out.glob_ = pattern.text;
        return out;
    }
    re2::RE2::Options options;
    options.set_case_sensitive(false);
    options.set_dot_nl(true);
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(expression_memory_max);
    out.expression_ = std::make_unique<re2::RE2>(pattern.text, options);
    if (!out.expression_->ok()) {
        return base::invalid("no valid RE2 expression: " + out.expression_->error());
    }
    return out;
}

bool CompiledPattern::matches(std::string_view text) const {
    text = text.substr(0, pattern_text_bytes_max);
    if (expression_ == nullptr) return glob_match_folded(glob_, text);
    return re2::RE2::PartialMatch({text.data(), text.size()}, *expression_);
}

}  // namespace tollgate::routing
