#include "net/frame_pool.hpp"

#include <array>
#include <new>

namespace tollgate::net {
namespace {

constexpr std::size_t step_bytes = 64;
// Under AddressSanitizer frames are not used again: it would not see a use after the end.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOLLGATE_PLAIN_FRAMES
#endif
#endif
#ifdef TOLLGATE_PLAIN_FRAMES
constexpr std::size_t classes = 0;
#else
constexpr std::size_t classes = 64;           // frames up to 4 KiB are pooled
#endif
constexpr std::size_t kept_per_class = 4096;  // bounds what a burst leaves behind

struct FreeFrame {
    FreeFrame* next;
};

struct FramePool {
    std::array<FreeFrame*, classes> first{};
    std::array<std::size_t, classes> count{};
    ~FramePool() {
        for (FreeFrame*& list : first) {
            while (list != nullptr) {
                FreeFrame* next = list->next;
                ::operator delete(list);
                list = next;
            }
        }
    }
};
thread_local FramePool pool;

}  // namespace

void* frame_allocate(std::size_t bytes) {
    const std::size_t size_class = (bytes + step_bytes - 1) / step_bytes;
    if (size_class >= classes) return ::operator new(bytes);
    if (FreeFrame* frame = pool.first[size_class]) {
        pool.first[size_class] = frame->next;
        --pool.count[size_class];
        return frame;
    }
    return ::operator new(size_class * step_bytes);
}

void frame_release(void* frame, std::size_t bytes) noexcept {
    const std::size_t size_class = (bytes + step_bytes - 1) / step_bytes;
    if (size_class >= classes || pool.count[size_class] >= kept_per_class) {
        ::operator delete(frame);
        return;
    }
    auto* free_frame = static_cast<FreeFrame*>(frame);
    free_frame->next = pool.first[size_class];
    pool.first[size_class] = free_frame;
    ++pool.count[size_class];
}

}  // namespace tollgate::net
