// The members of a JSON object that a decoder asks for, found in one walk over it: looking them up
// by name takes a walk each, and most blocks of a conversation are asked for half a dozen.
//     const Members<"type", "text"> block(value);
//     block.get<"text">().escaped();
// Values borrow the document.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "base/json.hpp"

namespace tollgate::dialect {

template <std::size_t bytes>
struct MemberName {
    char text[bytes] = {};
    constexpr MemberName(const char (&name)[bytes]) { std::copy_n(name, bytes, text); }
    constexpr std::string_view view() const { return {text, bytes - 1}; }
};

template <MemberName... names>
class Members {
public:
    // What is no object has none.
    explicit Members(json::Value object) {
        const json::Value::Range members = object.members();
        for (auto at = members.begin(); !(at == members.end()); ++at) {
            const json::Value key = at.key();
            if (take(key.escaped().raw, *at) || !key.may_have_escapes()) continue;
            take(key.text(), *at);
        }
    }
    // Absent where there is none; of two with one key the first counts, as for Value[].
    template <MemberName name>
    json::Value get() const {
        constexpr std::size_t place = place_of(name.view());
        static_assert(place < sizeof...(names));
        return values_[place];
    }

private:
    static constexpr std::size_t place_of(std::string_view wanted) {
        std::size_t place = 0;
        static_cast<void>(((names.view() == wanted || (++place, false)) || ...));
        return place;
    }
    bool take(std::string_view key, json::Value value) {
        std::size_t place = 0;
        if (!((key == names.view() || (++place, false)) || ...)) return false;
        if (!values_[place].exists()) values_[place] = value;
        return true;
    }

    std::array<json::Value, sizeof...(names)> values_;
};

}  // namespace tollgate::dialect
