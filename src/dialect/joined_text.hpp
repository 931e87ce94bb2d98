// Several texts of a message that a target takes as one: they are written into its body one after
// the other, with a mark between them, without being put together anywhere else before.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"

namespace tollgate::dialect {

// Refers to the texts: whoever adds them keeps them until the last is written.
class JoinedText {
public:
    static constexpr std::string_view paragraph = "\\n\\n";  // escaped, as the texts

    explicit JoinedText(std::string_view between = paragraph) : between_(between) {}
    void add(json::Escaped text) {
        if (!text.empty()) texts_.push_back(text);
    }
    bool empty() const { return texts_.empty(); }
    void append_to(std::string& out) const {
        each(out, [&](std::string_view text) { out += text; });
    }
    // The value of a field: a string of `opening` and the texts.
    void write(json::Writer& writer, std::string_view opening = {}) const {
        writer.string_in_place([&](std::string& out) {
            out += opening;
            each(out, [&](std::string_view text) { writer.put(text); });
        });
    }

private:
    template <typename Put>
    void each(std::string& out, Put&& put) const {
        bool first = true;
        for (const json::Escaped text : texts_) {
            if (!first) out += between_;
            first = false;
            put(text.raw);
        }
    }
    std::string_view between_;
    std::vector<json::Escaped> texts_;
};

}  // namespace tollgate::dialect
