// The parser: one pass over the text, one node per token, an explicit stack.
// 103 KB of coding-assistant traffic (24 tool schemas, long texts): 14 microseconds, and 5 when its
// tools are known already (json_memory.hpp; clang 19 -O2, x86-64-v2, EPYC with AVX-512).
#include "base/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/json_memory.hpp"
#include "base/json_scan.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A container whose end has not come yet.
struct Frame {
    std::uint32_t node;
    std::uint32_t count;  // values begun so far
    char close;           // the bracket that ends it
};

// Where a number ends, or where it goes wrong and what was missed there.
struct NumberEnd {
    const char* at;
    const char* expected;
};

[[gnu::noinline]] NumberEnd number_end(const char* at, const char* end) {
    auto digits = [&] {
        if (at == end || !is_digit(*at)) return false;
        while (at != end && is_digit(*at)) ++at;
        return true;
    };
    if (*at == '-') ++at;
    if (at != end && *at == '0') {
        ++at;
        if (at != end && is_digit(*at)) return {at, "a number without a leading zero"};
    } else if (!digits()) {
        return {at, "a digit"};
    }
    if (at != end && *at == '.') {
        ++at;
        if (!digits()) return {at, "a digit"};
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at != end && (*at == '+' || *at == '-')) ++at;
        if (!digits()) return {at, "a digit"};
    }
    return {at, nullptr};
}

[[gnu::noinline]] const char* skip_space(const char* at, const char* end) {
    while (at != end && is_space(*at)) ++at;
    return at;
}

// The first byte in [from, to) that begins no valid UTF-8, or null.
[[gnu::noinline]] const char* invalid_utf8(const char* from, const char* to) {
    const std::string_view text(from, static_cast<std::size_t>(to - from));
    constexpr std::size_t short_bytes = 32;
    if (text.size() > short_bytes && simdjson::validate_utf8(from, text.size())) return nullptr;
    const std::size_t valid = detail::valid_utf8_prefix(text);
    return valid == text.size() ? nullptr : from + valid;
}

}  // namespace

// Its members live in registers: nothing here is passed on by address, and what is called returns
// its answer by value. A missing byte at the end of the text reads as 0, which fits nowhere.
struct Document::Parser {
    const char* const begin;
    const char* const end;
    const char* at;
    Document& document;
    Node* next;  // where the next node goes
    std::uint32_t used = 0;
    std::uint32_t room;
    Frame* const bottom;
    Frame* around;                   // the innermost open container
    const Frame* watched = nullptr;  // the outermost object, when its members may be known
    const char* not_utf8 = nullptr;  // the first byte of a string that is none
    const char* expected = nullptr;  // what the error at `at` missed
    const detail::FindQuotes look = detail::find_quotes();
    const char* block = nullptr;  // where the bits of `quotes` and `special` begin
    std::uint64_t quotes = 0;     // of the block, from `at` on
    std::uint64_t special = 0;
    Known* known_at;  // where the next known member is noted
    Known* const known_end;

    [[gnu::always_inline]] Parser(std::string_view text, Document& into, Frame* frames)
        : begin(text.data()),
          end(text.data() + text.size()),
          at(begin),
          document(into),
          next(into.nodes_),
          room(into.room_),
          bottom(frames),
          around(frames),
          known_at(into.known_.data()),
          known_end(into.known_.data() + into.known_.size()) {}

    [[gnu::always_inline]] bool fail(const char* what) {
        expected = what;
        return false;
    }
    [[gnu::always_inline]] std::uint32_t offset_of(const char* place) const {
        return static_cast<std::uint32_t>(place - begin);
    }

    // The next byte that is no white space.
    [[gnu::always_inline]] char token() {
        if (at == end) [[unlikely]]
            return '\0';
        if (static_cast<unsigned char>(*at) > ' ') [[likely]]
            return *at;
        at = skip_space(at, end);
        return at == end ? '\0' : *at;
    }

    static constexpr std::ptrdiff_t watched_bytes_min = detail::ValueMemory::value_bytes_min;
    // Twice the room, for the same nodes and as many again.
    [[gnu::noinline]] static Node* grown(Document& document, std::uint32_t used) {
        auto more = std::make_unique_for_overwrite<Node[]>(std::size_t{document.room_} * 2);
        std::copy_n(document.nodes_, document.room_, more.get());
        document.more_ = std::move(more);
        document.nodes_ = document.more_.get();
        document.room_ *= 2;
        return document.nodes_ + used;
    }

    [[gnu::always_inline]] void add(Kind kind, const char* from, bool escapes = false) {
        if (used == room) [[unlikely]] {
            next = grown(document, used);
            room = document.room_;
        }
        *next++ = Node(offset_of(from), offset_of(at), ++used, kind, escapes);
    }

