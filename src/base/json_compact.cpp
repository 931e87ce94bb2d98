// Compact copies of JSON values, as they are and as the inside of a string.
#include "base/json_compact.hpp"

#include "base/json.hpp"
#include "base/json_scan.hpp"
#include "base/json_sink.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define TOLLGATE_AVX512 \
    __attribute__((target("avx2,avx512f,avx512bw,avx512vbmi2,bmi,bmi2,pclmul,popcnt")))
#endif

namespace tollgate::json {
namespace detail {
namespace {

void copy_portable(std::string& out, Raw value) {
    const char* at = value.data();
    const char* const end = at + value.size();
    const char* from = at;
    unsigned char seen = 0;
    while (at != end) {
        if (*at == '"') {
            for (++at;;) {
                at = detail::find_string_stop(at, end, seen);
                if (at == end || *at == '"') break;
                at += *at == '\\' && end - at > 1 ? 2 : 1;
            }
            if (at != end) ++at;
        } else if (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
            out.append(from, static_cast<std::size_t>(at - from));
            from = ++at;
        } else {
            ++at;
        }
    }
    out.append(from, static_cast<std::size_t>(end - from));
}

void escape_portable(std::string& out, Raw value) {
    const char* at = value.data();
    const char* const end = at + value.size();
    Sink sink(out);
    while (at != end) {
        const char c = *at++;
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        if (c != '"') {
            sink.put(c);
            continue;
        }
        sink.put('\\', '"');
        while ((at = sink.plain(at, end)) != end && *at != '"') {
            if (*at == '\\' && end - at > 1) {
                sink.escape_again(at[1]);
                at += 2;
            } else {
                sink.escape(*at++);
            }
        }
        if (at == end) break;
        sink.put('\\', '"');
        ++at;
    }
}

#if defined(__x86_64__)

constexpr std::ptrdiff_t block_bytes = 64;

// What a block is copied by, one bit for each byte.
struct Copying {
    std::uint64_t kept;     // all but white space between tokens, and what is behind the end
    std::uint64_t escaped;  // quotes and backslashes
    bool valid;
};

// From block to block.
struct Place {
    std::uint64_t in_string = 0;  // all ones inside a string
    std::uint64_t escape = 0;     // 1 when the next block's first byte is escaped
};

TOLLGATE_AVX512 inline Copying copying_of(__m512i block, std::uint64_t present, Place& place) {
    const std::uint64_t quotes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"'));
    const std::uint64_t backslashes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\'));
    const std::uint64_t low = _mm512_cmple_epu8_mask(block, _mm512_set1_epi8(' '));
    const std::uint64_t ends = quotes & ~escaped_bytes(backslashes, place.escape);
    const __m128i parity =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(ends)), _mm_set1_epi8(-1), 0);
    const std::uint64_t inside =
        static_cast<std::uint64_t>(_mm_cvtsi128_si64(parity)) ^ place.in_string;
    place.in_string = static_cast<std::uint64_t>(static_cast<std::int64_t>(inside) >> 63);
    Copying copying{present, quotes | backslashes, (backslashes & ~inside) == 0};
    if ((low & present) == 0) return copying;
    const std::uint64_t blanks = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(' '));
    const std::uint64_t control = low & ~blanks & present;
    copying.kept &= ~(blanks & ~inside);
    if (control == 0) return copying;
    // Each of the white bytes at its lower half; no other byte stands at its own.
    const __m512i white = _mm512_broadcast_i32x4(
        _mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0));
    const std::uint64_t whites = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(white, block), block);
    copying.kept &= ~(whites & ~inside);
    copying.valid = copying.valid && (control & inside) == 0;
    return copying;
}

// Copies in pieces that fit into the first level of the cache. `put` writes one block to where it
// is told, at most two bytes for each, and says where it ended.
template <typename Put>
[[gnu::always_inline]] TOLLGATE_AVX512 inline bool copy_blocks(std::string& out, Raw value,
                                                               Put&& put) {
    const std::size_t before = out.size();
    const char* at = value.data();
    const char* const end = at + value.size();
    char room[2048];
    char* const full = room + sizeof room - 2 * block_bytes;
    char* next = room;
    Place place;
    for (; at < end; at += block_bytes) {
        const std::ptrdiff_t left = end - at;
        const std::uint64_t present =
            left >= block_bytes ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
        const __m512i block = _mm512_maskz_loadu_epi8(present, at);
        const Copying copying = copying_of(block, present, place);
        if (!copying.valid) [[unlikely]] {
            out.resize(before);
            return false;
        }
        next = put(next, block, copying);
        if (next > full || left <= block_bytes) {
            out.append(room, static_cast<std::size_t>(next - room));
            next = room;
        }
    }
    return true;
}

TOLLGATE_AVX512 void copy_wide(std::string& out, Raw value) {
    const bool copied = copy_blocks(
        out, value,
        [](char* to, __m512i block, const Copying& copying)
            __attribute__((target("avx512bw,avx512vbmi2,popcnt"), always_inline)) {
                _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(copying.kept, block));
                return to + __builtin_popcountll(copying.kept);
            });
    if (!copied) copy_portable(out, value);
}

// Each byte with a backslash before it: of the pairs, `slots` stay.
TOLLGATE_AVX512 inline char* put_pairs(char* to, __m256i bytes, std::uint64_t kept,
                                       std::uint64_t escaped) {
    constexpr std::uint64_t firsts = 0x5555'5555'5555'5555u;
    const std::uint64_t stay = _pdep_u64(kept, firsts);
    const std::uint64_t slots = stay << 1 | (stay & _pdep_u64(escaped, firsts));
    const __m512i pairs =
        _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_set1_epi16('\\'));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(slots, pairs));
    return to + __builtin_popcountll(slots);
}

TOLLGATE_AVX512 void escape_wide(std::string& out, Raw value) {
    const bool copied = copy_blocks(
        out, value,
        [](char* to, __m512i block, const Copying& copying)
            __attribute__((target("avx2,avx512bw,avx512vbmi2,bmi2,popcnt"), always_inline)) {
                to = put_pairs(to, _mm512_castsi512_si256(block), copying.kept, copying.escaped);
                return put_pairs(to, _mm512_extracti64x4_epi64(block, 1), copying.kept >> 32,
                                 copying.escaped >> 32);
            });
    if (!copied) escape_portable(out, value);
}

#endif

const CompactVersion fastest = compact_versions().back();

}  // namespace

std::vector<CompactVersion> compact_versions() {
    std::vector<CompactVersion> versions{{copy_portable, escape_portable}};
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul")) {
        versions.push_back({copy_wide, escape_wide});
    }
#endif
    return versions;
}

}  // namespace detail

void append_compact(std::string& out, Raw value) { detail::fastest.copy(out, value); }

void append_compact_escaped(std::string& out, Raw value) { detail::fastest.escape(out, value); }

}  // namespace tollgate::json
