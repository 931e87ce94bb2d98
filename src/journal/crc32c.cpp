#include "journal/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace tollgate::journal {
namespace {

// The polynomial 0x1EDC6F41, bits reversed.
constexpr std::uint32_t polynomial = 0x82F63B78;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? polynomial : 0);
        table[byte] = value;
    }
    return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t state,
                                                               std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t wide = state;
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    state = static_cast<std::uint32_t>(wide);
    for (; left > 0; --left, ++at) state = _mm_crc32_u8(state, static_cast<unsigned char>(*at));
    return state;
}
bool has_instruction() {
    static const bool has = __builtin_cpu_supports("sse4.2");
    return has;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
std::uint32_t by_instruction(std::uint32_t state, std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        state = __crc32cd(state, word);
    }
    for (; left > 0; --left, ++at) state = __crc32cb(state, static_cast<unsigned char>(*at));
    return state;
}
bool has_instruction() { return true; }
#else
std::uint32_t by_instruction(std::uint32_t state, std::string_view) { return state; }
bool has_instruction() { return false; }
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t seed, std::string_view bytes) {
    std::uint32_t state = ~seed;
    for (const char byte : bytes) {
        state = (state >> 8) ^ table[(state ^ static_cast<unsigned char>(byte)) & 0xFF];
    }
    return ~state;
}

std::uint32_t crc32c(std::uint32_t seed, std::string_view bytes) {
    if (has_instruction()) return ~by_instruction(~seed, bytes);
    return crc32c_by_table(seed, bytes);
}

}  // namespace tollgate::journal
