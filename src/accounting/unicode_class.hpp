// What kind of character a code point is, as tokenizers' patterns ask for it. Pure.
#pragma once
#include <cstdint>

namespace tollgate::accounting {

enum class CharacterClass : std::uint8_t {
    other,         // marks of punctuation, symbols, control characters
    upper,         // Lu, Lt
    lower,         // Ll
    other_letter,  // Lm, Lo
    mark,          // M
    number,        // N
    space,         // White_Space
};
CharacterClass character_class(char32_t character);

}  // namespace tollgate::accounting
