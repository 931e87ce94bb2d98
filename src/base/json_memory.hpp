// What the parser remembers of large values that clients send again and again. A coding assistant
// sends the same tools and instructions with each turn of a conversation: over half of a
// request's bytes and three quarters of its tokens. A value with the very bytes of one that was
// parsed before has the same tree, and comparing it is twenty times cheaper than parsing it. Only
// members of the outermost object with one of the names below are looked up, only after they were
// seen twice, within the bounds below. Results and errors of a parse are the same with it and
// without it. Internal to base/json*.cpp. One per thread, not to be shared.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace tollgate::json::detail {

class ValueMemory {
public:
    static constexpr std::size_t value_bytes_min = 1024;
    static constexpr std::size_t value_bytes_max = 512 * 1024;
    static constexpr std::size_t bytes_max = 3 * 1024 * 1024;  // of texts and trees together
    static constexpr std::size_t values_max = 32;
    using Node = Document::Node;

    struct Value {
        std::string text;
        std::vector<Node> nodes;   // as if the text began at 0 and its first node were the first
        std::uint64_t number = 0;  // never given to another text, by any thread
        std::uint64_t used = 0;    // the count of uses at its last one
        std::size_t bytes() const { return text.size() + nodes.size() * sizeof(Node); }
    };

    static ValueMemory& of_this_thread();
    // True for the (escaped) name of a member whose values are remembered.
    static bool remembers(std::string_view key) {
        return key == "tools" || key == "system" || key == "toolConfig";
    }

    // The value that stands at the front of `text`; null when none is known. It stays until the
    // next saw().
    const Value* find(std::string_view text);
    // A container was parsed: its text, its nodes, and the text's offset and the first node's index
    // in its document.
    void saw(std::string_view text, const Node* nodes, std::size_t count, std::uint32_t offset,
             std::uint32_t index);

    std::size_t kept_bytes() const { return bytes_; }

private:
    bool seen_before(std::string_view text);
    void forget_oldest();

    std::vector<Value> values_;
    std::array<std::uint64_t, 64> seen_{};  // fingerprints of values that were seen once
    std::size_t bytes_ = 0;
    std::uint64_t uses_ = 0;
};

}  // namespace tollgate::json::detail
