#include "routing/task_terms.hpp"

#include <algorithm>
#include <array>

namespace tollgate::routing {
namespace {

constexpr std::size_t stem_bytes_max = 32;
constexpr std::size_t short_words = 6, long_words = 120;
constexpr std::size_t marked_bytes_max = 8 * 1024;  // looked through for code and traces
constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;

// What begins a request without saying what it is about; sorted.
constexpr std::array<std::string_view, 36> openings{
    "a",    "also", "and",  "can",  "claude", "could", "hello", "help", "hey",  "hi",  "i",  "id",
    "in",   "just", "kindly", "let", "lets",  "like",  "me",    "my",   "need", "next", "now", "ok",
    "okay", "please", "should", "so", "then", "to",    "us",    "want", "we",   "will", "would",
    "you"};

constexpr std::array<std::string_view, 6> traces{
    "Traceback (most recent call last)", "Exception in thread", "\n    at ", "panicked at",
    "Segmentation fault", "AddressSanitizer"};

bool word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'; }

// One word without its inflection, in lower case.
class Stem {
public:
    explicit Stem(std::string_view word) {
        for (const char c : word.substr(0, stem_bytes_max)) {
            letters_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        opening_ = std::binary_search(openings.begin(), openings.end(), text());
        if (size_ > 3) cut();
    }
    std::string_view text() const { return {letters_.data(), size_}; }
    bool is_opening() const { return opening_; }
    std::uint64_t hash() const {
        std::uint64_t hash = fnv_offset;
        for (const char c : text()) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
        return hash;
    }

private:
    bool ends(std::string_view ending) const { return text().ends_with(ending); }

    void cut() {
        if (ends("ies") && size_ > 4) {
            size_ -= 2;
            letters_[size_ - 1] = 'y';
        } else if (ends("sses")) {
            size_ -= 2;
        } else if (ends("s") && !ends("ss") && !ends("us") && !ends("is") && text() != "news") {
            --size_;
        }
        if (ends("ing") && size_ >= 6) {
            drop(3);
        } else if (ends("ed") && size_ >= 5) {
            drop(2);
        }
        if (size_ > 3 && ends("e")) --size_;
    }
    // Takes a verb's ending off, with the consonant that was doubled before it.
    void drop(std::size_t count) {
        const std::size_t kept = size_ - count;
        if (std::none_of(letters_.begin(), letters_.begin() + kept, vowel)) return;
        size_ = kept;
        const char last = letters_[size_ - 1];
        const bool doubled = size_ > 3 && last == letters_[size_ - 2] && !vowel(last);
        if (doubled && last != 'l' && last != 's' && last != 'z') --size_;
        if (last == 'i') letters_[size_ - 1] = 'y';
    }

    std::array<char, stem_bytes_max> letters_{};
    std::size_t size_ = 0;
    bool opening_ = false;
};

TermKey mark_key(std::string_view mark) {
    std::uint64_t hash = fnv_offset;
    for (const char c : mark) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
    return hash;
}

// The key of a word that follows the words of `before`; 0 begins.
TermKey joined(TermKey before, std::uint64_t word) {
    return (before * 0x9e3779b97f4a7c15) ^ (word + (before >> 7));
}

// Where the sentence ends at this byte.
bool sentence_end(std::string_view text, std::size_t at) {
    switch (text[at]) {
        case '\n': case '!': case '?': case ';': return true;
        case '.': case ':':
            return at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n';
        default: return false;
    }
}

class Cutter {
public:
    explicit Cutter(std::vector<TermKey>& keys) : keys_(keys) { begin_sentence(); }

