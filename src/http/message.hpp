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
    // The codec has read it: the name is a token, and the value holds no control byte. Whoever
    // changes one of them clears this.
    bool sound = false;
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

// A bit for a name, the same for every spelling: by its length, its first and its last letter. A
// set of names of which none has the bit does not hold the name.
constexpr std::uint64_t name_bit(std::string_view name) {
    constexpr std::size_t case_bit = 0x20, first_step = 5, length_step = 11, bits = 64;
    if (name.empty()) return 1;
    const auto letter = [](char c) { return static_cast<unsigned char>(c) | case_bit; };
    const std::size_t mixed =
        letter(name.back()) + first_step * letter(name.front()) + length_step * name.size();
    return std::uint64_t{1} << (mixed % bits);
}

class Headers {
public:
    void clear() {
        list_.clear();
        names_ = 0;
    }
    void reserve(std::size_t count) { list_.reserve(count); }
    void add(std::string_view name, std::string_view value) {
        list_.emplace_back(name, value);
        names_ |= name_bit(name);
    }
    // For the codec, which has read both.
    void add_sound(std::string_view name, std::string_view value) {
        list_.emplace_back(name, value, true);
        names_ |= name_bit(name);
    }
    // The first one's value, or nullopt. Inline: most names that are asked for are not there.
    std::optional<std::string_view> find(std::string_view name) const {
        if ((names_ & name_bit(name)) == 0) return std::nullopt;
        return find_listed(name);
    }
    // find() with "" for absent.
    std::string_view get(std::string_view name) const { return find(name).value_or(""); }
    // True when the comma separated list(s) under `name` hold `token`, case-insensitively.
    bool has_token(std::string_view name, std::string_view token) const;
    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }
    std::size_t size() const { return list_.size(); }

private:
    std::optional<std::string_view> find_listed(std::string_view name) const;

    std::vector<Header> list_;
    std::uint64_t names_ = 0;  // the bits of all names
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
