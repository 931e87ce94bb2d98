// The event stream and line parsers. The first byte says how the rest is cut into pieces. Rules:
// cuts change no frame, and the raw frames together are the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "http/sse.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

struct Frame {
    std::string raw, event, data;
    bool comment_only;
    bool operator==(const Frame&) const = default;
};

Frame copy(const http::SseFrame& frame) {
    return {std::string(frame.raw), std::string(frame.event), std::string(frame.data),
            frame.comment_only};
}

std::vector<Frame> frames(std::string_view text, std::size_t step) {
    std::vector<Frame> out;
    http::SseParser parser;
    http::SseFrame frame;
    for (std::size_t at = 0; at < text.size(); at += step) {
        std::string_view part = text.substr(at, step);
        std::vector<char> piece(part.begin(), part.end());
        parser.feed({piece.data(), piece.size()});
        while (true) {
            auto more = parser.next(frame);
            require(more.ok(), "short frames are never refused");
            if (!*more) break;
            out.push_back(copy(frame));
        }
    }
    if (parser.finish(frame)) out.push_back(copy(frame));
    require(parser.pending() == 0, "nothing is left after the end");
    return out;
}

std::vector<std::string> lines(std::string_view text, std::size_t step) {
    std::vector<std::string> out;
    http::NdjsonParser parser;
    std::string_view line;
    for (std::size_t at = 0; at < text.size(); at += step) {
        std::string_view part = text.substr(at, step);
        std::vector<char> piece(part.begin(), part.end());
        parser.feed({piece.data(), piece.size()});
        while (true) {
            auto more = parser.next(line);
            require(more.ok() && (!*more || !line.empty()), "lines are never empty");
            if (!*more) break;
            out.emplace_back(line);
        }
    }
    if (parser.finish(line)) out.emplace_back(line);
    return out;
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate::fuzz;
    if (size == 0) return 0;
    const std::size_t step = data[0] % 23 + 1;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t all = std::max<std::size_t>(text.size(), 1);
    const std::vector<Frame> whole = frames(text, all);
    require(whole == frames(text, step), "frames do not depend on how they arrive");
    std::string together;
    for (const Frame& frame : whole) together += frame.raw;
    require(together == text, "the raw frames are the stream");
    require(lines(text, all) == lines(text, step), "lines do not depend on how they arrive");
    return 0;
}
