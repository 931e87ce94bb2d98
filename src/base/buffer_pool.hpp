// Read buffers: fixed blocks of 32 KiB from a per-thread free list, so that a warm read asks the
// allocator for nothing and an idle connection holds no memory.
//
// take_buffer() and the Buffer's destructor use the calling thread's list; a Buffer may be given
// back on another thread than it came from. The contents are not cleared: never show bytes that
// were not written since the Buffer was taken.
#pragma once
#include <cstddef>
#include <utility>

namespace tollgate::base {

constexpr std::size_t buffer_bytes = 32 * 1024;
// Buffers a thread keeps for later (2 MiB); what comes back beyond that is freed.
constexpr std::size_t buffers_kept_max = 64;

// Owns one block, or none. Movable.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            release();
            data_ = std::exchange(other.data_, nullptr);
        }
        return *this;
    }
    ~Buffer() { release(); }

    char* data() const { return data_; }
    static constexpr std::size_t size() { return buffer_bytes; }
    explicit operator bool() const { return data_ != nullptr; }
    void release();  // gives the block back now; afterwards the Buffer is empty

private:
    friend Buffer take_buffer();
    explicit Buffer(char* data) : data_(data) {}
    char* data_ = nullptr;
};

// A block of buffer_bytes bytes.
Buffer take_buffer();
// How many blocks this thread's list holds now.
std::size_t buffers_kept();

}  // namespace tollgate::base
