// Decompression. The first byte chooses the coding, the second the room for output. Rules: the
// output stays within the room, all input is used before more is asked for, errors are values.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "http/decompress.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate;
    using fuzz::require;
    if (size < 2) return 0;
    constexpr std::array encodings{"gzip", "deflate", "br", "zstd", "gzip, deflate", "zstd, br"};
    constexpr std::size_t output_bytes_max = 1024 * 1024;
    auto made = http::Decompressor::make(encodings[data[0] % encodings.size()]);
    require(made.ok() && *made != nullptr, "these codings are known");
    std::vector<char> room(static_cast<std::size_t>(data[1]) * 16 + 1);
    std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    std::size_t total = 0;
    while (total < output_bytes_max) {
        auto count = (*made)->decode(input, room.data(), room.size());
        if (!count.ok()) {
            require(count.error().code == base::ErrorCode::provider, "bad data is a provider's");
            return 0;
        }
        require(*count <= room.size(), "the output stays within the room");
        if (*count == 0) break;
        total += *count;
    }
    if (total >= output_bytes_max) return 0;
    require(input.empty(), "all input is used before more is asked for");
    [[maybe_unused]] auto end = (*made)->finish();
    return 0;
}
