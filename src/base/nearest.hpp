// Suggestions for a misspelt name: keys, model names, commands. Pure.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::base {

// Insertions, deletions, replacements and swaps of neighbours between two texts, ASCII case
// ignored. Stops counting at `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// Up to `count` of `names`, best first; only those near enough to be meant when `strict`,
// the best of all otherwise. Ties keep the order given.
std::vector<std::string> nearest(std::string_view wanted, std::span<const std::string> names,
                                 std::size_t count, bool strict);

}  // namespace tollgate::base
