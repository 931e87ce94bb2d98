// Cuts a text into the terms that tasks are recognised by: stems of words, runs of two and three
// of them, and marks for what is no word. The same cutting makes the keys of the data file's terms,
// so that `rename variable` stands for "renaming variables" too. Pure.
//
// Marks: `^` stands before the first word of each sentence that is more than an opening (`please`,
// `can you`), so that `^why` finds sentences that begin with why; <code> is a block of code (its
// content is not read), <trace> an error with a stack, <question> a question mark at the end,
// <short> fewer than 6 words, <long> more than 120.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace tollgate::routing {

constexpr std::size_t term_words_max = 3;
constexpr std::size_t text_words_max = 320;   // looked at: the first 240 and the last 80
constexpr std::size_t first_words_max = 240;
constexpr std::size_t text_bytes_max = 32 * 1024;  // from both ends, in halves

using TermKey = std::uint64_t;

// The key of a term of the data file; 0 when it holds no word or more than three.
TermKey term_key(std::string_view term);

// Appends all keys of a text, in its order; a term that stands twice is there twice.
void text_keys(std::string_view text, std::vector<TermKey>& keys);

}  // namespace tollgate::routing
