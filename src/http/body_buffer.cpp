#include "http/body_buffer.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <new>

namespace tollgate::http {
namespace {

constexpr std::size_t smallest_class = 13;  // 8 KiB
constexpr std::size_t largest_class = 21;   // 2 MiB; larger ones go straight to the allocator
constexpr std::size_t kept_bytes_max = 8 * 1024 * 1024;  // per thread, all classes together

struct FreeBlock {
    FreeBlock* next;
};
struct BlockPool {
    std::array<FreeBlock*, largest_class + 1> first{};
    std::size_t kept_bytes = 0;
    ~BlockPool() {
        for (FreeBlock*& list : first) {
            while (list != nullptr) {
                FreeBlock* next = list->next;
                ::operator delete(list);
                list = next;
            }
        }
    }
};
thread_local BlockPool pool;

std::size_t class_of(std::size_t bytes) {
    const auto wanted = static_cast<std::size_t>(std::bit_width(bytes - 1));
    return wanted < smallest_class ? smallest_class : wanted;
}

}  // namespace

void BodyBuffer::grow(std::size_t bytes) {
    const std::size_t whole = bytes + padding;
    const std::size_t size_class = class_of(whole);
    char* fresh = nullptr;
    std::size_t fresh_capacity = 0;
    if (size_class > largest_class) {
        fresh = static_cast<char*>(::operator new(whole));
        fresh_capacity = bytes;
    } else {
        fresh_capacity = (std::size_t{1} << size_class) - padding;
        if (FreeBlock* block = pool.first[size_class]) {
            pool.first[size_class] = block->next;
            pool.kept_bytes -= std::size_t{1} << size_class;
            fresh = reinterpret_cast<char*>(block);
        } else {
            fresh = static_cast<char*>(::operator new(std::size_t{1} << size_class));
        }
    }
    const std::size_t keep = size_;
    if (keep > 0) std::memcpy(fresh, data_, keep);
    release();
    data_ = fresh;
    capacity_ = fresh_capacity;
    size_ = keep;
}

void BodyBuffer::give_back() {
    const std::size_t whole = capacity_ + padding;
    const std::size_t size_class = class_of(whole);
    const std::size_t block_bytes = std::size_t{1} << size_class;
    if (size_class > largest_class || block_bytes != whole ||
        pool.kept_bytes + block_bytes > kept_bytes_max) {
        ::operator delete(data_);
    } else {
        auto* block = reinterpret_cast<FreeBlock*>(data_);
        block->next = pool.first[size_class];
        pool.first[size_class] = block;
        pool.kept_bytes += block_bytes;
    }
    data_ = nullptr;
    capacity_ = 0;
    size_ = 0;
}

}  // namespace tollgate::http
