// JSON for the hot path: a validating parser that keeps every token as it was spelled, and the
// few functions that write JSON. Strings stay escaped until somebody asks, numbers keep their
// spelling, schemas pass through verbatim. Format: RFC 8259, UTF-8 only.
//
// Not thread-safe; one Document per thread or per request. A Document borrows the text it parsed:
// Values and the views they give die with the text or with the next parse().
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/result.hpp"

namespace tollgate::json {

// The inside of a JSON string, without its quotes and still escaped. Concatenating two gives a
// third; writing one between quotes gives a valid JSON string. Never mix it with plain text.
struct Escaped {
    std::string_view raw;
    bool empty() const { return raw.empty(); }
    friend bool operator==(const Escaped&, const Escaped&) = default;
};
// One whole JSON value as it was spelled, already validated; empty when there was none.
using Raw = std::string_view;

enum class Kind : std::uint8_t { absent, null, boolean, number, string, array, object };

constexpr std::size_t depth_max = 256;                        // nesting of arrays and objects
constexpr std::size_t text_bytes_max = 1024u * 1024u * 1024u;  // offsets are 32 bits wide

class Document;
namespace detail {
class ValueMemory;
}

// A cheap handle (pointer and index). A default or missing Value is `absent`; asking an absent or
// wrongly typed Value for members gives absent, so chains like root["a"]["b"] need no checks.
class Value {
public:
    Value() = default;

    Kind kind() const;
    bool exists() const { return document_ != nullptr; }
    bool is_null() const { return kind() == Kind::null; }
    bool is_string() const { return kind() == Kind::string; }
    bool is_object() const { return kind() == Kind::object; }
    bool is_array() const { return kind() == Kind::array; }

    Raw raw() const;               // as spelled; "" when absent
    std::size_t offset() const;    // of raw() in the parsed text
    Escaped escaped() const;       // inside of the string; empty unless is_string()
    // The unescaped text: a view of the source when nothing was escaped, else stored in `arena`.
    std::string_view text(base::Arena& arena) const;
    std::string text() const;
    bool equals(std::string_view plain) const;  // a string whose unescaped text is `plain`
    bool string_empty() const { return escaped().empty(); }
    // False for a string, or key, that is spelled without escape sequences; true for any with some.
    bool may_have_escapes() const;

    std::optional<std::int64_t> integer() const;  // numbers without fraction that fit
    std::optional<double> number() const;
    std::optional<bool> boolean() const;

    // A number that stands for the value's very bytes, and never for others: what was made of them
    // may be kept by it. Large members of an outermost object have one that clients send again and
    // again (base/json_memory.hpp), of each thread its own; 0: this value has none.
    std::uint64_t known() const;

    std::size_t size() const;  // elements of an array, members of an object, else 0
    Value operator[](std::string_view key) const;  // first member with that (unescaped) key

