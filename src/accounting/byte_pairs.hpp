// Exact token counts with a family's own vocabulary, in the form that tiktoken publishes: each line
// a token in base64, a blank and its rank. A vocabulary takes about 20 MB of memory; once loaded it
// is immutable and may be shared between threads.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accounting/piece_splitter.hpp"
#include "accounting/token_count.hpp"
#include "base/result.hpp"

namespace tollgate::accounting {

class BytePairs final : public TextCounter {
public:
    // Fails: invalid_request naming the line, when `lines` is no vocabulary: each of the 256 bytes
    // must be a token, ranks must differ.
    static base::Result<std::unique_ptr<BytePairs>> parse(std::string_view lines,
                                                          SplitPattern pattern);
    // Runs at 5 to 10 MB/s.
    std::int64_t count(std::string_view plain) const override;
    std::int64_t count(json::Escaped text) const override;
    std::size_t size() const { return ranks_.size(); }

private:
    explicit BytePairs(SplitPattern pattern) : pattern_(pattern) {}
    std::int64_t count_piece(std::string_view piece) const;
    SplitPattern pattern_;
    std::string text_;  // all tokens, one behind the other; the keys below are views of it
    std::unordered_map<std::string_view, std::uint32_t> ranks_;
};

// The vocabularies of a folder, by family: o200k_base.tiktoken, cl100k_base.tiktoken,
// llama3.tiktoken, qwen.tiktoken.
class VocabularyFolder {
public:
    // Reads what is there; what cannot be read is told in `problems`, one line per file.
    static VocabularyFolder load(const std::string& folder, std::vector<std::string>& problems);
    // Null when none is installed.
    const BytePairs* find(Vocabulary vocabulary) const {
        return found_[static_cast<std::size_t>(vocabulary)].get();
    }
    std::size_t size() const;

private:
    std::array<std::unique_ptr<const BytePairs>, vocabularies> found_;
};

}  // namespace tollgate::accounting
