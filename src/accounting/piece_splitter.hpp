// Cuts text into the pieces within which a tokenizer merges bytes, exactly as the patterns that
// the vocabularies are published with. Pure; text is UTF-8, bytes that are none stand alone.
#pragma once
#include <cstdint>
#include <string_view>

#include "accounting/unicode_class.hpp"

namespace tollgate::accounting {

enum class SplitPattern : std::uint8_t {
    cl100k,  // cl100k_base, Llama 3
    qwen,    // the same with each digit alone
    o200k,   // o200k_base: words end where the case changes
};

class PieceSplitter {
public:
    PieceSplitter(SplitPattern pattern, std::string_view text) : pattern_(pattern), text_(text) {}
    // The next piece, "" at the end.
    std::string_view next();

private:
    struct Character {
        CharacterClass kind = CharacterClass::other;
        char32_t value = 0;
        std::size_t bytes = 0;  // 0: the text's end
    };
    Character read(std::size_t at) const;
    bool is_letter(std::size_t at) const;
    bool is_mark(std::size_t at) const;  // neither space nor letter nor number
    // Each gives the end of its match at `at`, or `at` when there is none.
    std::size_t word(std::size_t at) const;
    std::size_t cased_word(std::size_t at) const;
    std::size_t cased_body(std::size_t at, bool needs_lower) const;
    std::size_t letters(std::size_t at) const;
    std::size_t number(std::size_t at) const;
    std::size_t marks(std::size_t at) const;
    std::size_t blanks(std::size_t at) const;
    std::size_t contraction(std::size_t at) const;

    SplitPattern pattern_;
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace tollgate::accounting
