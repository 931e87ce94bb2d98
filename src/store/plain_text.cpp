#include "store/plain_text.hpp"

#include <cstdint>
#include <cstring>

namespace tollgate::store {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the character at `at`, 0 when it is none that may be stored.
std::size_t character_length(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t offset) -> unsigned char {
        return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0;
    };
    const unsigned char first = byte(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(byte(1)) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned char least = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned char most = first == 0xED ? 0x9F : 0xBF;
        return byte(1) >= least && byte(1) <= most && continues(byte(2)) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned char least = first == 0xF0 ? 0x90 : 0x80;
        const unsigned char most = first == 0xF4 ? 0x8F : 0xBF;
        const bool fits = byte(1) >= least && byte(1) <= most;
        return fits && continues(byte(2)) && continues(byte(3)) ? 4 : 0;
    }
    return 0;
}

constexpr std::uint64_t ones = 0x0101010101010101ULL, high_bits = 0x8080808080808080ULL;

std::uint64_t word_at(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Not 0 when a byte of the word is a NUL or beyond ASCII.
std::uint64_t odd_bytes(std::uint64_t word) { return (word | (word - ones)) & high_bits; }

// True: all of it is ASCII without NUL. Eight bytes at a time; the last eight may overlap those
// before them.
bool is_plain_ascii(std::string_view text) {
    if (text.size() < sizeof(std::uint64_t)) {
        bool odd = false;
        // A NUL less one is no small number either.
        for (const char byte : text) odd |= static_cast<unsigned char>(byte) - 1u >= 0x7f;
        return !odd;
    }
    const char* const last = text.data() + text.size() - sizeof(std::uint64_t);
    std::uint64_t odd = odd_bytes(word_at(last));
    for (const char* at = text.data(); at < last; at += sizeof(std::uint64_t)) {
        odd |= odd_bytes(word_at(at));
    }
    return odd == 0;
}

}  // namespace

bool is_plain_text(std::string_view text) {
    // Nearly all are.
    if (is_plain_ascii(text)) return true;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string plain_text(std::string_view text) {
    std::string mended;
    mended.reserve(text.size() + 8);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text, at);
        mended += length == 0 ? replacement : text.substr(at, length);
        at += length == 0 ? 1 : length;
    }
    return mended;
}

}  // namespace tollgate::store
