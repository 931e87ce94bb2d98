#include "base/buffer_pool.hpp"

#include <cstring>
#include <new>

namespace tollgate::base {
namespace {

// Trivially destructible, so that it can still be asked while the thread is ending: after the
// Drain below has run, blocks are freed instead of kept. A free block's first bytes link to the
// next one.
struct FreeList {
    char* first = nullptr;
    std::size_t count = 0;
    bool closed = false;
};
thread_local FreeList free_list;

char* next_of(const char* block) {
    char* next = nullptr;
    std::memcpy(&next, block, sizeof next);
    return next;
}

struct Drain {
    bool armed = false;
    ~Drain() {
        free_list.closed = true;
        while (free_list.first != nullptr) {
            char* block = free_list.first;
            free_list.first = next_of(block);
            ::operator delete(block);
        }
        free_list.count = 0;
    }
};
thread_local Drain drain;

}  // namespace

void Buffer::release() {
    char* block = std::exchange(data_, nullptr);
    if (block == nullptr) return;
    if (free_list.closed || free_list.count >= buffers_kept_max) {
        ::operator delete(block);
        return;
    }
    if (free_list.count == 0) drain.armed = true;  // the first use registers its destructor
    std::memcpy(block, &free_list.first, sizeof free_list.first);
    free_list.first = block;
    ++free_list.count;
}

Buffer take_buffer() {
    char* block = free_list.first;
    if (block == nullptr) return Buffer(static_cast<char*>(::operator new(buffer_bytes)));
    free_list.first = next_of(block);
    --free_list.count;
    return Buffer(block);
}

std::size_t buffers_kept() { return free_list.count; }

}  // namespace tollgate::base
