#include "base/ids.hpp"

#include <sys/random.h>

#include <array>
#include <bit>
#include <chrono>

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

}  // namespace

std::uint64_t random_u64() { return generator.next(); }

std::string uuid7() {
    const auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch())
            .count());
    const std::uint64_t random_a = generator.next();
    const std::uint64_t random_b = generator.next();
    const std::uint64_t high = (milliseconds << 16) | 0x7000 | (random_a & 0x0fff);
    const std::uint64_t low = 0x8000'0000'0000'0000ULL | (random_b >> 2);
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(36, '-');
    std::size_t at = 0;
    for (int nibble = 0; nibble < 32; ++nibble) {
        if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) ++at;
        const std::uint64_t word = nibble < 16 ? high : low;
        text[at++] = digits[(word >> (60 - 4 * (nibble % 16))) & 15];
    }
    return text;
}

}  // namespace tollgate::base
