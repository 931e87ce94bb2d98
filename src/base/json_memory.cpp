#include "base/json_memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace tollgate::json::detail {
namespace {

std::atomic<std::uint64_t> numbers{0};  // given so far

// Of the size and of words spread over the text. Two values with one fingerprint are no harm: one
// is kept at its first sight.
std::uint64_t fingerprint_of(std::string_view text) {
    constexpr std::size_t words = 32;
    const std::size_t stride = (text.size() - sizeof(std::uint64_t)) / (words - 1);
    std::uint64_t mixed = text.size();
    for (std::size_t i = 0; i < words; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i * stride, sizeof word);
        mixed = (mixed ^ word) * 0x9e37'79b9'7f4a'7c15u;
        mixed ^= mixed >> 32;
    }
    return mixed | 1;  // 0 stands for none
}

}  // namespace

ValueMemory& ValueMemory::of_this_thread() {
    thread_local ValueMemory memory;
    return memory;
}

const ValueMemory::Value* ValueMemory::find(std::string_view text) {
    constexpr std::size_t tail_bytes = 32;  // values of one client often begin alike, few end so
    for (Value& value : values_) {
        const std::size_t size = value.text.size();
        if (size > text.size()) continue;
        const std::size_t tail = size - tail_bytes;
        if (std::memcmp(text.data() + tail, value.text.data() + tail, tail_bytes) != 0) continue;
        if (std::memcmp(text.data(), value.text.data(), tail) != 0) continue;
        value.used = ++uses_;
        return &value;
    }
    return nullptr;
}

bool ValueMemory::seen_before(std::string_view text) {
    const std::uint64_t fingerprint = fingerprint_of(text);
    std::uint64_t& place = seen_[(fingerprint >> 8) % seen_.size()];
    if (place == fingerprint) return true;
    place = fingerprint;
    return false;
}

void ValueMemory::forget_oldest() {
    const auto oldest =
        std::min_element(values_.begin(), values_.end(),
                         [](const Value& a, const Value& b) { return a.used < b.used; });
    bytes_ -= oldest->bytes();
    values_.erase(oldest);
}

void ValueMemory::saw(std::string_view text, const Node* nodes, std::size_t count,
                      std::uint32_t offset, std::uint32_t index) {
    if (text.size() < value_bytes_min || text.size() > value_bytes_max) return;
    const std::size_t bytes = text.size() + count * sizeof(Node);
    if (bytes > bytes_max || !seen_before(text)) return;
    while (values_.size() >= values_max || bytes_ + bytes > bytes_max) forget_oldest();
    Value& value = values_.emplace_back();
    value.text = text;
    value.nodes.assign(nodes, nodes + count);
    for (Node& node : value.nodes) {
        node.begin -= offset;
        node.end -= offset;
        node.next -= index;
    }
    value.used = ++uses_;
    value.number = numbers.fetch_add(1, std::memory_order_relaxed) + 1;
    bytes_ += bytes;
}

}  // namespace tollgate::json::detail