    // What else is wrong with the text is told first, wherever it stands.
    [[gnu::always_inline]] void check_utf8(const char* from, const char* to) {
        const char* const wrong = invalid_utf8(from, to);
        if (not_utf8 == nullptr) not_utf8 = wrong;
    }

    // `at` stands at the opening quote, which is the first one that `quotes` knows if it knows any.
    // The end of a short string follows from the block's bits: reading it from the text would make
    // each string wait for the one before.
    [[gnu::always_inline]] bool string() {
        std::uint64_t behind = quotes & (quotes - 1);
        if (behind == 0) {
            if (look == nullptr || end - begin < detail::quote_block_bytes) return single_string();
            if (end - at >= detail::quote_block_bytes) [[likely]] {
                const detail::QuoteBlock found = look(at);
                quotes = found.quotes;
                special = found.special;
            } else {
                // The last block begins before `at`, perhaps inside of a string: what it says of
                // the bytes from a quote on is true all the same.
                const char* const last = end - detail::quote_block_bytes;
                const detail::QuoteBlock found = look(last);
                quotes = found.quotes >> (at - last);
                special = found.special >> (at - last);
            }
            block = at;
            behind = quotes & (quotes - 1);
            if (behind == 0) {
                quotes = 0;
                return long_string();
            }
        }
        const std::uint64_t inside = (behind ^ (behind - 1)) & ~(quotes ^ (quotes - 1));
        quotes = behind & (behind - 1);
        if ((special & inside) != 0) [[unlikely]]
            return long_string();
        const char* const from = at;
        at = block + __builtin_ctzll(behind) + 1;
        add(Kind::string, from);
        return true;
    }

    // For texts and machines without blocks. Most strings are short: their end is looked for in
    // place.
    [[gnu::always_inline]] bool single_string() {
#if defined(__x86_64__)
        const char* const from = at;
        if (end - at > 16) [[likely]] {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
            const unsigned stops = detail::string_stops(bytes);
            if (stops != 0 && at[1 + __builtin_ctz(stops)] == '"') [[likely]] {
                at += 1 + __builtin_ctz(stops);
                const auto high = static_cast<unsigned>(_mm_movemask_epi8(bytes));
                if ((high & (stops ^ (stops - 1))) != 0) [[unlikely]]
                    check_utf8(from + 1, at);
                ++at;
                add(Kind::string, from);
                return true;
            }
        }
#endif
        return long_string();
    }

    [[gnu::always_inline]] bool long_string() {
        const char* const from = at;
        const detail::StringEnd found = detail::string_end(at + 1, end);
        at = found.at;
        if (at == end) return fail("the quote that ends the string");
        if (*at != '"') [[unlikely]] {
            return fail(*at == '\\' ? "a valid escape sequence"
                                    : "a control character written as an escape");
        }
        if ((found.flags & detail::flag_unchecked) != 0) [[unlikely]]
            check_utf8(from + 1, at);
        ++at;
        add(Kind::string, from, (found.flags & detail::flag_escapes) != 0);
        return true;
    }

    [[gnu::always_inline]] bool literal(std::string_view word, Kind kind) {
        if (static_cast<std::size_t>(end - at) < word.size() ||
            std::memcmp(at, word.data(), word.size()) != 0) {
            return fail("a value");
        }
        const char* const from = at;
        at += word.size();
        add(kind, from);
        return true;
    }

    [[gnu::always_inline]] bool scalar(char first) {
        if (first == '"') return string();
        if (first == '-' || is_digit(first)) {
            const char* const from = at;
            const char* behind = at + 1;
            while (behind != end && is_digit(*behind)) ++behind;
            const bool whole = first != '-' && (first != '0' || behind == at + 1) &&
                               (behind == end || (*behind != '.' && (*behind | 0x20) != 'e'));
            if (whole) [[likely]] {
                at = behind;
                add(Kind::number, from);
                return true;
            }
            const NumberEnd found = number_end(at, end);
            at = found.at;
            if (found.expected != nullptr) return fail(found.expected);
            add(Kind::number, from);
            return true;
        }
        if (first == 't') return literal("true", Kind::boolean);
        if (first == 'f') return literal("false", Kind::boolean);
        if (first == 'n') return literal("null", Kind::null);
        return first == known_value || fail("a value");
    }

    // Stands for the first byte of a value whose nodes are there already. No token is this one: it
    // is white space.
    static constexpr char known_value = ' ';

