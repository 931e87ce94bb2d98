// What is asked of a parsed value.
#include <cstring>

#include "base/json.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {
namespace {

constexpr std::size_t short_key_max = 2 * sizeof(std::uint64_t);

// True when `key` stands at `at`. REQUIRES: as many bytes there; key.size() <= short_key_max.
[[gnu::always_inline]] inline bool same_short_key(const char* at, std::string_view key) {
    const std::size_t size = key.size();
    const auto same = [&](auto word, std::size_t place) {
        auto other = word;
        std::memcpy(&word, at + place, sizeof word);
        std::memcpy(&other, key.data() + place, sizeof other);
        return word == other;
    };
    if (size >= sizeof(std::uint64_t)) {  // two words that may overlap
        return same(std::uint64_t{}, 0) && same(std::uint64_t{}, size - sizeof(std::uint64_t));
    }
    if (size >= sizeof(std::uint32_t)) {
        return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - sizeof(std::uint32_t));
    }
    return size == 0 || (same(char{}, 0) && same(char{}, size / 2) && same(char{}, size - 1));
}

// For long keys, and for objects with escapes in their keys.
[[gnu::noinline]] Value member_of(Value object, std::string_view key) {
    const Value::Range members = object.members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        if (at.key().equals(key)) return *at;
    }
    return {};
}

}  // namespace

std::uint64_t Value::known() const {
    if (document_ == nullptr || !document_->parsed_) return 0;
    for (const Document::Known& known : document_->known_) {
        if (known.number != 0 && known.node == index_) return known.number;
    }
    return 0;
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

bool Value::equals_unescaped(std::string_view plain) const {
    return key_equals(escaped().raw, plain);
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
    const std::size_t count = document_->node(index_).count;
    if (count != Document::count_max) return count;
    std::size_t walked = 0;
    for ([[maybe_unused]] Value each : is_array() ? elements() : members()) ++walked;
    return walked;
}

Value Value::operator[](std::string_view key) const {
    if (!is_object()) return {};
    if (key.size() > short_key_max) return member_of(*this, key);
    const Document::Node* const nodes = document_->nodes_;
    const char* const text = document_->text_.data() + 1;  // past the opening quote
    const Document::Node* const last = nodes + nodes[index_].next;
    const auto length = static_cast<std::uint32_t>(key.size()) + 2;
    for (const auto* at = nodes + index_ + 1; at < last; at = nodes + at[1].next) {
        if (at->has_escapes) [[unlikely]]
            return member_of(*this, key);
        if (at->end - at->begin != length || !same_short_key(text + at->begin, key)) continue;
        return Value(document_, static_cast<std::uint32_t>(at - nodes) + 1);
    }
    return {};
}

}  // namespace tollgate::json
