// Reads the head of an HTTP/1.1 message well enough for programs that know their peers.
// Pure; views point into the caller's buffer.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bench {

struct Head {
    std::string_view start_line;
    std::string_view x_stub;
    std::size_t bytes = 0;  // length of the head with its empty line
    std::optional<std::size_t> content_length;
    bool chunked = false;
    bool close = false;
    bool expects_continue = false;
};

// std::nullopt until the empty line has arrived.
std::optional<Head> read_head(std::string_view data);

// Strict decimal; std::nullopt when `text` is anything else.
std::optional<std::size_t> parse_size(std::string_view text);

}  // namespace bench
