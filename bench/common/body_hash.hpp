// A 64-bit hash of a request body, fast enough (about 10 GB/s) not to load the measured machine.
// It tells bodies apart in a benchmark; it is no protection against anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
    __extension__ using wide = unsigned __int128;
    const wide product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t load_word(const char* data) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof word);
    return word;
}

inline std::uint64_t body_hash(std::string_view body) {
    constexpr std::uint64_t key_a = 0x9e3779b97f4a7c15U, key_b = 0xd1b54a32d192ed03U;
    constexpr std::uint64_t key_c = 0x8cb92ba72f3d8dd7U, key_d = 0xabcc5167ccad925fU;
    std::uint64_t lane_a = key_a ^ body.size(), lane_b = key_b;
    const char* data = body.data();
    std::size_t left = body.size();
    // Two independent lanes keep the multiplier busy; each takes 16 bytes a step.
    for (; left >= 32; data += 32, left -= 32) {
        lane_a = fold_multiply(load_word(data) ^ key_c, load_word(data + 8) ^ lane_a);
        lane_b = fold_multiply(load_word(data + 16) ^ key_d, load_word(data + 24) ^ lane_b);
    }
    char tail[32] = {};
    std::memcpy(tail, data, left);
    lane_a = fold_multiply(load_word(tail) ^ key_c, load_word(tail + 8) ^ lane_a);
    lane_b = fold_multiply(load_word(tail + 16) ^ key_d, load_word(tail + 24) ^ lane_b);
    return fold_multiply(lane_a ^ key_b, lane_b ^ key_a);
}

// 16 lower-case hexadecimal digits into `out`.
inline void write_hex16(std::uint64_t value, char* out) {
    constexpr char digits[] = "0123456789abcdef";
    for (int i = 15; i >= 0; --i, value >>= 4) out[i] = digits[value & 15];
}

inline std::string hex16(std::uint64_t value) {
    std::string text(16, '0');
    write_hex16(value, text.data());
    return text;
}

}  // namespace bench
