// The chunked transfer coding (RFC 9112, section 7.1).
#include <algorithm>
#include <cstring>

#include "http/codec.hpp"
#include "http/scan.hpp"

namespace tollgate::http {
namespace {

// Extensions and trailers are read past and thrown away; over a whole body no more than this.
constexpr std::uint32_t overhead_bytes_max = 16 * 1024;
constexpr std::uint32_t size_digits_max = 15;  // fits in 60 bits

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_value_byte(char c) { return (byte_kinds[static_cast<unsigned char>(c)] & kind_value) != 0; }
bool is_token_byte(char c) { return (byte_kinds[static_cast<unsigned char>(c)] & kind_token) != 0; }

}  // namespace

bool ChunkedDecoder::finished() const { return state_ == State::finished; }

const char* ChunkedDecoder::step_size(char c) {
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (++digits_ > size_digits_max) return "chunk size is too large";
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return nullptr;
    }
    if (digits_ == 0) return "chunk size is not a hexadecimal number";
    if (c == ';') {
        state_ = State::extension;
        return count_overhead();
    }
    if (c != '\r') return "forbidden byte after the chunk size";
    state_ = State::size_lf;
    return nullptr;
}

const char* ChunkedDecoder::count_overhead() {
    if (++overhead_bytes_ <= overhead_bytes_max) return nullptr;
    return "chunk extensions and trailers are longer than 16384 bytes";
}

// One byte outside of the data. Gives what is wrong with it, or nullptr.
const char* ChunkedDecoder::step(char c) {
    switch (state_) {
        case State::size: return step_size(c);
        case State::extension:
            if (c == '\r')
                state_ = State::size_lf;
            else if (!is_value_byte(c))
                return "control byte in a chunk extension";
            return count_overhead();
        case State::size_lf:
            if (c != '\n') return "a chunk size does not end in CRLF";
            state_ = left_ == 0 ? State::trailer_start : State::data;
            return nullptr;
        case State::data_cr:
            if (c != '\r') return "chunk data is longer than its size";
            state_ = State::data_lf;
            return nullptr;
        case State::data_lf:
            if (c != '\n') return "chunk data does not end in CRLF";
            state_ = State::size;
            left_ = 0;
            digits_ = 0;
            return nullptr;
        case State::trailer_start:
            if (c == '\r') {
                state_ = State::end_lf;
                return nullptr;
            }
            if (!is_token_byte(c)) return "a trailer does not begin with a name";
            state_ = State::trailer_name;
            return count_overhead();
        case State::trailer_name:
            if (c == ':')
                state_ = State::trailer_value;
            else if (!is_token_byte(c))
                return "forbidden byte in a trailer's name";
            return count_overhead();
        case State::trailer_value:
            if (c == '\r')
                state_ = State::trailer_lf;
            else if (!is_value_byte(c))
                return "control byte in a trailer's value";
            return count_overhead();
        case State::trailer_lf:
            if (c != '\n') return "a trailer does not end in CRLF";
            state_ = State::trailer_start;
            return count_overhead();
        case State::end_lf:
            if (c != '\n') return "the chunked body does not end in CRLF";
            state_ = State::finished;
            return nullptr;
        case State::data:
        case State::finished: break;
    }
    return "chunked body has ended";
}

base::Result<std::size_t> ChunkedDecoder::decode(char* data, std::size_t size,
                                                 std::size_t& consumed) {
    std::size_t kept = 0;
    std::size_t at = 0;
    while (at < size && state_ != State::finished) {
        if (state_ != State::data) {
            if (const char* fault = step(data[at++])) return base::invalid(fault);
            continue;
        }
        std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - at));
        if (kept != at) std::memmove(data + kept, data + at, run);
        kept += run;
        at += run;
        left_ -= run;
        if (left_ == 0) state_ = State::data_cr;
    }
    consumed = at;
    return kept;
}

}  // namespace tollgate::http
