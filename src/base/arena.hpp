// A bump allocator for text that must live as long as one request.
// Not thread-safe. Owns everything stored; views stay valid until reset() or destruction.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tollgate::base {

class Arena {
public:
    static constexpr std::size_t block_bytes = 16 * 1024;

    // Uninitialised room for `bytes` bytes, unaligned: for text only.
    char* allocate(std::size_t bytes) {
        if (bytes > room_) grow(bytes);
        char* at = next_;
        next_ += bytes;
        room_ -= bytes;
        return at;
    }
    // A copy of `text` that lives as long as the arena.
    std::string_view store(std::string_view text) {
        if (text.empty()) return {};
        char* at = allocate(text.size());
        std::memcpy(at, text.data(), text.size());
        return {at, text.size()};
    }
    void reset() {
        blocks_.clear();
        next_ = nullptr;
        room_ = 0;
    }

private:
    void grow(std::size_t bytes) {
        std::size_t size = bytes > block_bytes ? bytes : block_bytes;
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
        next_ = blocks_.back().get();
        room_ = size;
    }

    std::vector<std::unique_ptr<char[]>> blocks_;
    char* next_ = nullptr;
    std::size_t room_ = 0;
};

}  // namespace tollgate::base
