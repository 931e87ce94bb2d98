#include "base/sha256.hpp"

#include <string.h>

#include <bit>
#include <cassert>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define TOLLGATE_SHA __attribute__((target("sha,sse4.1")))
#endif

namespace tollgate::base {
namespace {

constexpr std::size_t block_bytes = 64;

constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using State = std::array<std::uint32_t, 8>;

constexpr State initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

std::uint32_t big_endian(const std::uint8_t* at) {
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
           std::uint32_t{at[3]};
}

void mix_portable(State& state, const std::uint8_t* block) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 16; ++i) w[i] = big_endian(block + 4 * i);
    for (std::size_t i = 16; i < 64; ++i) {
        std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
        std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    State add = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += add[i];
}

#if defined(__x86_64__)

// With the processor's own instructions for it: a block in a tenth of the time. They want the
// state as the words A, B, E, F and C, D, G, H, the first one in the highest place.
TOLLGATE_SHA void mix_by_processor(State& state, const std::uint8_t* block) {
    auto* const words = reinterpret_cast<__m128i*>(state.data());
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
    const __m128i abef_before = _mm_alignr_epi8(cdab, efgh, 8);
    const __m128i cdgh_before = _mm_blend_epi16(efgh, cdab, 0xf0);

    const __m128i from_big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i message[4];
    for (int i = 0; i < 4; ++i) {
        message[i] = _mm_shuffle_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i), from_big_endian);
    }
    __m128i abef = abef_before, cdgh = cdgh_before;
    for (int i = 0; i < 16; ++i) {  // four rounds each
        const __m128i now = message[0];
        const __m128i sum = _mm_add_epi32(
            now, _mm_loadu_si128(reinterpret_cast<const __m128i*>(round_constants.data()) + i));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        const __m128i older = _mm_add_epi32(_mm_sha256msg1_epu32(now, message[1]),
                                            _mm_alignr_epi8(message[3], message[2], 4));
        const __m128i next = _mm_sha256msg2_epu32(older, message[3]);
        message[0] = message[1], message[1] = message[2], message[2] = message[3];
        message[3] = next;  // of the last four rounds: nobody's
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

bool processor_mixes() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (b & bit_SHA) == 0) return false;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
}
using Mix = void (*)(State&, const std::uint8_t*);
const Mix mix_best = processor_mixes() ? mix_by_processor : mix_portable;

#else
using Mix = void (*)(State&, const std::uint8_t*);
constexpr Mix mix_best = mix_portable;
#endif

// `state` stands behind `before` bytes, which are whole blocks, of the same text.
Sha256Digest digest_from(State state, std::uint64_t before, std::string_view data, Mix mix) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(data.data());
    std::size_t whole = data.size() / block_bytes * block_bytes;
    for (std::size_t at = 0; at < whole; at += block_bytes) mix(state, bytes + at);

    std::array<std::uint8_t, 2 * block_bytes> last{};
    std::size_t rest = data.size() - whole;
    if (rest > 0) std::memcpy(last.data(), bytes + whole, rest);
    last[rest] = 0x80;
    std::size_t end = rest + 9 <= block_bytes ? block_bytes : 2 * block_bytes;
    std::uint64_t bits = (before + data.size()) * 8;
    for (std::size_t i = 0; i < 8; ++i) {
        last[end - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
    for (std::size_t at = 0; at < end; at += block_bytes) mix(state, last.data() + at);

    Sha256Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
}

Sha256Digest digest_of(std::string_view data, Mix mix) {
    return digest_from(initial_state, 0, data, mix);
}

}  // namespace

Sha256Digest sha256(std::string_view data) { return digest_of(data, mix_best); }
Sha256Digest sha256_portable(std::string_view data) { return digest_of(data, mix_portable); }

HmacSha256::HmacSha256(std::string_view key) : inner_(initial_state), outer_(initial_state) {
    std::array<std::uint8_t, block_bytes> padded{};
    if (key.size() > block_bytes) {
        Sha256Digest shortened = sha256(key);
        std::memcpy(padded.data(), shortened.data(), shortened.size());
    } else if (!key.empty()) {
        std::memcpy(padded.data(), key.data(), key.size());
    }
    constexpr std::uint8_t inner_pad = 0x36, outer_pad = 0x5c;
    for (std::uint8_t& byte : padded) byte ^= inner_pad;
    mix_best(inner_, padded.data());
    for (std::uint8_t& byte : padded) byte ^= inner_pad ^ outer_pad;
    mix_best(outer_, padded.data());
    ::explicit_bzero(padded.data(), padded.size());
}

HmacSha256::~HmacSha256() {
    ::explicit_bzero(inner_.data(), sizeof inner_);
    ::explicit_bzero(outer_.data(), sizeof outer_);
}

Sha256Digest HmacSha256::operator()(std::string_view data) const {
    const Sha256Digest middle = digest_from(inner_, block_bytes, data, mix_best);
    return digest_from(outer_, block_bytes,
                       {reinterpret_cast<const char*>(middle.data()), middle.size()}, mix_best);
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view data) {
    return HmacSha256(key)(data);
}

std::string hex(const Sha256Digest& digest, std::size_t bytes) {
    assert(bytes <= digest.size());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        out += digits[digest[i] >> 4];
        out += digits[digest[i] & 15];
    }
    return out;
}

}  // namespace tollgate::base
