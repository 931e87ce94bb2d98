// Tool names and tool call ids as a target can take them: what does not fit is shortened with a
// stable hash, so that the same name gives the same short name in every turn of a conversation.
// Pure functions; the mapping back is kept in Translation::tool_names.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/dialect.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect {

// True when `c` is in `charset`, written like the inside of a regular expression's brackets:
// "a-zA-Z0-9_-" (ranges; a '-' at either end is itself). An empty charset holds every character.
bool in_charset(char c, std::string_view charset);

// `name` itself when it is not empty, at most `length_max` long (0: any) and within `charset`; else
// its fitting beginning, '_' and 8 hexadecimal digits of its hash.
std::string fit_name(std::string_view name, std::string_view charset, std::size_t length_max);

// A tool's name for `target`; a changed one is noted in `translation` for the way back.
std::string tool_name_for(const domain::Deployment& target, std::string_view name,
                          Translation& translation);
// The same without a copy of one that fits; another is put into `made`.
std::string_view tool_name_for(const domain::Deployment& target, std::string_view name,
                               Translation& translation, std::string& made);

// A tool call's id for `target`: itself when it fits, else a hash of it in the target's alphabet.
// Both ends of a call (call and result) get the same id because it depends on the id alone.
std::string tool_id_for(const domain::ProviderTraits& provider, std::string_view id);
// The same without a copy of one that fits; another is put into `made`.
std::string_view tool_id_for(const domain::ProviderTraits& provider, std::string_view id,
                             std::string& made);

// A tool call id where the provider sent none or one it had used before: unique per `seed` (the
// bytes it arrived in) and `ordinal` within the answer.
std::string fresh_tool_id(std::string_view seed, std::size_t ordinal);

}  // namespace tollgate::dialect