    std::size_t words() const { return words_; }
    // The last `count` words at most from here on.
    void cut(std::string_view text, std::size_t words_max) {
        const std::size_t end = words_ + words_max;
        std::size_t at = 0;
        while (at < text.size() && words_ < end) {
            if (text.substr(at).starts_with("```")) {
                at = after_code(text, at);
                begin_sentence();
            } else if (word_byte(text[at])) {
                at = take_word(text, at);
            } else {
                if (sentence_end(text, at)) begin_sentence();
                ++at;
            }
        }
    }

private:
    static std::size_t after_code(std::string_view text, std::size_t at) {
        const std::size_t close = text.find("```", at + 3);
        return close == std::string_view::npos ? text.size() : close + 3;
    }
    void begin_sentence() {
        recent_ = {begin_, 0};
        opening_ = true;
    }
    std::size_t take_word(std::string_view text, std::size_t at) {
        std::size_t end = at;
        while (end < text.size() && word_byte(text[end])) ++end;
        const Stem stem(text.substr(at, end - at));
        ++words_;
        // "don't" is `don`, "it's" is `it`.
        if (end + 1 < text.size() && text[end] == '\'' && word_byte(text[end + 1])) {
            while (end < text.size() && (word_byte(text[end]) || text[end] == '\'')) ++end;
        }
        take(stem);
        return end;
    }
    void take(const Stem& stem) {
        const std::uint64_t word = stem.hash();
        keys_.push_back(joined(0, word));
        if (opening_ && stem.is_opening()) return;  // what follows still begins the sentence
        opening_ = false;
        if (recent_[0] != 0) {
            const TermKey two = joined(joined(0, recent_[0]), word);
            keys_.push_back(two);
            if (recent_[1] != 0) {
                keys_.push_back(joined(joined(joined(0, recent_[1]), recent_[0]), word));
            }
        }
        recent_ = {word, recent_[0]};
    }

    const std::uint64_t begin_ = mark_key("^");
    std::vector<TermKey>& keys_;
    std::array<std::uint64_t, 2> recent_{};  // the words before, nearest first; 0: none
    std::size_t words_ = 0;
    bool opening_ = true;
};

std::size_t word_count(std::string_view text, std::size_t enough) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size() && count < enough; ++i) {
        if (word_byte(text[i]) && (i == 0 || !word_byte(text[i - 1]))) ++count;
    }
    return count;
}

// The last `count` words of a text.
std::string_view last_words(std::string_view text, std::size_t count) {
    std::size_t at = text.size();
    while (at > 0 && count > 0) {
        --at;
        if (word_byte(text[at]) && (at == 0 || !word_byte(text[at - 1]))) --count;
    }
    return text.substr(at);
}

}  // namespace

TermKey term_key(std::string_view term) {
    TermKey key = 0;
    std::size_t words = 0;
    for (std::size_t at = 0; at < term.size();) {
        if (term[at] == '^') {
            key = joined(key, mark_key("^"));
            ++at;
        } else if (term[at] == '<') {
            const std::size_t end = std::min(term.find('>', at), term.size() - 1) + 1;
            key = joined(key, mark_key(term.substr(at, end - at)));
            at = end;
        } else if (word_byte(term[at])) {
            std::size_t end = at;
            while (end < term.size() && word_byte(term[end])) ++end;
            key = joined(key, Stem(term.substr(at, end - at)).hash());
            at = end;
        } else {
            ++at;
            continue;
        }
        ++words;
    }
    return words <= term_words_max ? key : 0;
}

void text_keys(std::string_view text, std::vector<TermKey>& keys) {
    const auto mark = [&](std::string_view name) { keys.push_back(joined(0, mark_key(name))); };
    std::string_view head = text, tail;
    if (text.size() > text_bytes_max) {
        head = text.substr(0, text_bytes_max / 2);
        tail = text.substr(text.size() - text_bytes_max / 2);
    }
    const std::size_t words = word_count(head, text_words_max + 1);
    Cutter cutter(keys);
    if (words <= text_words_max && tail.empty()) {
        cutter.cut(head, text_words_max);
    } else {
        cutter.cut(head, first_words_max);
        const std::size_t last = text_words_max - first_words_max;
        Cutter(keys).cut(last_words(tail.empty() ? head : tail, last), last);
    }
    if (words < short_words && tail.empty()) mark("<short>");
    if (words > long_words || !tail.empty()) mark("<long>");
    const std::string_view begin = head.substr(0, marked_bytes_max);
    if (begin.find("```") != std::string_view::npos) mark("<code>");
    if (std::any_of(traces.begin(), traces.end(), [&](std::string_view trace) {
            return begin.find(trace) != std::string_view::npos;
        })) {
        mark("<trace>");
    }
    const std::size_t end = text.find_last_not_of(" \t\r\n\"')");
    if (end != std::string_view::npos && text[end] == '?') mark("<question>");
}

}  // namespace tollgate::routing
