#include "base/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/json.hpp"
#include "base/json_scan.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define TOLLGATE_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))
#endif

namespace tollgate::json {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The four digits at `at`, which the caller has made sure of; -1 when they are no hex number.
std::int32_t hex4(const char* at) {
    std::int32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_digit(at[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

// What a backslash and the character stand for; NUL for what is no escape of two characters.
constexpr std::array<char, 256> simple_escapes = [] {
    std::array<char, 256> table{};
    table['"'] = '"';
    table['\\'] = '\\';
    table['/'] = '/';
    table['b'] = '\b';
    table['f'] = '\f';
    table['n'] = '\n';
    table['r'] = '\r';
    table['t'] = '\t';
    return table;
}();
char simple_escape(char c) { return simple_escapes[static_cast<unsigned char>(c)]; }

constexpr std::uint32_t replacement_character = 0xfffd;

std::size_t encode_utf8(std::uint32_t code, char* out) {
    if (code < 0x80) {
        out[0] = static_cast<char>(code);
        return 1;
    }
    if (code < 0x800) {
        out[0] = static_cast<char>(0xc0 | code >> 6);
        out[1] = static_cast<char>(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = static_cast<char>(0xe0 | code >> 12);
        out[1] = static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out[2] = static_cast<char>(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = static_cast<char>(0xf0 | code >> 18);
    out[1] = static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out[2] = static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out[3] = static_cast<char>(0x80 | (code & 0x3f));
    return 4;
}

// Decodes the escape at `at` into at most four bytes; moves `at` past it. An escape that is none
// (possible only in text nobody validated) yields its own bytes.
std::size_t decode_escape(const char*& at, const char* end, char* out) {
    const std::size_t length = detail::escape_length(at, end);
    if (length == 0) {
        out[0] = *at++;
        return 1;
    }
    const char kind = at[1];
    at += length;
    if (kind != 'u') {
        out[0] = simple_escape(kind);
        return 1;
    }
    auto unit = static_cast<std::uint32_t>(hex4(at - 4));
    if (unit >= 0xd800 && unit < 0xdc00) {
        const bool pair =
            detail::escape_length(at, end) == 6 && hex4(at + 2) >= 0xdc00 && hex4(at + 2) < 0xe000;
        if (!pair) return encode_utf8(replacement_character, out);
        const auto low = static_cast<std::uint32_t>(hex4(at + 2));
        at += 6;
        return encode_utf8(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out);
    }
    if (unit >= 0xdc00 && unit < 0xe000) unit = replacement_character;
    return encode_utf8(unit, out);
}

std::size_t unescape_portable(std::string_view text, char* out) {
    const char* at = text.data();
    const char* const end = at + text.size();
    char* const begin = out;
#if defined(__x86_64__)
    // Code and JSON within strings have an escape every few bytes: blocks are copied whole, what is
    // behind an escape again. What is written is never ahead of what is read, so a block fits.
    while (end - at >= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), block);
        const auto found = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
        const int run = found == 0 ? 16 : __builtin_ctz(found);
        at += run;
        out += run;
        if (found == 0) continue;
        const char plain = end - at >= 2 ? simple_escape(at[1]) : '\0';
        if (plain != '\0') [[likely]] {
            *out++ = plain;
            at += 2;
        } else {
            out += decode_escape(at, end, out);
        }
    }
#endif
    while (at != end) {
        const auto* stop =
            static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
        const std::size_t run = static_cast<std::size_t>((stop == nullptr ? end : stop) - at);
        std::memcpy(out, at, run);
        out += run;
        at += run;
        if (at != end) out += decode_escape(at, end, out);
    }
    return static_cast<std::size_t>(out - begin);
}

#if defined(__x86_64__)

// Of the bytes that a backslash escapes, those that stand for something else, replaced. `unknown`:
// those that no single byte stands for.
TOLLGATE_AVX512 inline __m512i meanings_of(__m512i block, std::uint64_t escaped,
                                           std::uint64_t& unknown) {
    constexpr char letters[] = {'n', 't', 'r', 'b', 'f'};
    constexpr char same[] = {'"', '\\', '/'};
    for (const char c : same) escaped &= ~_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(c));
    __m512i meanings = block;
    for (std::size_t i = 0; i < sizeof letters && escaped != 0; ++i) {
        const std::uint64_t found =
            _mm512_mask_cmpeq_epi8_mask(escaped, block, _mm512_set1_epi8(letters[i]));
        meanings = _mm512_mask_mov_epi8(meanings, found,
                                        _mm512_set1_epi8(simple_escape(letters[i])));
        escaped &= ~found;
    }
    unknown = escaped;
    return meanings;
}

constexpr std::ptrdiff_t block_bytes = 64;

// The bits of a block's first bytes.
constexpr std::uint64_t first_bytes(std::ptrdiff_t count) {
    return count == 0 ? 0 : ~std::uint64_t{0} >> (block_bytes - count);
}

// Code and JSON within strings have an escape every few bytes: a block is written without its
// backslashes at once, however many it has.
TOLLGATE_AVX512 std::size_t unescape_wide(std::string_view text, char* out) {
    const char* at = text.data();
    const char* const end = at + text.size();
    char* const begin = out;
    while (at != end) {
        const std::ptrdiff_t present = std::min(end - at, block_bytes);
        const std::uint64_t all = first_bytes(present);
        const __m512i block = _mm512_maskz_loadu_epi8(all, at);
        const std::uint64_t backslashes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\'));
        std::uint64_t kept = all, unknown = 0;
        std::ptrdiff_t passed = present;
        __m512i meanings = block;
        if (backslashes != 0) {
            std::uint64_t carry = 0;
            const std::uint64_t escaped = detail::escaped_bytes(backslashes, carry);
            const std::uint64_t escaping = backslashes & ~escaped;
            meanings = meanings_of(block, escaped & all, unknown);
            // A backslash at the end is the next block's first; at the text's end it is no escape.
            if ((escaping >> (present - 1)) != 0) {
                if (present == 1) break;
                --passed;
            }
            if (unknown != 0) passed = __builtin_ctzll(unknown) - 1;
            kept = ~escaping & first_bytes(passed);
        }
        const int written = __builtin_popcountll(kept);
        const __m512i packed = _mm512_maskz_compress_epi8(kept, meanings);
        if (end - at >= block_bytes) {
            // What is written is never ahead of what is read, so a block fits.
            _mm512_storeu_si512(out, packed);
        } else {
            _mm512_mask_storeu_epi8(out, first_bytes(written), packed);
        }
        at += passed;
        out += written;
        if (unknown != 0) out += decode_escape(at, end, out);
    }
    const std::string_view rest(at, static_cast<std::size_t>(end - at));
    return static_cast<std::size_t>(out - begin) + unescape_portable(rest, out);
}

#endif

const detail::Unescape unescape_into = detail::unescape_versions().back();

}  // namespace

namespace detail {

std::vector<Unescape> unescape_versions() {
    std::vector<Unescape> versions{unescape_portable};
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2")) {
        versions.push_back(unescape_wide);
    }
#endif
    return versions;
}

std::size_t escape_length(const char* at, const char* end) {
    if (end - at < 2 || *at != '\\') return 0;
    if (at[1] == 'u') return end - at >= 6 && hex4(at + 2) >= 0 ? 6 : 0;
    return simple_escape(at[1]) != '\0' ? 2 : 0;
}

std::size_t utf8_sequence_length(std::string_view text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4 || !continues(1)) return 0;
    if (first < 0xe0) return 2;
    const unsigned second = byte(1);
    if (!continues(2)) return 0;
    if (first < 0xf0) {
        const bool overlong = first == 0xe0 && second < 0xa0;
        const bool surrogate = first == 0xed && second >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    const bool overlong = first == 0xf0 && second < 0x90;
    const bool too_large = first == 0xf4 && second >= 0x90;
    return overlong || too_large || !continues(3) ? 0 : 4;
}

std::size_t valid_utf8_prefix(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = utf8_sequence_length(text.substr(at));
        if (length == 0) break;
        at += length;
    }
    return at;
}

std::optional<std::int64_t> parse_integer(std::string_view number) {
    constexpr std::size_t short_max = 18;  // digits that cannot be too many
    std::int64_t value = 0;
    if (number.size() <= short_max && !number.empty()) {
        std::size_t at = 0;
        while (at != number.size() && number[at] >= '0' && number[at] <= '9') {
            value = value * 10 + (number[at++] - '0');
        }
        if (at == number.size()) return value;
    }
    const auto [stop, problem] =
        std::from_chars(number.data(), number.data() + number.size(), value);
    if (problem == std::errc() && stop == number.data() + number.size()) return value;
    if (number.find_first_of(".eE") == std::string_view::npos) return std::nullopt;
    // Some clients spell whole numbers as 4096.0 or 1e3.
    const std::optional<double> real = parse_double(number);
    if (!real || std::abs(*real) > 9e15 || *real != std::floor(*real)) return std::nullopt;
    return static_cast<std::int64_t>(*real);
}

std::optional<double> parse_double(std::string_view number) {
    double value = 0;
    const auto [stop, problem] =
        std::from_chars(number.data(), number.data() + number.size(), value);
    if (stop != number.data() + number.size()) return std::nullopt;
    if (problem == std::errc()) return value;
    value = std::strtod(std::string(number).c_str(), nullptr);  // too small is 0, not nothing
    return std::isinf(value) ? std::nullopt : std::optional(value);
}

base::Error malformed(std::size_t offset, const char* expected) {
    return base::invalid("malformed JSON at byte " + std::to_string(offset) + ": expected " +
                         expected);
}

}  // namespace detail

bool longer_key_equals(std::string_view escaped_key, std::string_view plain) {
    if (escaped_key.find('\\') == std::string_view::npos) return false;
    std::string unescaped;
    append_unescaped(unescaped, Escaped{escaped_key});
    return unescaped == plain;
}

void append_unescaped(std::string& out, Escaped inside) {
    const std::size_t before = out.size();
    out.resize(before + inside.raw.size());
    out.resize(before + unescape_into(inside.raw, out.data() + before));
}

std::string_view unescape(Escaped inside, base::Arena& arena) {
    if (inside.raw.find('\\') == std::string_view::npos) return inside.raw;
    char* const room = arena.allocate(inside.raw.size());
    return {room, unescape_into(inside.raw, room)};
}

}  // namespace tollgate::json
