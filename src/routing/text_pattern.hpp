// Patterns over a user's words, case-folded: globs (`refactor*`: the words begin so) and RE2
// expressions (found anywhere). Const and thread-safe once built; matching takes time linear in
// the text.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/routing.hpp"

namespace re2 {
class RE2;
}

namespace tollgate::routing {

constexpr std::size_t pattern_bytes_max = 1'000;
constexpr std::size_t pattern_text_bytes_max = 64 * 1024;  // of the words, from their beginning

// ASCII case does not matter; `*` stands for any text, `?` for one byte.
bool glob_match_folded(std::string_view pattern, std::string_view text);

class CompiledPattern {
public:
    // Fails: invalid_request with the expression's fault in words.
    static base::Result<CompiledPattern> make(const domain::TextPattern& pattern);
    CompiledPattern(CompiledPattern&&) noexcept;
    CompiledPattern& operator=(CompiledPattern&&) noexcept;
    ~CompiledPattern();

    bool matches(std::string_view text) const;

private:
    CompiledPattern();
    std::string glob_;
    std::unique_ptr<re2::RE2> expression_;
};

}  // namespace tollgate::routing
