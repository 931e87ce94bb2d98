#include "common/json_scan.hpp"

#include "common/body_hash.hpp"

#include <string>

namespace bench {
namespace {

constexpr int depth_max = 256;

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    BodyFacts run() {
        skip_space();
        const bool object = position_ < text_.size() && text_[position_] == '{';
        facts_.valid = object && value(0, Place::root);
        skip_space();
        facts_.valid = facts_.valid && position_ == text_.size();
        return facts_;
    }

private:
    // Where a value stands, as far as anything depends on it.
    enum class Place { root, model, stream, stream_options, include_usage, other };

    bool value(int depth, Place place) {
        if (depth > depth_max) return false;
        skip_space();
        if (position_ >= text_.size()) return false;
        switch (text_[position_]) {
            case '{': return object(depth, place);
            case '[': return array(depth);
            case '"': return string_value(place);
            case 't': return literal("true") && note_true(place);
            case 'f': return literal("false");
            case 'n': return literal("null");
            default: return number();
        }
    }

    bool object(int depth, Place place) {
        ++position_;
        skip_space();
        if (take('}')) return true;
        while (true) {
            skip_space();
            const auto start = position_ + 1;
            if (!string()) return false;
            const auto key = text_.substr(start, position_ - 1 - start);
            skip_space();
            if (!take(':') || !value(depth + 1, place_of(key, place))) return false;
            skip_space();
            if (take('}')) return true;
            if (!take(',')) return false;
        }
    }

    bool array(int depth) {
        ++position_;
        skip_space();
        if (take(']')) return true;
        while (true) {
            if (!value(depth + 1, Place::other)) return false;
            skip_space();
            if (take(']')) return true;
            if (!take(',')) return false;
        }
    }

    bool string_value(Place place) {
        const auto start = position_ + 1;
        if (!string()) return false;
        if (place == Place::model) {
            facts_.model_begin = start;
            facts_.model_end = position_ - 1;
        }
        return true;
    }

    bool string() {
        if (!take('"')) return false;
        while (position_ < text_.size()) {
            const auto c = static_cast<unsigned char>(text_[position_++]);
            if (c == '"') return true;
            if (c < 0x20) return false;
            if (c == '\\' && !escape()) return false;
        }
        return false;
    }

    bool escape() {
        if (position_ >= text_.size()) return false;
        const char c = text_[position_++];
        if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        for (int i = 0; i < 4; ++i, ++position_) {
            if (position_ >= text_.size()) return false;
            const char digit = text_[position_];
            const bool hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') ||
                             (digit >= 'A' && digit <= 'F');
            if (!hex) return false;
        }
        return true;
    }

    bool digits() {
        const auto start = position_;
        while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
            ++position_;
        }
        return position_ > start;
    }

    bool number() {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    bool literal(std::string_view word) {
        if (text_.substr(position_, word.size()) != word) return false;
        position_ += word.size();
        return true;
    }

    bool note_true(Place place) {
        if (place == Place::stream) facts_.stream = true;
        if (place == Place::include_usage) facts_.include_usage = true;
        return true;
    }

    static Place place_of(std::string_view key, Place parent) {
        if (parent == Place::root && key == "model") return Place::model;
        if (parent == Place::root && key == "stream") return Place::stream;
        if (parent == Place::root && key == "stream_options") return Place::stream_options;
        if (parent == Place::stream_options && key == "include_usage") {
            return Place::include_usage;
        }
        return Place::other;
    }

    bool take(char c) {
        if (position_ >= text_.size() || text_[position_] != c) return false;
        ++position_;
        return true;
    }

    void skip_space() {
        while (position_ < text_.size()) {
            const char c = text_[position_];
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
            ++position_;
        }
    }

    std::string_view text_;
    std::size_t position_ = 0;
    BodyFacts facts_;
};

}  // namespace

BodyFacts scan_body(std::string_view body) {
    auto facts = Scanner(body).run();
    std::string rest(body.substr(0, facts.model_begin));
    rest += body.substr(facts.model_end);
    facts.hash_without_model = body_hash(rest);
    return facts;
}

}  // namespace bench
