// The top-level members of a body that is passed on as it is: whatever nests is skipped.
#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/json_scan.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {
namespace {

// Duplicates are looked for pairwise, so a hostile body must not bring thousands of fields.
constexpr std::size_t top_fields_max = 512;
constexpr const char* expected_object = "a JSON object";
constexpr const char* expected_once = "each key only once";
constexpr const char* expected_fewer = "at most 512 top-level fields";

// Two spellings of one key are one key. `escapes`: this key or one of the fields' may have some.
bool named_before(std::string_view key, const std::vector<TopField>& fields, bool escapes) {
    if (!escapes) [[likely]] {
        for (const TopField& field : fields) {
            if (field.key.size() == key.size() && field.key == key) return true;
        }
        return false;
    }
    std::string plain;
    append_unescaped(plain, Escaped{key});
    for (const TopField& field : fields) {
        if (key_equals(field.key, plain)) return true;
    }
    return false;
}

struct Scan {
    const char* const begin;
    const char* const end;
    const char* at;
    const char* expected = nullptr;
    bool escapes = false;  // in one of the strings so far

    bool fail(const char* what) {
        expected = what;
        return false;
    }
    bool peek(char c) const { return at != end && *at == c; }
    void skip_space() {
        while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    }

    // `at` stands at the opening quote. Keys are validated, values only delimited.
    bool skip_string() {
        unsigned char seen = 0;
        for (++at;;) {
            at = detail::find_string_stop(at, end, seen);
            if (at == end) return fail("the quote that ends the string");
            if (*at == '"') break;
            if (*at != '\\') return fail("a control character written as an escape");
            const std::size_t length = detail::escape_length(at, end);
            if (length == 0) return fail("a valid escape sequence");
            escapes = true;
            at += length;
        }
        ++at;
        return true;
    }

    bool skip_value() {
        if (at == end) return fail("a value");
        if (*at == '"') return skip_string();
        if (*at == '{' || *at == '[') {
            const char* const after = detail::skip_container(at, end);
            if (after == nullptr) {
                at = end;
                return fail("the bracket that closes the value");
            }
            at = after;
            return true;
        }
        const char* const from = at;
        while (at != end && *at != ',' && *at != '}' && *at > ' ' && *at != '"' && *at != ':') ++at;
        return at != from || fail("a value");
    }

    bool member(std::vector<TopField>& fields) {
        skip_space();
        if (!peek('"')) return fail("a key in quotes");
        const char* const key = at + 1;
        if (!skip_string()) return false;
        TopField field;
        field.key = {key, static_cast<std::size_t>(at - 1 - key)};
        if (named_before(field.key, fields, escapes)) {
            at = key;
            return fail(expected_once);
        }
        if (fields.size() == top_fields_max) return fail(expected_fewer);
        skip_space();
        if (!peek(':')) return fail("a colon");
        ++at;
        skip_space();
        const char* const value = at;
        if (!skip_value()) return false;
        field.value = {value, static_cast<std::size_t>(at - value)};
        field.offset = static_cast<std::size_t>(value - begin);
        fields.push_back(field);
        skip_space();
        return true;
    }

    bool run(std::vector<TopField>& fields) {
        skip_space();
        if (!peek('{')) return fail(expected_object);
        ++at;
        skip_space();
        if (!peek('}')) {
            for (;;) {
                if (!member(fields)) return false;
                if (!peek(',')) break;
                ++at;
            }
            if (!peek('}')) return fail("a comma or }");
        }
        ++at;
        skip_space();
        return at == end || fail("nothing after the object");
    }
};

// A quote stands before `at`.
bool begins_with_one(std::string_view text, std::size_t at,
                     std::span<const std::string_view> words) {
    const std::string_view rest = text.substr(at);
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return rest.starts_with(word); });
}

}  // namespace

bool may_hold_string_with(std::string_view text, std::span<const std::string_view> words) {
    std::size_t at = 0;
#if defined(__x86_64__)
    // A quote and, behind it, the first letter of a word: few places are left.
    std::array<__m128i, 8> firsts;
    std::string letters;
    for (std::string_view word : words) {
        if (letters.find(word.front()) != std::string::npos) continue;
        if (letters.size() < firsts.size()) firsts[letters.size()] = _mm_set1_epi8(word.front());
        letters += word.front();
    }
    const std::size_t count = letters.size();
    const bool vectors = count > 0 && count <= firsts.size();
    for (; vectors && text.size() - at >= 17; at += 16) {
        const char* const here = text.data() + at;
        const __m128i quotes = _mm_cmpeq_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(here)), _mm_set1_epi8('"'));
        const __m128i behind = _mm_loadu_si128(reinterpret_cast<const __m128i*>(here + 1));
        __m128i first = _mm_cmpeq_epi8(behind, firsts[0]);
        for (std::size_t i = 1; i < count; ++i) {
            first = _mm_or_si128(first, _mm_cmpeq_epi8(behind, firsts[i]));
        }
        auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(quotes, first)));
        for (; found != 0; found &= found - 1) {
            const auto place = at + static_cast<std::size_t>(__builtin_ctz(found)) + 1;
            if (begins_with_one(text, place, words)) return true;
        }
    }
#endif
    for (; at < text.size(); ++at) {
        if (text[at] == '"' && begins_with_one(text, at + 1, words)) return true;
    }
    return false;
}

base::Result<void> scan_top_level(std::string_view text, std::vector<TopField>& fields) {
    fields.clear();
    Scan scan{text.data(), text.data() + text.size(), text.data()};
    if (scan.run(fields)) return {};
    fields.clear();
    return detail::malformed(static_cast<std::size_t>(scan.at - scan.begin), scan.expected);
}

base::Result<void> top_level_of(const Document& parsed, std::vector<TopField>& fields) {
    fields.clear();
    const auto refused = [&](std::size_t offset, const char* expected) {
        fields.clear();
        return detail::malformed(offset, expected);
    };
    const Value root = parsed.root();
    if (!root.is_object()) return refused(root.offset(), expected_object);
    fields.reserve(std::min(root.size(), top_fields_max));
    const Value::Range members = root.members();
    bool escapes = false;
    for (auto at = members.begin(); at != members.end(); ++at) {
        const Value name = at.key();
        const std::string_view key = name.escaped().raw;
        const std::size_t offset = name.offset() + 1;
        escapes = escapes || name.may_have_escapes();
        if (named_before(key, fields, escapes)) return refused(offset, expected_once);
        if (fields.size() == top_fields_max) {
            return refused(offset + key.size() + 1, expected_fewer);
        }
        const Value value = *at;
        TopField& field = fields.emplace_back();
        field.key = key;
        field.value = value.raw();
        field.offset = static_cast<std::size_t>(field.value.data() - parsed.text().data());
    }
    return {};
}

}  // namespace tollgate::json
