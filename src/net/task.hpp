// A lazy coroutine: Task<T> starts when it is awaited and gives its result to the awaiter. A plain
// function that knows the result at once gives Task<T>::ready(result), which needs no frame.
// One thread per task chain; no locks. The awaiting frame owns the Task; a Task that was never
// awaited is destroyed without running. Reference parameters are safe only when the call is
// awaited in the same expression. Frames come from per-thread free lists (net/frame_pool.hpp).
#pragma once
#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "net/frame_pool.hpp"

namespace tollgate::net {

template <typename T>
class Task;

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr exception;

    static void* operator new(std::size_t bytes) { return frame_allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) { frame_release(frame, bytes); }

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            return self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() { exception = std::current_exception(); }
};

template <typename T>
struct Promise : PromiseBase {
    std::optional<T> value;
    Task<T> get_return_object();
    template <typename U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() {
        if (exception) std::rethrow_exception(exception);
        return std::move(*value);
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object();
    void return_void() const {}
    void take() const {
        if (exception) std::rethrow_exception(exception);
    }
};

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;
    using Result = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    explicit Task(Handle handle) : handle_(handle) {}
    // The result itself; of Task<void> nothing.
    static Task ready(Result result = {}) { return Task(std::move(result)); }
    Task(Task&& other) noexcept
        : handle_(std::exchange(other.handle_, {})), ready_(std::move(other.ready_)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, {});
            ready_ = std::move(other.ready_);
        }
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    // The result is there without a wait: take() gives it, once.
    bool is_ready() const noexcept { return !handle_; }
    Result take() { return *std::move(ready_); }

    bool await_ready() const noexcept { return is_ready(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().continuation = awaiting;
        return handle_;
    }
    T await_resume() {
        if (handle_) return handle_.promise().take();
        if constexpr (!std::is_void_v<T>) return *std::move(ready_);
    }

private:
    explicit Task(Result result) : ready_(std::move(result)) {}

    Handle handle_;                // null: the result is in ready_
    std::optional<Result> ready_;
};

namespace detail {
template <typename T>
Task<T> Promise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

// Runs `task` to its end on the calling thread's loop, owning it. An exception that escapes is
// logged as a bug (event "task_failed", with `name`) and ends only this task.
void spawn(Task<void> task, const char* name);

}  // namespace tollgate::net
