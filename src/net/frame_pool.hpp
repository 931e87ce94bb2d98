// Memory for coroutine frames: per-thread free lists by size class, so that a warm request asks
// the allocator for nothing. A frame must be released on the thread that allocated it.
#pragma once
#include <cstddef>

namespace tollgate::net {

void* frame_allocate(std::size_t bytes);
void frame_release(void* frame, std::size_t bytes) noexcept;

}  // namespace tollgate::net
