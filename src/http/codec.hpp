// HTTP/1.1 heads and chunked bodies, strictly: RFC 9112 without its leniencies.
// Pure; parsers belong to one connection. Refused: obs-fold, Content-Length with Transfer-Encoding,
// repeated or bad Content-Length, bare LF or CR, space before the colon, bad tokens, control bytes
// in values, oversize lines, unknown transfer codings, HTTP versions other than 1.0 and 1.1.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "http/body_buffer.hpp"
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

// Writes a head at the end of `out`, whose size is set when this ends. REQUIRES: `bytes` of room
// suffice for all that is put.
class HeadWriter {
public:
    HeadWriter(BodyBuffer& out, std::size_t bytes) : out_(out) {
        out.reserve(out.size() + bytes);
        at_ = out.data() + out.size();
    }
    HeadWriter(HeadWriter&& other) noexcept
        : out_(other.out_), at_(std::exchange(other.at_, nullptr)) {}
    HeadWriter& operator=(HeadWriter&&) = delete;
    ~HeadWriter() {
        if (at_ != nullptr) out_.set_size(static_cast<std::size_t>(at_ - out_.data()));
    }

    // Copies of a constant's size are a few stores; other short ones are two that may overlap.
    template <std::size_t size>
    void put(const char (&text)[size]) {
        std::memcpy(at_, text, size - 1);
        at_ += size - 1;
    }
    void put_text(std::string_view text) {
        constexpr std::size_t word = 8, block = 16;
        if (text.size() >= block && text.size() <= 2 * block) {
            put_ends<block>(text);
        } else if (text.size() >= word && text.size() < block) {
            put_ends<word>(text);
        } else if (!text.empty()) {
            std::memcpy(at_, text.data(), text.size());
        }
        at_ += text.size();
    }
    void put_number(std::uint64_t number);
    void put_header(std::string_view name, std::string_view value) {
        put_text(name);
        put(": ");
        put_text(value);
        put("\r\n");
    }
    static std::size_t bytes_of(const Header& header) {
        return header.name.size() + header.value.size() + 4;
    }

private:
    template <std::size_t size>
    void put_ends(std::string_view text) {
        std::memcpy(at_, text.data(), size);
        std::memcpy(at_ + text.size() - size, text.data() + text.size() - size, size);
    }
    BodyBuffer& out_;
    char* at_;
};

// The longest number in decimal.
constexpr std::size_t number_bytes_max = 20;

}  // namespace tollgate::http
