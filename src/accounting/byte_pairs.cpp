#include "accounting/byte_pairs.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <queue>
#include <sstream>

#include "base/base64.hpp"

namespace tollgate::accounting {
namespace {

constexpr std::size_t file_bytes_max = 64 * 1024 * 1024;

base::Error bad_line(std::size_t number, std::string_view what) {
    return base::invalid("line " + std::to_string(number) + ": " + std::string(what) +
                         "; expected TOKEN IN BASE64, a blank, RANK");
}

// A pair of neighbouring parts that could be merged; stale ones are recognised by their length.
struct Pair {
    std::uint32_t rank;
    std::uint32_t left;   // where its left part begins
    std::uint32_t bytes;  // of both parts
    // The lowest rank first, then the leftmost.
    bool operator<(const Pair& other) const {
        return rank != other.rank ? rank > other.rank : left > other.left;
    }
};

struct FileName {
    Vocabulary vocabulary;
    SplitPattern pattern;
    std::string_view name;
};
constexpr std::array<FileName, 4> file_names = {{
    {Vocabulary::o200k, SplitPattern::o200k, "o200k_base.tiktoken"},
    {Vocabulary::cl100k, SplitPattern::cl100k, "cl100k_base.tiktoken"},
    {Vocabulary::llama3, SplitPattern::cl100k, "llama3.tiktoken"},
    {Vocabulary::qwen, SplitPattern::qwen, "qwen.tiktoken"},
}};

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

}  // namespace

base::Result<std::unique_ptr<BytePairs>> BytePairs::parse(std::string_view lines,
                                                          SplitPattern pattern) {
    std::unique_ptr<BytePairs> made(new BytePairs(pattern));
    struct Token {
        std::size_t begin, end;
        std::uint32_t rank;
    };
    std::vector<Token> tokens;
    std::size_t number = 0;
    while (!lines.empty()) {
        ++number;
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) return bad_line(number, "no rank");
        Token token{made->text_.size(), 0, 0};
        if (blank == 0 || !base::base64_decode(line.substr(0, blank), made->text_)) {
            return bad_line(number, "no token in base64");
        }
        token.end = made->text_.size();
        const std::string_view rank = line.substr(blank + 1);
        const auto [stop, problem] =
            std::from_chars(rank.data(), rank.data() + rank.size(), token.rank);
        if (problem != std::errc() || stop != rank.data() + rank.size()) {
            return bad_line(number, "no rank");
        }
        tokens.push_back(token);
    }
    made->ranks_.reserve(tokens.size());
    for (const Token& token : tokens) {
        const std::string_view key(made->text_.data() + token.begin, token.end - token.begin);
        if (!made->ranks_.emplace(key, token.rank).second) {
            return base::invalid("a token stands there twice (rank " +
                                 std::to_string(token.rank) + ")");
        }
    }
    for (int byte = 0; byte < 256; ++byte) {
        const char one = static_cast<char>(byte);
        if (!made->ranks_.contains(std::string_view(&one, 1))) {
            return base::invalid("the byte " + std::to_string(byte) +
                                 " is no token: this is no byte-pair vocabulary");
        }
    }
    return made;
}

// Merges the pair of lowest rank until none is in the vocabulary.
std::int64_t BytePairs::count_piece(std::string_view piece) const {
    if (ranks_.contains(piece)) return 1;
    const auto size = static_cast<std::uint32_t>(piece.size());
    // Parts are known by where they begin: `after` is where the next one does.
    std::vector<std::uint32_t> after(size), before(size);
    std::vector<bool> begins(size, true);
    std::priority_queue<Pair> pairs;
    const auto offer = [&](std::uint32_t left) {
        const std::uint32_t right = after[left];
        if (right >= size) return;
        const std::uint32_t bytes = after[right] - left;
        const auto found = ranks_.find(piece.substr(left, bytes));
        if (found != ranks_.end()) pairs.push({found->second, left, bytes});
    };
    for (std::uint32_t i = 0; i < size; ++i) {
        after[i] = i + 1;
        before[i] = i == 0 ? 0 : i - 1;
    }
    for (std::uint32_t i = 0; i + 1 < size; ++i) offer(i);
    std::int64_t parts = size;
    while (!pairs.empty()) {
        const Pair best = pairs.top();
        pairs.pop();
        if (!begins[best.left]) continue;
        const std::uint32_t right = after[best.left];
        if (right >= size || after[right] - best.left != best.bytes) continue;
        begins[right] = false;
        after[best.left] = after[right];
        if (after[right] < size) before[after[right]] = best.left;
        --parts;
        offer(best.left);
        if (best.left > 0) offer(before[best.left]);
    }
    return parts;
}

std::int64_t BytePairs::count(std::string_view plain) const {
    PieceSplitter pieces(pattern_, plain);
    std::int64_t total = 0;
    for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
        total += count_piece(piece);
    }
    return total;
}

std::int64_t BytePairs::count(json::Escaped text) const {
    std::string plain;
    plain.reserve(text.raw.size());
    json::append_unescaped(plain, text);
    return count(std::string_view(plain));
}

VocabularyFolder VocabularyFolder::load(const std::string& folder,
                                        std::vector<std::string>& problems) {
    VocabularyFolder made;
    for (const FileName& each : file_names) {
        const std::string path = folder + "/" + std::string(each.name);
        const auto lines = read_file(path);
        if (!lines) continue;
        if (lines->size() > file_bytes_max) {
            problems.push_back(path + ": larger than 64 MiB");
            continue;
        }
        auto pairs = BytePairs::parse(*lines, each.pattern);
        if (pairs.ok()) {
            made.found_[static_cast<std::size_t>(each.vocabulary)] = std::move(pairs).value();
        } else {
            problems.push_back(path + ": " + pairs.error().message);
        }
    }
    return made;
}

std::size_t VocabularyFolder::size() const {
    return static_cast<std::size_t>(std::count_if(
        found_.begin(), found_.end(), [](const auto& each) { return each != nullptr; }));
}

}  // namespace tollgate::accounting