    class Iterator;
    struct Range;
    Range elements() const;  // of an array; empty otherwise
    Range members() const;   // of an object; empty otherwise: use it.key() and *it

private:
    friend class Document;
    Value(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
    bool equals_unescaped(std::string_view plain) const;
    const Document* document_ = nullptr;
    std::uint32_t index_ = 0;
};

// Keeps its memory from one parse() to the next; for small texts it needs none but its own.
class Document {
public:
    Document() = default;
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    // Parses one value with nothing but white space around it. The text may be unpadded.
    // Fails: invalid_request with the byte offset and what was expected there; malformed UTF-8,
    // lone control characters, bad escapes and numbers, depth over depth_max are all refused.
    base::Result<Value> parse(std::string_view text);
    Value root() const;
    std::string_view text() const { return text_; }

private:
    friend class Value;
    friend class detail::ValueMemory;
    static constexpr std::uint32_t count_max = 0xff'ffff;
    struct Node {
        Node() {}  // leaves its bytes as they are: a parse writes each before it is read
        Node(std::uint32_t from, std::uint32_t to, std::uint32_t behind, Kind what, bool escapes)
            : begin(from), end(to), next(behind), count(0), kind(what), has_escapes(escapes) {}
        std::uint32_t begin;   // offset of the first byte of the value (the quote for strings)
        std::uint32_t end;     // offset past its last byte
        std::uint32_t next;    // index of the node after this value and all inside it
        std::uint32_t count : 24;  // elements or members, saturating
        Kind kind : 7;
        bool has_escapes : 1;  // for strings
    };
    struct Parser;
    // A member of the outermost object that was parsed before.
    struct Known {
        std::uint32_t node = 0;
        std::uint64_t number = 0;
    };
    static constexpr std::size_t known_max = 4;
    static constexpr std::uint32_t first_nodes = 64;
    const Node& node(std::uint32_t index) const { return nodes_[index]; }
    std::string_view text_;
    std::array<Known, known_max> known_{};
    std::array<Node, first_nodes> first_;
    std::unique_ptr<Node[]> more_;  // null while the first ones suffice
    Node* nodes_ = first_.data();   // a parse fills the first of them
    std::uint32_t room_ = first_nodes;
    bool parsed_ = false;
};

class Value::Iterator {
public:
    Iterator() = default;
    Value operator*() const { return Value(document_, position_ + step_); }  // element or value
    Value key() const { return Value(document_, position_); }                // members() only
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return position_ == other.position_; }

private:
    friend class Value;
    Iterator(const Document* document, std::uint32_t position, std::uint32_t step)
        : document_(document), position_(position), step_(step) {}
    const Document* document_ = nullptr;
    std::uint32_t position_ = 0;  // node index of the element, or of the member's key
    std::uint32_t step_ = 0;      // from there to the value: 0 for elements, 1 for members
};
struct Value::Range {
    Iterator first, last;
    Iterator begin() const { return first; }
    Iterator end() const { return last; }
};

inline Kind Value::kind() const {
    return document_ == nullptr ? Kind::absent : document_->node(index_).kind;
}
inline Raw Value::raw() const {
    if (document_ == nullptr) return {};
    const auto& node = document_->node(index_);
    return {document_->text_.data() + node.begin, node.end - node.begin};
}
inline std::size_t Value::offset() const {
    return document_ == nullptr ? 0 : document_->node(index_).begin;
}
inline Escaped Value::escaped() const {
    if (!is_string()) return {};
    const auto& node = document_->node(index_);
    return {{document_->text_.data() + node.begin + 1, node.end - node.begin - 2}};
}
inline bool Value::equals(std::string_view plain) const {
    if (!is_string()) return false;
    const auto& node = document_->node(index_);
    if (node.has_escapes) [[unlikely]] return equals_unescaped(plain);
    return escaped().raw == plain;
}
inline bool Value::may_have_escapes() const {
    return is_string() && document_->node(index_).has_escapes;
}
inline Value::Iterator& Value::Iterator::operator++() {
    position_ = document_->node(position_ + step_).next;
    return *this;
}
inline Value::Range Value::elements() const {
    if (!is_array()) return {};
    const std::uint32_t last = document_->node(index_).next;
    return {Iterator(document_, index_ + 1, 0), Iterator(document_, last, 0)};
}
inline Value::Range Value::members() const {
    if (!is_object()) return {};
    const std::uint32_t last = document_->node(index_).next;
    return {Iterator(document_, index_ + 1, 1), Iterator(document_, last, 1)};
}

// A top-level member of an object, found without looking inside its value.
struct TopField {
    std::string_view key;    // escaped, as spelled, without quotes
    Raw value;               // as spelled; NOT validated inside
    std::size_t offset = 0;  // of value in the text
};
// Finds the top-level members of an object at the speed of memory: strings are honoured, brackets
// counted, nothing inside is validated. For bodies that are passed on as they are.
// Fails: invalid_request with the byte offset when the text is no object, ends early, has bytes
// after it, or names one key twice (compared unescaped; two spellings are one key).
base::Result<void> scan_top_level(std::string_view text, std::vector<TopField>& fields);
// The same of a text that was parsed already, without reading it again. REQUIRES: parsed.root()
// exists. Fails: as scan_top_level, when the root is no object or names one key twice.
base::Result<void> top_level_of(const Document& parsed, std::vector<TopField>& fields);
bool longer_key_equals(std::string_view escaped_key, std::string_view plain);
// True when the escaped key means `plain`.
inline bool key_equals(std::string_view escaped_key, std::string_view plain) {
    if (escaped_key.size() == plain.size()) return escaped_key == plain;
    // An escape is longer than what it stands for, six bytes at most for each of them.
    if (escaped_key.size() < plain.size() || escaped_key.size() > plain.size() * 6) return false;
    const char first = escaped_key.front();
    return (first == plain.front() || first == '\\') && longer_key_equals(escaped_key, plain);
}
// False when no string in the valid JSON `text`, key or value, is spelled with one of the words at
// its beginning; true when one may be. For long texts with rare hits. REQUIRES: no word is empty.
bool may_hold_string_with(std::string_view text, std::span<const std::string_view> words);
// A whole number spelled as JSON spells numbers; nullopt for anything else.
std::optional<std::int64_t> whole_number(Raw value);

// --- writing -------------------------------------------------------------------------------
void append_string(std::string& out, std::string_view plain);  // quoted and escaped
void append_escaped(std::string& out, std::string_view plain);  // escaped, no quotes
// True when the text stands in a string as it is: ASCII without quotes, backslashes and control
// characters.
bool needs_no_escape(std::string_view plain);
inline void append_string(std::string& out, Escaped inside) {
    out += '"';
    out += inside.raw;
    out += '"';
}
void append_integer(std::string& out, std::int64_t value);
// `value` (valid JSON) without white space between tokens.
void append_compact(std::string& out, Raw value);
// The same as the inside of a string: escaped, no quotes around it.
void append_compact_escaped(std::string& out, Raw value);
// The plain text of an escaped string; lone surrogates become U+FFFD.
void append_unescaped(std::string& out, Escaped inside);
std::string_view unescape(Escaped inside, base::Arena& arena);
Escaped escape(std::string_view plain, base::Arena& arena);

// Writes objects and arrays with the commas in the right places. Keys are plain, short and ours.
// A text that belongs into what was written, in front of its byte `at`, and was left where it is.
struct Lent {
    std::size_t at = 0;
    std::string_view text;
    std::shared_ptr<const std::string> owner;  // null: whoever lent it keeps it
};
constexpr std::size_t lent_bytes_min = 2048;  // shorter ones are copied sooner than noted

class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}
    // From now on long texts inside `lender`, and those put as shared, are noted in `lent` instead
    // of being copied. Both, and the lender's bytes, outlive what is made of them.
    void lend_from(std::string_view lender, std::vector<Lent>& lent) {
        lender_ = lender;
        lent_ = &lent;
    }
    Writer& begin_object() { return open('{'); }
    Writer& end_object() { return close('}'); }
    Writer& begin_array() { return open('['); }
    Writer& end_array() { return close(']'); }
    Writer& key(std::string_view name);
    Writer& foreign_key(std::string_view name);  // of somebody else's making: escaped
    Writer& string(std::string_view plain);
    Writer& escaped(Escaped inside);
    Writer& integer(std::int64_t value);
    Writer& boolean(bool value);
    Writer& null();
    Writer& raw(Raw value);  // a whole value, verbatim
    // A whole value that `append(std::string&)` writes in place.
    template <typename Append>
    Writer& in_place(Append&& append) {
        separate();
        append(out_);
        return *this;
    }
    // A string whose inside `append(std::string&)` writes in place, escaped.
    template <typename Append>
    Writer& string_in_place(Append&& append) {
        separate();
        out_ += '"';
        append(out_);
        out_ += '"';
        return *this;
    }
    // Inside of those: adds to what was written, or lends it.
    void put(std::string_view text) {
        if (text.size() < lent_bytes_min || !lends(text)) out_ += text;
    }
    void put_shared(const std::shared_ptr<const std::string>& text);
    // key and value in one call
    Writer& string(std::string_view name, std::string_view plain) {
        return key(name).string(plain);
    }
    Writer& escaped(std::string_view name, Escaped in) { return key(name).escaped(in); }
    Writer& integer(std::string_view name, std::int64_t v) { return key(name).integer(v); }
    Writer& boolean(std::string_view name, bool v) { return key(name).boolean(v); }
    Writer& raw(std::string_view name, Raw v) { return key(name).raw(v); }
    std::string& out() { return out_; }

private:
    Writer& open(char bracket) {
        separate();
        out_ += bracket;
        comma_ = false;
        return *this;
    }
    Writer& close(char bracket) {
        out_ += bracket;
        comma_ = true;
        return *this;
    }
    void separate() {
        if (comma_) out_ += ',';
        comma_ = true;
    }
    bool lends(std::string_view text);
    std::string& out_;
    bool comma_ = false;
    std::string_view lender_;
    std::vector<Lent>* lent_ = nullptr;
};

}  // namespace tollgate::json
