// Request bodies, and heads that are put together: one contiguous block each, from a per-thread
// free list by size class, because a fresh 100 KB block costs more in page faults than reading it.
// Same threading as base::Buffer.
#pragma once
#include <cstddef>
#include <string_view>
#include <utility>

namespace tollgate::http {

class BodyBuffer {
public:
    static constexpr std::size_t padding = 64;  // readable bytes past the end, for vector scans

    BodyBuffer() = default;
    BodyBuffer(BodyBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)),
          size_(std::exchange(other.size_, 0)) {}
    BodyBuffer& operator=(BodyBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(capacity_, other.capacity_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~BodyBuffer() { release(); }

    // Room for at least `bytes` in all; keeps what is there.
    void reserve(std::size_t bytes) {
        if (data_ == nullptr || bytes > capacity_) grow(bytes);
    }
    void release() {
        if (data_ != nullptr) give_back();
    }
    char* data() { return data_; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    void set_size(std::size_t bytes) { size_ = bytes; }
    std::string_view view() const { return {data_, size_}; }

private:
    void grow(std::size_t bytes);
    void give_back();

    char* data_ = nullptr;
    std::size_t capacity_ = 0;  // without the padding
    std::size_t size_ = 0;
};

}  // namespace tollgate::http
