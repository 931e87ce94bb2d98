// The HTTP codec. The first byte says how the rest is cut into pieces. Rules: cuts change nothing;
// a head that was accepted, written anew from what was read, reads the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "http/codec.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

using http::Header;

void write_headers(const http::Headers& headers, std::string& out) {
    for (const Header& header : headers) {
        http::BodyBuffer line;
        const std::size_t bytes = http::HeadWriter::bytes_of(header);
        http::HeadWriter(line, bytes).put_header(header.name, header.value);
        out += line.view();
    }
    out += "\r\n";
}

bool same(const http::Headers& a, const http::Headers& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Header& x, const Header& y) {
        return x.name == y.name && x.value == y.value;
    });
}

void check_length(std::string_view text, std::size_t step) {
    std::size_t searched = 0;
    const std::size_t whole = http::head_length(text, searched);
    searched = 0;
    std::size_t in_pieces = 0;
    for (std::size_t size = step; in_pieces == 0; size += step) {
        in_pieces = http::head_length(text.substr(0, size), searched);
        if (size >= text.size()) break;
    }
    require(whole == in_pieces, "the end of the head does not depend on how it arrives");
}

void check_request(std::string_view text) {
    http::RequestHead head;
    if (!http::parse_request_head(text, head).ok()) return;
    std::string again(head.method_text);
    again.append(" ").append(head.target).append(" HTTP/1.");
    again += std::to_string(head.minor_version) + "\r\n";
    write_headers(head.headers, again);
    http::RequestHead second;
    require(http::parse_request_head(again, second).ok(), "a written head is accepted", again);
    require(second.target == head.target && second.path == head.path && second.query == head.query,
            "the target stays", again);
    require(second.content_length == head.content_length && second.chunked == head.chunked &&
                second.keep_alive == head.keep_alive,
            "the framing stays", again);
    require(same(second.headers, head.headers), "the headers stay", again);
    require(!(head.chunked && head.content_length), "never two framings", again);
}

void check_response(std::string_view text) {
    http::ResponseHead head;
    if (!http::parse_response_head(text, head).ok()) return;
    std::string again = "HTTP/1." + std::to_string(head.minor_version) + " " +
                        std::to_string(head.status) + " " + std::string(head.reason) + "\r\n";
    write_headers(head.headers, again);
    http::ResponseHead second;
    require(http::parse_response_head(again, second).ok(), "a written head is accepted", again);
    require(second.status == head.status && second.reason == head.reason &&
                second.content_length == head.content_length && second.chunked == head.chunked,
            "the head stays", again);
    require(same(second.headers, head.headers), "the headers stay", again);
}

struct Decoded {
    std::string data;
    std::size_t used = 0;
    bool failed = false;
    bool finished = false;
    bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view wire, std::size_t step) {
    Decoded out;
    http::ChunkedDecoder decoder;
    for (std::size_t at = 0; at < wire.size(); at += step) {
        std::string_view part = wire.substr(at, step);
        std::vector<char> piece(part.begin(), part.end());
        std::size_t consumed = 0;
        auto kept = decoder.decode(piece.data(), piece.size(), consumed);
        if (!kept.ok()) return {"", 0, true, false};
        require(consumed <= piece.size() && *kept <= consumed, "no byte comes from nowhere");
        require(consumed == piece.size() || decoder.finished(), "only the end leaves bytes");
        out.data.append(piece.data(), *kept);
        out.used += consumed;
    }
    out.finished = decoder.finished();
    return out;
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate::fuzz;
    if (size == 0) return 0;
    const std::size_t step = data[0] % 17 + 1;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_length(text, step);
    check_request(text);
    check_response(text);
    const std::size_t all = std::max<std::size_t>(text.size(), 1);
    require(decode(text, all) == decode(text, step), "chunks do not depend on how they arrive");
    return 0;
}
