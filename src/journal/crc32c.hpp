// CRC32C (Castagnoli), by the processor's instruction where there is one. Pure; any thread.
#pragma once
#include <cstdint>
#include <string_view>

namespace tollgate::journal {

// Continues from `seed` (0 to begin): crc32c(crc32c(0, a), b) is that of a followed by b.
std::uint32_t crc32c(std::uint32_t seed, std::string_view bytes);
// The same by tables alone: what processors without the instruction use. Exposed for tests.
std::uint32_t crc32c_by_table(std::uint32_t seed, std::string_view bytes);

}  // namespace tollgate::journal
