// Reading, writing and waiting without the C library's points of cancellation: in a process with
// several threads each of its calls marks the thread before and after, which costs as much as a
// small copy. Nobody here cancels threads. Any thread; errno and results are those of the calls.
#pragma once
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace tollgate::net {

// ThreadSanitizer sees what happens before what by the library's own calls.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TOLLGATE_LIBRARY_CALLS
#endif
#endif

inline ssize_t receive_bytes(int fd, void* data, std::size_t size, int flags) {
#ifdef TOLLGATE_LIBRARY_CALLS
    return recv(fd, data, size, flags);
#else
    return syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
#endif
}

inline ssize_t send_bytes(int fd, const void* data, std::size_t size, int flags) {
#ifdef TOLLGATE_LIBRARY_CALLS
    return send(fd, data, size, flags);
#else
    return syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
#endif
}

inline ssize_t send_message(int fd, const msghdr& message, int flags) {
#ifdef TOLLGATE_LIBRARY_CALLS
    return sendmsg(fd, &message, flags);
#else
    return syscall(SYS_sendmsg, fd, &message, flags);
#endif
}

inline int wait_for_events(int epoll_fd, epoll_event* events, int count, int milliseconds) {
#ifdef TOLLGATE_LIBRARY_CALLS
    return epoll_wait(epoll_fd, events, count, milliseconds);
#else
    // With no mask of signals it is epoll_wait, which not every architecture has.
    return static_cast<int>(
        syscall(SYS_epoll_pwait, epoll_fd, events, count, milliseconds, nullptr, 0));
#endif
}

}  // namespace tollgate::net
