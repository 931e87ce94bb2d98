#include "http/codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>

#include "http/scan.hpp"

namespace tollgate::http {
namespace {

using base::invalid;

// "00" to "99".
constexpr std::array<char, 200> make_digit_pairs() {
    std::array<char, 200> pairs{};
    for (std::size_t number = 0; number < 100; ++number) {
        pairs[2 * number] = static_cast<char>('0' + number / 10);
        pairs[2 * number + 1] = static_cast<char>('0' + number % 10);
    }
    return pairs;
}
constexpr auto digit_pairs = make_digit_pairs();

bool is_white(char c) { return c == ' ' || c == '\t'; }

// What a head's framing headers said, before the rules about their combination are applied.
struct Framing {
    bool transfer_encoding = false;
    bool connection_close = false;
    bool connection_keep_alive = false;
    bool expect_continue = false;
    int hosts = 0;
};

// The fields that requests and responses share.
struct Common {
    Headers& headers;
    std::optional<std::uint64_t>& content_length;
    bool& chunked;
    Framing framing{};
};

// Gives what is wrong, or nullptr.
const char* read_content_length(std::string_view value, Common& head) {
    if (head.content_length) return "Content-Length is given twice; send it once";
    constexpr std::size_t digits_max = 18;  // fits in 63 bits
    bool plain = !value.empty() && value.size() <= digits_max;
    std::uint64_t length = 0;
    for (char c : value) {
        if (c < '0' || c > '9') plain = false;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (!plain) return "Content-Length is not a plain number of at most 18 digits";
    head.content_length = length;
    return nullptr;
}

const char* read_transfer_encoding(std::string_view value, Common& head) {
    if (head.framing.transfer_encoding) {
        return "Transfer-Encoding is given twice; send it once";
    }
    head.framing.transfer_encoding = true;
    if (!iequals(value, "chunked")) {
        return "Transfer-Encoding is not \"chunked\", the only one supported";
    }
    head.chunked = true;
    return nullptr;
}

void read_connection(std::string_view value, Framing& framing) {
    while (!value.empty()) {
        std::size_t comma = std::min(value.find(','), value.size());
        std::string_view token = value.substr(0, comma);
        while (!token.empty() && is_white(token.front())) token.remove_prefix(1);
        while (!token.empty() && is_white(token.back())) token.remove_suffix(1);
        if (iequals(token, "close")) framing.connection_close = true;
        if (iequals(token, "keep-alive")) framing.connection_keep_alive = true;
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

const char* read_known(std::string_view name, std::string_view value, Common& head) {
    switch (name.size()) {
        case 4:
            if (iequals(name, "host")) ++head.framing.hosts;
            break;
        case 6:
            if (!iequals(name, "expect")) break;
            if (!iequals(value, "100-continue")) return "Expect is not \"100-continue\"";
            head.framing.expect_continue = true;
            break;
        case 10:
            if (iequals(name, "connection")) read_connection(value, head.framing);
            break;
        case 14:
            if (iequals(name, "content-length")) return read_content_length(value, head);
            break;
        case 17:
            if (iequals(name, "transfer-encoding")) return read_transfer_encoding(value, head);
            break;
        default: break;
    }
    return nullptr;
}

base::Error bad_line(std::size_t number, std::string_view what) {
    return invalid("header line " + std::to_string(number) + ": " + std::string(what));
}

// Why the byte at `at` may not follow a header name that is no longer than its token.
std::string_view name_fault(const char* line, const char* at) {
    if (at == line && is_white(*at)) return "folded lines are not supported";
    if (is_white(*at)) return "white space before the colon";
    if (at == line) return "empty header name";
    if (*at == '\r' || *at == '\n') return "no colon";
    return "forbidden byte in the header name";
}

// Reads the header lines of [at, end), where end is past the blank line's CRLF.
base::Result<void> read_headers(const char* at, const char* end, Common& head) {
    constexpr std::size_t usual_headers = 24;
    std::size_t number = 0;
    head.headers.reserve(usual_headers);
    while (true) {
        if (end - at == 2 && at[0] == '\r' && at[1] == '\n') return {};
        ++number;
        if (number > headers_max) {
            return invalid("more than " + std::to_string(headers_max) + " header lines");
        }
        const char* colon = skip_token(at, end);
        if (colon == end) return bad_line(number, "no colon");
        if (colon == at || *colon != ':') return bad_line(number, name_fault(at, colon));
        const char* value = colon + 1;
        while (value != end && is_white(*value)) ++value;
        const char* stop = skip_value(value, end);
        if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') {
            bool line_end = stop != end && (*stop == '\n' || *stop == '\r');
            return bad_line(number,
                            line_end ? "does not end in CRLF" : "control byte in the value");
        }
        const char* trimmed = stop;
        while (trimmed != value && is_white(trimmed[-1])) --trimmed;
        std::string_view name(at, static_cast<std::size_t>(colon - at));
        std::string_view text(value, static_cast<std::size_t>(trimmed - value));
        head.headers.add_sound(name, text);
        if (const char* fault = read_known(name, text, head)) return invalid(fault);
        at = stop + 2;
        if (end - at < 2) return invalid("the head does not end in a blank line");
    }
}

Method method_of(std::string_view text) {
    static constexpr Method known[] = {Method::get,     Method::head,    Method::post,
                                       Method::put,     Method::patch,   Method::del,
                                       Method::options, Method::connect, Method::trace};
    for (Method method : known) {
        if (to_string(method) == text) return method;
    }
    return Method::other;
}

// Splits the target into path and query, whatever its form.
base::Result<void> split_target(RequestHead& head) {
    std::string_view rest = head.target;
    if (head.method == Method::connect || (rest == "*" && head.method == Method::options)) {
        head.path = rest;
        head.query = {};
        return {};
    }
    if (rest.front() != '/') {
        std::size_t scheme = rest.find("://");
        bool http = scheme != std::string_view::npos && (iequals(rest.substr(0, scheme), "http") ||
                                                         iequals(rest.substr(0, scheme), "https"));
        if (!http) return invalid("the request target does not begin with \"/\"");
        rest.remove_prefix(scheme + 3);
        std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
        if (authority_end == 0) return invalid("the request target names no host");
        rest.remove_prefix(authority_end);
        if (rest.empty() || rest.front() == '?') {
            head.path = "/";
            head.query = rest.empty() ? rest : rest.substr(1);
            return {};
        }
    }
    std::size_t question = rest.find('?');
    head.path = rest.substr(0, question);
    head.query =
        question == std::string_view::npos ? std::string_view{} : rest.substr(question + 1);
    return {};
}

bool version_of(const char* at, const char* end, int& minor) {
    if (end - at < 8 || std::memcmp(at, "HTTP/1.", 7) != 0) return false;
    if (at[7] != '0' && at[7] != '1') return false;
    minor = at[7] - '0';
    return true;
}

// The request line; gives the start of the first header line.
base::Result<const char*> read_request_line(const char* at, const char* end, RequestHead& head) {
    const char* method_end = skip_token(at, end);
    if (method_end == at || method_end == end || *method_end != ' ') {
        return invalid("the request line does not begin with a method and one space");
    }
    head.method_text = {at, static_cast<std::size_t>(method_end - at)};
    head.method = method_of(head.method_text);
    const char* target = method_end + 1;
    const char* target_end = skip_target(target, end);
    head.target = {target, static_cast<std::size_t>(target_end - target)};
    if (head.target.size() > target_bytes_max) {
        return invalid("the request target is longer than " + std::to_string(target_bytes_max) +
                       " bytes");
    }
    if (head.target.empty()) return invalid("the request line names no target");
    if (target_end == end || *target_end != ' ') {
        return invalid("forbidden byte in the request target; percent-encode it");
    }
    const char* version = target_end + 1;
    if (!version_of(version, end, head.minor_version)) {
        return invalid("the HTTP version is not HTTP/1.1 or HTTP/1.0");
    }
    const char* line_end = version + 8;
    if (end - line_end < 2 || line_end[0] != '\r' || line_end[1] != '\n') {
        return invalid("the request line does not end in CRLF after the version");
    }
    TRY_VOID(split_target(head));
    return line_end + 2;
}

base::Result<const char*> read_status_line(const char* at, const char* end, ResponseHead& head) {
    if (!version_of(at, end, head.minor_version)) {
        return invalid("the HTTP version is not HTTP/1.1 or HTTP/1.0");
    }
    const char* status = at + 8;
    bool digits = end - status >= 6 && status[0] == ' ' && status[1] >= '1' && status[1] <= '5';
    for (int i = 2; digits && i <= 3; ++i) digits = status[i] >= '0' && status[i] <= '9';
    if (!digits) return invalid("the status is not a number from 100 to 599");
    head.status = (status[1] - '0') * 100 + (status[2] - '0') * 10 + (status[3] - '0');
    const char* reason = status + 4;
    // A status line without the space before an empty reason is common and harmless.
    if (*reason == ' ')
        ++reason;
    else if (*reason != '\r')
        return invalid("no space after the status");
    const char* line_end = skip_value(reason, end);
    if (end - line_end < 2 || line_end[0] != '\r' || line_end[1] != '\n') {
        return invalid("the status line does not end in CRLF");
    }
    head.reason = {reason, static_cast<std::size_t>(line_end - reason)};
    return line_end + 2;
}

base::Result<void> check_size(std::string_view bytes, std::size_t bytes_max) {
    if (bytes.size() <= bytes_max) return {};
    return invalid("the head is longer than " + std::to_string(bytes_max) + " bytes");
}

base::Result<void> check_framing(const Common& head, int minor_version) {
    if (!head.framing.transfer_encoding) return {};
    if (head.content_length) {
        return invalid("Content-Length and Transfer-Encoding are both given; send one of them");
    }
    if (minor_version == 0) return invalid("Transfer-Encoding in an HTTP/1.0 message");
    return {};
}

bool keeps_alive(const Framing& framing, int minor_version) {
    if (framing.connection_close) return false;
    return minor_version == 1 || framing.connection_keep_alive;
}

}  // namespace

std::size_t head_length(std::string_view bytes, std::size_t& searched) {
    // The last three bytes seen before may be the start of the blank line.
    std::size_t from = searched > 3 ? searched - 3 : 0;
    std::size_t end = find_blank_line(bytes.data(), from, bytes.size());
    searched = bytes.size();
    return end;
}

base::Result<void> parse_request_head(std::string_view bytes, RequestHead& head,
                                      std::size_t bytes_max) {
    head.headers.clear();
    head.content_length.reset();
    head.chunked = false;
    TRY_VOID(check_size(bytes, bytes_max));
    const char* end = bytes.data() + bytes.size();
    TRY(const char* at, read_request_line(bytes.data(), end, head));
    Common common{head.headers, head.content_length, head.chunked};
    TRY_VOID(read_headers(at, end, common));
    TRY_VOID(check_framing(common, head.minor_version));
    const Framing& framing = common.framing;
    if (framing.hosts > 1) return invalid("Host is given twice; send it once");
    if (framing.hosts == 0 && head.minor_version == 1) return invalid("the Host header is missing");
    head.keep_alive = keeps_alive(framing, head.minor_version);
    head.expect_continue = framing.expect_continue && head.minor_version == 1;
    return {};
}

base::Result<void> parse_response_head(std::string_view bytes, ResponseHead& head) {
    head.headers.clear();
    head.content_length.reset();
    head.chunked = false;
    TRY_VOID(check_size(bytes, head_bytes_max));
    const char* end = bytes.data() + bytes.size();
    TRY(const char* at, read_status_line(bytes.data(), end, head));
    Common common{head.headers, head.content_length, head.chunked};
    TRY_VOID(read_headers(at, end, common));
    TRY_VOID(check_framing(common, head.minor_version));
    head.keep_alive = keeps_alive(common.framing, head.minor_version);
    return {};
}

// From the end, two digits at a time: std::to_chars counts them first, by as many divisions.
void HeadWriter::put_number(std::uint64_t number) {
    char text[number_bytes_max];
    char* at = std::end(text);
    for (; number >= 100; number /= 100) {
        at -= 2;
        std::memcpy(at, &digit_pairs[2 * (number % 100)], 2);
    }
    if (number >= 10) {
        at -= 2;
        std::memcpy(at, &digit_pairs[2 * number], 2);
    } else {
        *--at = static_cast<char>('0' + number);
    }
    put_text({at, static_cast<std::size_t>(std::end(text) - at)});
}

}  // namespace tollgate::http
