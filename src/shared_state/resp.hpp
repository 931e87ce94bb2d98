// Redis's wire format, version 2: commands as arrays of strings out, replies in. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::shared_state {

constexpr std::size_t reply_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t reply_items_max = 1'000'000;
constexpr int reply_depth_max = 8;

struct Reply {
    enum class Kind : std::uint8_t { nothing, integer, text, error, array };
    Kind kind = Kind::nothing;
    std::int64_t integer = 0;
    std::string text;          // text, error
    std::vector<Reply> items;  // array
};

void append_command(std::string& out, std::span<const std::string> parts);

// Takes bytes as they come and gives whole replies. Not thread-safe.
class ReplyReader {
public:
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    // nullopt: more bytes are needed. Fails: provider, when this is no RESP2 or larger than the
    // limits above; the connection is of no more use then.
    base::Result<std::optional<Reply>> next();

private:
    enum class Parsed : std::uint8_t { whole, incomplete, broken };
    Parsed parse(std::size_t& at, Reply& reply, int depth);
    Parsed parse_array(std::size_t& at, std::int64_t count, Reply& reply, int depth);
    Parsed line(std::size_t& at, std::string_view& found) const;

    std::string buffer_;
    std::size_t begin_ = 0;
};

}  // namespace tollgate::shared_state
