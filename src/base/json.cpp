// The parser: one pass over the text, one node per token, an explicit stack.
// 103 KB of coding-assistant traffic (24 tool schemas, long texts): 39 microseconds, and 5.4 for
// scan_top_level; simdjson's DOM needs 29 (clang 19 -O2, x86-64-v2, EPYC, quiet machine).
#include "base/json.hpp"

#include <simdjson.h>

#include <cstring>

#include "base/json_scan.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_common_escape(char c) { return c == 'n' || c == '"' || c == '\\' || c == 't'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

struct Document::Parser {
    const char* const begin;
    const char* const end;
    const char* at;
    std::vector<Node>& nodes;
    unsigned char seen = 0;          // bit 7: somewhere stands a byte over 0x7f
    const char* expected = nullptr;  // what the error at `at` missed
    std::size_t depth = 0;
    std::uint32_t open[depth_max];  // node indices of the containers around `at`

    Parser(std::string_view text, std::vector<Node>& into)
        : begin(text.data()), end(text.data() + text.size()), at(begin), nodes(into) {}

    bool fail(const char* what) {
        expected = what;
        return false;
    }
    std::uint32_t offset() const { return static_cast<std::uint32_t>(at - begin); }
    void skip_space() {
        while (at != end && is_space(*at)) ++at;
    }
    void add(Kind kind, std::uint32_t from, bool escapes = false) {
        const auto index = static_cast<std::uint32_t>(nodes.size());
        // Written in place: a copied temporary waits for its own narrow stores each time.
        Node& node = nodes.emplace_back();
        node.begin = from;
        node.end = offset();
        node.next = index + 1;
        node.kind = kind;
        node.has_escapes = escapes;
    }

    bool string() {
        const std::uint32_t from = offset();
        bool escapes = false;
        ++at;
        for (;;) {
            at = detail::find_string_stop(at, end, seen);
            if (at == end) return fail("the quote that ends the string");
            if (*at == '"') break;
            if (*at != '\\') return fail("a control character written as an escape");
            escapes = true;
            if (end - at > 1 && is_common_escape(at[1])) [[likely]] {
                at += 2;
                continue;
            }
            const std::size_t length = detail::escape_length(at, end);
            if (length == 0) return fail("a valid escape sequence");
            at += length;
        }
        ++at;
        add(Kind::string, from, escapes);
        return true;
    }

    bool digits() {
        if (at == end || !is_digit(*at)) return fail("a digit");
        while (at != end && is_digit(*at)) ++at;
        return true;
    }

    bool number() {
        const std::uint32_t from = offset();
        if (*at == '-') ++at;
        if (at != end && *at == '0') {
            ++at;
            if (at != end && is_digit(*at)) return fail("a number without a leading zero");
        } else if (!digits()) {
            return false;
        }
        if (at != end && *at == '.') {
            ++at;
            if (!digits()) return false;
        }
        if (at != end && (*at == 'e' || *at == 'E')) {
            ++at;
            if (at != end && (*at == '+' || *at == '-')) ++at;
            if (!digits()) return false;
        }
        add(Kind::number, from);
        return true;
    }

    bool literal(std::string_view word, Kind kind) {
        const std::uint32_t from = offset();
        if (static_cast<std::size_t>(end - at) < word.size() ||
            std::memcmp(at, word.data(), word.size()) != 0) {
            return fail("a value");
        }
        at += word.size();
        add(kind, from);
        return true;
    }

    bool scalar() {
        switch (*at) {
            case '"': return string();
            case 't': return literal("true", Kind::boolean);
            case 'f': return literal("false", Kind::boolean);
            case 'n': return literal("null", Kind::null);
            default: break;
        }
        if (*at == '-' || is_digit(*at)) return number();
        return fail("a value");
    }

    bool key() {
        skip_space();
        if (at == end || *at != '"') return fail("a key in quotes");
        if (!string()) return false;
        skip_space();
        if (at == end || *at != ':') return fail("a colon");
        ++at;
        return true;
    }

    // Pushes a container; returns false on failure. `empty` says that it closed at once.
    bool enter(bool& empty) {
        const bool object = *at == '{';
        if (depth == depth_max) return fail("no deeper nesting than 256 levels");
        open[depth++] = static_cast<std::uint32_t>(nodes.size());
        add(object ? Kind::object : Kind::array, offset());
        ++at;
        skip_space();
        empty = at != end && *at == (object ? '}' : ']');
        if (!empty && object) return key();
        return true;
    }

    void leave() {
        ++at;
        Node& node = nodes[open[--depth]];
        node.end = offset();
        node.next = static_cast<std::uint32_t>(nodes.size());
    }

