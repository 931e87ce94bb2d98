// Globs: in a pattern `*` stands for any text, also for none. Pure, thread-safe.
#pragma once
#include <cstddef>
#include <string_view>

namespace tollgate::base {

// True when the whole of `text` fits `pattern`. `same(of_pattern, of_text)` says whether two bytes
// fit; it is never asked of a `*` in the pattern.
template <class Same>
bool glob_match(std::string_view pattern, std::string_view text, Same same) {
    // Greedy with one point to return to: linear for every pattern people write.
    std::size_t p = 0, t = 0;
    std::size_t star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && same(pattern[p], text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

// Every other byte stands for itself; case matters.
inline bool glob_match(std::string_view pattern, std::string_view text) {
    return glob_match(pattern, text, [](char a, char b) { return a == b; });
}

}  // namespace tollgate::base
