// The parser of AWS event streams. The first byte says how the bytes are cut into pieces, the
// second whether the rest is a stream as it is or headers and payload of messages whose checksums
// are made right here, since no input would guess them. Rules: cuts change nothing, and a message
// that was made comes back or is refused.
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "http/event_stream.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

struct Message {
    bool failed;
    std::string type, payload;
    bool operator==(const Message&) const = default;
};

struct Outcome {
    std::vector<Message> messages;
    bool refused = false;
    std::size_t pending = 0;
    bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view bytes, std::size_t step) {
    Outcome outcome;
    http::EventStreamParser parser;
    http::EventStreamFrame frame;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const std::string_view part = bytes.substr(at, step);
        std::vector<char> piece(part.begin(), part.end());  // so that views that stay are noticed
        parser.feed({piece.data(), piece.size()});
        while (true) {
            const auto more = parser.next(frame);
            if (!more.ok()) {
                outcome.refused = true;
                return outcome;
            }
            if (!*more) break;
            outcome.messages.push_back(
                {frame.failed, std::string(frame.type), std::string(frame.payload)});
        }
    }
    outcome.pending = parser.pending();
    return outcome;
}

void append_number(std::string& out, std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

void append_checksum(std::string& out, std::size_t begin) {
    append_number(out, crc32_z(0, reinterpret_cast<const unsigned char*>(out.data()) + begin,
                               out.size() - begin));
}

std::string message(std::string_view headers, std::string_view payload) {
    std::string made;
    append_number(made, 16 + headers.size() + payload.size());
    append_number(made, headers.size());
    append_checksum(made, 0);
    made.append(headers).append(payload);
    append_checksum(made, 0);
    return made;
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate::fuzz;
    if (size < 2) return 0;
    const std::size_t step = data[0] % 23 + 1;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    std::string bytes(text);
    const bool made = data[1] != 0;
    const std::size_t headers = std::min<std::size_t>(data[1], text.size());
    if (made) {
        bytes = message(text.substr(0, headers), text.substr(headers));
        bytes += bytes;
    }
    const Outcome whole = parse(bytes, std::max<std::size_t>(bytes.size(), 1));
    const Outcome pieces = parse(bytes, step);
    require(whole.messages == pieces.messages && whole.refused == pieces.refused,
            "messages do not depend on how they arrive");
    if (made && !whole.refused) {
        require(whole.messages.size() == 2 && whole.pending == 0, "what was made comes back");
        require(whole.messages[0] == whole.messages[1], "equal messages are read equally");
    }
    return 0;
}