    // After a value: closes what closes here and moves on to the next value's place.
    bool after_value() {
        while (depth != 0) {
            Node& around = nodes[open[depth - 1]];
            if (around.count != 0xff'ffff) around.count = (around.count + 1) & 0xff'ffff;
            skip_space();
            const bool object = around.kind == Kind::object;
            if (at == end) return fail(object ? "a comma or }" : "a comma or ]");
            if (*at == ',') {
                ++at;
                return object ? key() : true;
            }
            if (*at != (object ? '}' : ']')) return fail(object ? "a comma or }" : "a comma or ]");
            leave();
        }
        return true;
    }

    // Bytes over 0x7f stand only in strings here, so one vectorised pass checks them all.
    bool valid_utf8() {
        const std::string_view text(begin, static_cast<std::size_t>(end - begin));
        if (simdjson::validate_utf8(text.data(), text.size())) return true;
        at = begin + detail::valid_utf8_prefix(text);
        return fail("valid UTF-8");
    }

    bool run() {
        do {
            skip_space();
            if (at == end) return fail("a value");
            if (*at == '{' || *at == '[') {
                bool empty = false;
                if (!enter(empty)) return false;
                if (!empty) continue;
                leave();
            } else if (!scalar()) {
                return false;
            }
            if (!after_value()) return false;
        } while (depth != 0);
        skip_space();
        if (at != end) return fail("nothing after the value");
        return (seen & 0x80) == 0 || valid_utf8();
    }
};

base::Result<Value> Document::parse(std::string_view text) {
    text_ = text;
    nodes_.clear();
    if (text.size() > text_bytes_max) {
        text_ = {};
        return base::invalid("JSON text of more than 1 GiB");
    }
    Parser parser(text, nodes_);
    if (!parser.run()) {
        nodes_.clear();
        return detail::malformed(parser.offset(), parser.expected);
    }
    return Value(this, 0);
}

Value Document::root() const { return nodes_.empty() ? Value() : Value(this, 0); }

Kind Value::kind() const {
    return document_ == nullptr ? Kind::absent : document_->nodes_[index_].kind;
}

Raw Value::raw() const {
    if (document_ == nullptr) return {};
    const auto& node = document_->nodes_[index_];
    return document_->text_.substr(node.begin, node.end - node.begin);
}

std::size_t Value::offset() const {
    return document_ == nullptr ? 0 : document_->nodes_[index_].begin;
}

Escaped Value::escaped() const {
    if (!is_string()) return {};
    const auto& node = document_->nodes_[index_];
    return {document_->text_.substr(node.begin + 1, node.end - node.begin - 2)};
}

std::string_view Value::text(base::Arena& arena) const {
    if (!is_string()) return {};
    const Escaped inside = escaped();
    return document_->nodes_[index_].has_escapes ? unescape(inside, arena) : inside.raw;
}

std::string Value::text() const {
    std::string plain;
    append_unescaped(plain, escaped());
    return plain;
}

bool Value::equals(std::string_view plain) const {
    if (!is_string()) return false;
    const Escaped inside = escaped();
    return document_->nodes_[index_].has_escapes ? key_equals(inside.raw, plain)
                                                 : inside.raw == plain;
}

std::optional<std::int64_t> Value::integer() const {
    if (kind() != Kind::number) return std::nullopt;
    return detail::parse_integer(raw());
}

std::optional<double> Value::number() const {
    if (kind() != Kind::number) return std::nullopt;
    return detail::parse_double(raw());
}

std::optional<bool> Value::boolean() const {
    if (kind() != Kind::boolean) return std::nullopt;
    return raw() == "true";
}

std::size_t Value::size() const {
    if (!is_array() && !is_object()) return 0;
    const std::size_t count = document_->nodes_[index_].count;
    if (count != 0xff'ffff) return count;
    std::size_t walked = 0;
    for ([[maybe_unused]] Value each : is_array() ? elements() : members()) ++walked;
    return walked;
}

Value Value::operator[](std::string_view key) const {
    if (!is_object()) return {};
    const auto& nodes = document_->nodes_;
    const std::uint32_t last = nodes[index_].next;
    for (std::uint32_t at = index_ + 1; at < last; at = nodes[at + 1].next) {
        const auto& name = nodes[at];
        const bool same = name.has_escapes
                              ? Value(document_, at).equals(key)
                              : name.end - name.begin == key.size() + 2 &&
                                    std::memcmp(document_->text_.data() + name.begin + 1,
                                                key.data(), key.size()) == 0;
        if (same) return Value(document_, at + 1);
    }
    return {};
}

Value::Range Value::elements() const {
    if (!is_array()) return {Iterator(nullptr, 0, false), Iterator(nullptr, 0, false)};
    return {Iterator(document_, index_ + 1, false),
            Iterator(document_, document_->nodes_[index_].next, false)};
}

Value::Range Value::members() const {
    if (!is_object()) return {Iterator(nullptr, 0, true), Iterator(nullptr, 0, true)};
    return {Iterator(document_, index_ + 1, true),
            Iterator(document_, document_->nodes_[index_].next, true)};
}

Value::Iterator::Iterator(const Document* document, std::uint32_t position, bool members)
    : document_(document), position_(position), members_(members) {
    settle();
}

void Value::Iterator::settle() {
    key_ = position_;
    index_ = members_ ? position_ + 1 : position_;
}

Value::Iterator& Value::Iterator::operator++() {
    position_ = document_->nodes_[index_].next;
    settle();
    return *this;
}

}  // namespace tollgate::json