    // At the value of a member of the outermost object: takes the nodes of one that is known.
    [[gnu::noinline]] static const detail::ValueMemory::Value* known(std::string_view text,
                                                                     const Node& key,
                                                                     const char* from) {
        const char* const name = text.data() + key.begin + 1;
        if (!detail::ValueMemory::remembers({name, key.end - key.begin - 2})) return nullptr;
        return detail::ValueMemory::of_this_thread().find(
            {from, static_cast<std::size_t>(text.data() + text.size() - from)});
    }
    [[gnu::always_inline]] bool take_known() {
        const auto* const found =
            known({begin, static_cast<std::size_t>(end - begin)}, next[-1], at);
        if (found == nullptr) return false;
        while (room - used < found->nodes.size()) {
            next = grown(document, used);
            room = document.room_;
        }
        static_assert(sizeof(Node) == 16 && offsetof(Node, end) == 4 && offsetof(Node, next) == 8);
        detail::copy_adding(found->nodes.data(), next, found->nodes.size(),
                            {offset_of(at), offset_of(at), used, 0});
        if (known_at != known_end) *known_at++ = {used, found->number};
        used += static_cast<std::uint32_t>(found->nodes.size());
        next += found->nodes.size();
        at += found->text.size();
        quotes = 0;
        return true;
    }
    // A member of the outermost object was parsed: the next text may have it again.
    [[gnu::noinline]] static void remember(std::string_view text, const Node* nodes,
                                           std::uint32_t index, std::uint32_t used) {
        const Node& key = nodes[index - 1];
        const std::string_view name = text.substr(key.begin + 1, key.end - key.begin - 2);
        if (!detail::ValueMemory::remembers(name)) return;
        const Node& node = nodes[index];
        detail::ValueMemory::of_this_thread().saw(text.substr(node.begin, node.end - node.begin),
                                                  nodes + index, used - index, node.begin, index);
    }

    // From a key's place to that of its value.
    [[gnu::always_inline]] bool key(char first) {
        if (first != '"') return fail("a key in quotes");
        if (!string()) return false;
        if (token() != ':') return fail("a colon");
        ++at;
        return true;
    }

    [[gnu::always_inline]] bool enter(bool object) {
        if (around == bottom + depth_max) return fail("no deeper nesting than 256 levels");
        *++around = Frame{used, 0, object ? '}' : ']'};
        add(object ? Kind::object : Kind::array, at);
        ++at;
        return true;
    }

    [[gnu::always_inline]] void leave() {
        ++at;
        Node& node = document.nodes_[around->node];
        node.end = offset_of(at);
        node.next = used;
        node.count = (around->count < count_max ? around->count : count_max) & count_max;
        const std::uint32_t index = around->node;
        --around;
        if (around == watched && not_utf8 == nullptr) [[unlikely]] {
            remember({begin, static_cast<std::size_t>(end - begin)}, document.nodes_, index,
                     used);
        }
    }

    [[gnu::always_inline]] bool run() {
        char first = token();
        // A list's elements stand alone: only what has a name is known by it.
        if (first == '{' && end - at > watched_bytes_min) watched = bottom + 1;
        for (;;) {
            bool inside = false;  // a container that has just been opened and is not empty
            if (first == '{' || first == '[') {
                if (!enter(first == '{')) return false;
                first = token();
                inside = first != around->close;
                if (!inside) leave();
            } else if (!scalar(first)) {
                return false;
            }
            while (!inside) {
                if (around == bottom) return ending();
                first = token();
                inside = first == ',';
                if (inside) {
                    ++at;
                    first = token();
                } else if (first == around->close) {
                    leave();
                } else {
                    return fail(around->close == '}' ? "a comma or }" : "a comma or ]");
                }
            }
            ++around->count;
            if (around->close != '}') continue;
            if (!key(first)) return false;
            first = token();
            if (around == watched && take_known()) [[unlikely]]
                first = known_value;
        }
    }

    [[gnu::always_inline]] bool ending() {
        token();
        if (at != end) return fail("nothing after the value");
        if (not_utf8 == nullptr) [[likely]]
            return true;
        at = not_utf8;
        return fail("valid UTF-8");
    }
};

base::Result<Value> Document::parse(std::string_view text) {
    text_ = text;
    parsed_ = false;
    if (text.size() > text_bytes_max) {
        text_ = {};
        return base::invalid("JSON text of more than 1 GiB");
    }
    Frame frames[depth_max + 1];  // the first stands for what is around the text
    known_ = {};
    Parser parser(text, *this, frames);
    if (!parser.run()) return detail::malformed(parser.offset_of(parser.at), parser.expected);
    parsed_ = true;
    return Value(this, 0);
}

Value Document::root() const { return parsed_ ? Value(this, 0) : Value(); }

std::optional<std::int64_t> whole_number(Raw value) {
    if (value.empty() || (value.front() != '-' && !is_digit(value.front()))) return std::nullopt;
    const char* const end = value.data() + value.size();
    const bool plain = value.front() > '0' && std::all_of(value.begin(), value.end(), is_digit);
    if (plain) return detail::parse_integer(value);
    const NumberEnd found = number_end(value.data(), end);
    if (found.expected != nullptr || found.at != end) return std::nullopt;
    return detail::parse_integer(value);
}

}  // namespace tollgate::json
