#include "base/ids.hpp"

#include <sys/random.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <string_view>

namespace tollgate::base {
namespace {

// xoshiro256** (public domain algorithm of Blackman and Vigna), seeded by the kernel.
struct Generator {
    std::array<std::uint64_t, 4> state{};
    Generator() {
        while (getrandom(state.data(), sizeof state, 0) != static_cast<ssize_t>(sizeof state)) {}
    }
    std::uint64_t next() {
        const std::uint64_t result = std::rotl(state[1] * 5, 7) * 9;
        const std::uint64_t shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = std::rotl(state[3], 45);
        return result;
    }
};
thread_local Generator generator;

// Both digits of each byte, so that one load writes them.
constexpr std::array<char, 512> make_hex_pairs() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 512> pairs{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        pairs[2 * byte] = digits[byte >> 4];
        pairs[2 * byte + 1] = digits[byte & 15];
    }
    return pairs;
}
constexpr auto hex_pairs = make_hex_pairs();

// The last `digits` hexadecimal digits of `word`. REQUIRES: an even number of them.
void append_hex(char*& at, std::uint64_t word, int digits) {
    for (int shift = 4 * (digits - 2); shift >= 0; shift -= 8, at += 2) {
        std::memcpy(at, &hex_pairs[2 * ((word >> shift) & 0xff)], 2);
    }
}

}  // namespace

std::uint64_t random_u64() { return generator.next(); }

std::string uuid7() {
    return uuid7(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch()));
}

std::string uuid7(std::chrono::milliseconds since_epoch) {
    const auto milliseconds = static_cast<std::uint64_t>(since_epoch.count());
    const std::uint64_t random_a = generator.next();
    const std::uint64_t random_b = generator.next();
    const std::uint64_t high = (milliseconds << 16) | 0x7000 | (random_a & 0x0fff);
    const std::uint64_t low = 0x8000'0000'0000'0000ULL | (random_b >> 2);
    char text[36];
    char* at = text;
    append_hex(at, high >> 32, 8);
    *at++ = '-';
    append_hex(at, high >> 16, 4);
    *at++ = '-';
    append_hex(at, high, 4);
    *at++ = '-';
    append_hex(at, low >> 48, 4);
    *at++ = '-';
    append_hex(at, low, 12);
    return std::string(text, sizeof text);
}

}  // namespace tollgate::base
