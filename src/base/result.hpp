// Expected failures as values: Result<T> holds a T or an Error, and TRY passes the Error on.
// Plain values, no threads involved. An exception is a bug; a Result is an answer.
#pragma once
#include <cassert>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tollgate::base {

// What went wrong, in the terms of the errors table of the HTTP interface; each dialect maps it
// to its own envelope.
enum class ErrorCode : std::uint8_t {
    invalid_request,     // 400
    authentication,      // 401
    billing,             // 402
    permission,          // 403
    not_found,           // 404
    request_timeout,     // 408: the client did not send its request in time
    method_not_allowed,  // 405
    too_large,           // 413
    rate_limited,        // 429
    internal,            // 500
    provider,            // 502: the provider answered nonsense or refused our credential
    unavailable,         // 503: every candidate failed, or we are draining
    overloaded,          // 529
    timeout,             // 504
    cancelled,           // the client has gone: nobody reads an answer
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;                  // for people: names the field and the fix
    std::string field = {};               // the offending field, "" when none
    std::chrono::seconds retry_after{0};  // 0: none is sent
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    // REQUIRES: ok().
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    // REQUIRES: !ok().
    Error& error() & { return std::get<1>(state_); }
    const Error& error() const& { return std::get<1>(state_); }
    Error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    // REQUIRES: !ok().
    Error& error() & { return *error_; }
    const Error& error() const& { return *error_; }
    Error&& error() && { return *std::move(error_); }

private:
    std::optional<Error> error_;
};

inline Error invalid(std::string message, std::string field = {}) {
    return Error{ErrorCode::invalid_request, std::move(message), std::move(field)};
}

}  // namespace tollgate::base

#define TOLLGATE_CONCAT_(a, b) a##b
#define TOLLGATE_CONCAT(a, b) TOLLGATE_CONCAT_(a, b)
#define TOLLGATE_TRY_(ret, temp, declaration, ...) \
    auto temp = (__VA_ARGS__);                     \
    if (!temp.ok()) ret std::move(temp).error();   \
    declaration = std::move(temp).value()
#define TOLLGATE_TRY_VOID_(ret, temp, ...) \
    if (auto temp = (__VA_ARGS__); !temp.ok()) ret std::move(temp).error()
// TRY(auto x, f()); TRY_VOID(g()); and CO_TRY(auto x, co_await h()); inside coroutines.
#define TRY(declaration, ...) \
    TOLLGATE_TRY_(return, TOLLGATE_CONCAT(try_, __LINE__), declaration, __VA_ARGS__)
#define TRY_VOID(...) TOLLGATE_TRY_VOID_(return, TOLLGATE_CONCAT(try_, __LINE__), __VA_ARGS__)
#define CO_TRY(declaration, ...) \
    TOLLGATE_TRY_(co_return, TOLLGATE_CONCAT(try_, __LINE__), declaration, __VA_ARGS__)
#define CO_TRY_VOID(...) TOLLGATE_TRY_VOID_(co_return, TOLLGATE_CONCAT(try_, __LINE__), __VA_ARGS__)
