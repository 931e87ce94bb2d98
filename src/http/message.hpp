// The heads of HTTP/1.1 messages as values: no sockets, no tasks.
// Views borrow the buffer the head was parsed from; whoever parsed it says how long that lives.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http {

// Limits of a head; each refusal names the limit.
constexpr std::size_t head_bytes_max = 32 * 1024;
constexpr std::size_t headers_max = 128;
constexpr std::size_t target_bytes_max = 8 * 1024;

struct Header {
    std::string_view name;   // as spelled
    std::string_view value;  // without surrounding white space
};

bool iequals_of_one_size(const char* a, const char* b, std::size_t size);
// ASCII case-insensitive equality, for header names and tokens. Inline: most pairs differ in length
// or in their first letter.
inline bool iequals(std::string_view a, std::string_view b) {
    constexpr int case_bit = 0x20;
    if (a.size() != b.size()) return false;
    if (a.empty()) return true;
    return ((a.front() ^ b.front()) & ~case_bit) == 0 &&
           iequals_of_one_size(a.data(), b.data(), a.size());
}

class Headers {
public:
    void clear() { list_.clear(); }
    void reserve(std::size_t count) { list_.reserve(count); }
    void add(std::string_view name, std::string_view value) { list_.push_back({name, value}); }
    // The first one's value, or nullopt.
    std::optional<std::string_view> find(std::string_view name) const;
    // find() with "" for absent.
    std::string_view get(std::string_view name) const { return find(name).value_or(""); }
    // True when the comma separated list(s) under `name` hold `token`, case-insensitively.
    bool has_token(std::string_view name, std::string_view token) const;
    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }
    std::size_t size() const { return list_.size(); }

private:
    std::vector<Header> list_;
};

enum class Method : std::uint8_t {
    get,
    head,
    post,
    put,
    patch,
    del,
    options,
    connect,
    trace,
    other
};
std::string_view to_string(Method method);

struct RequestHead {
    Method method = Method::get;
    std::string_view method_text;
    std::string_view target;  // as sent
    std::string_view path;    // before '?', still percent-encoded
    std::string_view query;   // after '?', "" when none
    int minor_version = 1;
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expect_continue = false;
    bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    int minor_version = 1;
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
};

// The standard phrase, "Unknown" for others.
std::string_view reason_phrase(int status);

// %41 becomes A; what is no valid escape stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace tollgate::http
