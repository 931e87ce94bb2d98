// HTTP/1.1 heads and chunked bodies, strictly: RFC 9112 without its leniencies.
// Pure; parsers belong to one connection. Refused: obs-fold, Content-Length with Transfer-Encoding,
// repeated or bad Content-Length, bare LF or CR, space before the colon, bad tokens, control bytes
// in values, oversize lines, unknown transfer codings, HTTP versions other than 1.0 and 1.1.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace tollgate::http {

// The length of the head (with its blank line) at the start of `bytes`, or 0 when it is not
// complete. `searched` remembers how far earlier calls looked; start it at 0.
std::size_t head_length(std::string_view bytes, std::size_t& searched);

// `bytes` is exactly one head. Views borrow it. Fails: invalid_request with the reason.
base::Result<void> parse_request_head(std::string_view bytes, RequestHead& head,
                                      std::size_t bytes_max = head_bytes_max);
base::Result<void> parse_response_head(std::string_view bytes, ResponseHead& head);

// Chunked coding, handing on whole runs of data: feed it what was read, take the data out in place.
class ChunkedDecoder {
public:
    // Decodes in place: moves the data bytes of [data, data+size) to its front and returns how many
    // there are; `consumed` is how many of the input bytes belong to this body (less than size only
    // after the end). Fails: invalid_request for bad sizes, missing CRLF, oversize extensions or
    // trailers.
    base::Result<std::size_t> decode(char* data, std::size_t size, std::size_t& consumed);
    bool finished() const;

private:
    enum class State : std::uint8_t {
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,
        finished
    };
    const char* step(char c);
    const char* step_size(char c);
    const char* count_overhead();

    State state_ = State::size;
    std::uint64_t left_ = 0;            // bytes of the current chunk still to come
    std::uint32_t digits_ = 0;          // of the size so far
    std::uint32_t overhead_bytes_ = 0;  // of extensions and trailers so far
};

// Writers append to `out`.
void append_header(std::string& out, std::string_view name, std::string_view value);
void append_headers(std::string& out, std::span<const Header> headers);
void append_chunk_size(std::string& out, std::size_t size);  // hex and CRLF

}  // namespace tollgate::http
