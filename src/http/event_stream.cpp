#include "http/event_stream.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>

namespace tollgate::http {
namespace {

constexpr std::uint32_t string_type = 7;
constexpr std::size_t prelude_bytes = 12;   // both lengths and their checksum
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t smallest = prelude_bytes + checksum_bytes;
constexpr std::size_t largest =
    smallest + event_stream_headers_bytes_max + event_stream_payload_bytes_max;

base::Error broken(std::string why) {
    return {base::ErrorCode::provider, "the provider's event stream is damaged: " + std::move(why)};
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

// How many bytes a header's value takes after its type; nullopt-like: npos when it is cut.
constexpr std::size_t cut = static_cast<std::size_t>(-1);
std::size_t value_bytes(std::uint32_t type, std::string_view rest) {
    switch (type) {
        case 0: case 1: return 0;  // true, false
        case 2: return 1;
        case 3: return 2;
        case 4: return 4;
        case 5: case 8: return 8;  // i64, timestamp
        case 6: case 7:            // bytes, string: a length stands before
            return rest.size() < 2 ? cut : 2 + big_endian(rest, 0, 2);
        case 9: return 16;         // uuid
        default: return cut;
    }
}

struct KnownHeaders {
    std::string_view message_type, event_type, exception_type, error_code, error_message;
};

base::Result<KnownHeaders> read_headers(std::string_view block) {
    KnownHeaders known;
    while (!block.empty()) {
        const std::size_t name_bytes = static_cast<unsigned char>(block[0]);
        if (name_bytes == 0 || block.size() < 2 + name_bytes) return broken("a header is cut");
        const std::string_view name = block.substr(1, name_bytes);
        const std::uint32_t type = big_endian(block, 1 + name_bytes, 1);
        block.remove_prefix(2 + name_bytes);
        const std::size_t taken = value_bytes(type, block);
        if (taken == cut || taken > block.size()) return broken("a header's value is cut");
        const std::string_view value = block.substr(0, taken);
        block.remove_prefix(taken);
        if (type != string_type) continue;
        const std::string_view text = value.substr(2);
        if (name == ":message-type") known.message_type = text;
        if (name == ":event-type") known.event_type = text;
        if (name == ":exception-type") known.exception_type = text;
        if (name == ":error-code") known.error_code = text;
        if (name == ":error-message") known.error_message = text;
    }
    return known;
}

// The length of the message that `bytes` begin with; 0: more bytes are needed to say.
base::Result<std::size_t> length_of(std::string_view bytes) {
    if (bytes.size() < prelude_bytes) return std::size_t{0};
    if (checksum(bytes.substr(0, 8)) != big_endian(bytes, 8, 4)) {
        return broken("the checksum of a message's lengths is wrong");
    }
    const std::size_t total = big_endian(bytes, 0, 4), headers = big_endian(bytes, 4, 4);
    if (total < smallest || headers > total - smallest) {
        return broken("a message's lengths contradict each other");
    }
    if (total > largest || headers > event_stream_headers_bytes_max) {
        return broken("a message is longer than 16 MiB");
    }
    return total;
}

base::Result<void> parse(std::string_view message, EventStreamFrame& frame) {
    const std::size_t body = message.size() - checksum_bytes;
    if (checksum(message.substr(0, body)) != big_endian(message, body, 4)) {
        return broken("the checksum of a message is wrong");
    }
    const std::size_t headers = big_endian(message, 4, 4);
    TRY(const KnownHeaders known, read_headers(message.substr(prelude_bytes, headers)));
    frame.payload = message.substr(prelude_bytes + headers, body - prelude_bytes - headers);
    frame.failed = known.message_type == "exception" || known.message_type == "error";
    frame.type = frame.failed ? known.exception_type : known.event_type;
    if (known.message_type == "error") {
        frame.type = known.error_code;
        frame.payload = known.error_message;
    }
    return {};
}

}  // namespace

void EventStreamParser::feed(std::string_view bytes) {
    drop_used_carry();
    input_ = bytes;
}

void EventStreamParser::drop_used_carry() {
    carry_.erase(0, carry_used_);
    carry_used_ = 0;
}

base::Result<bool> EventStreamParser::next(EventStreamFrame& frame) {
    drop_used_carry();
    if (carry_.empty()) {
        TRY(const std::size_t total, length_of(input_));
        if (total > 0 && total <= input_.size()) {
            const std::string_view message = input_.substr(0, total);
            input_.remove_prefix(total);
            TRY_VOID(parse(message, frame));
            return true;
        }
    }
    // Put the message together: first its lengths, then what they say.
    while (!input_.empty()) {
        std::size_t wanted = prelude_bytes;
        if (carry_.size() >= prelude_bytes) {
            TRY(wanted, length_of(carry_));
        }
        const std::size_t taken = std::min(wanted - std::min(wanted, carry_.size()), input_.size());
        carry_.append(input_.substr(0, taken));
        input_.remove_prefix(taken);
        TRY(const std::size_t total, length_of(carry_));
        if (total > 0 && carry_.size() >= total) {
            carry_used_ = total;
            TRY_VOID(parse(std::string_view(carry_).substr(0, total), frame));
            return true;
        }
    }
    return false;
}

std::size_t EventStreamParser::pending() const {
    return carry_.size() - carry_used_ + input_.size();
}

void append_event_stream_message(std::string& out,
                                 std::initializer_list<EventStreamHeader> headers,
                                 std::string_view payload) {
    const auto append_number = [&out](std::size_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            out += static_cast<char>(value >> shift & 0xFF);
        }
    };
    std::size_t header_bytes = 0;
    for (const auto& [name, value] : headers) header_bytes += name.size() + value.size() + 4;
    const std::size_t begin = out.size();
    append_number(smallest + header_bytes + payload.size(), 4);
    append_number(header_bytes, 4);
    append_number(checksum(std::string_view(out).substr(begin)), 4);
    for (const auto& [name, value] : headers) {
        append_number(name.size(), 1);
        out += name;
        append_number(string_type, 1);
        append_number(value.size(), 2);
        out += value;
    }
    out += payload;
    append_number(checksum(std::string_view(out).substr(begin)), 4);
}

}  // namespace tollgate::http
