// Key files, token files and the clouds' own configuration: small, and read anew for each fetch,
// because orchestrators rotate them.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "credentials/fetcher.hpp"
#include "net/blocking_pool.hpp"

namespace tollgate::credentials {

constexpr std::size_t file_bytes_max = 1024 * 1024;

// Blocking. Fails: not_found when there is no such file; permission when it may not be read;
// invalid_request when it is no regular file or too large. Messages name the path, never content.
base::Result<std::string> read_text_file(const std::string& path);

// The same on the pool. Fails also: unavailable (the disk took too long), cancelled.
net::Task<base::Result<std::string>> read_file(const FetchContext& context, std::string path);

// Blocking `work`, which owns what it touches, on the pool; `what` is for the message when it takes
// longer than the fetch may. Fails: as `work`; unavailable, cancelled.
template <typename T>
net::Task<base::Result<T>> blocking(const FetchContext& context, std::string what,
                                    std::function<base::Result<T>()> work) {
    auto slot = std::make_shared<std::optional<base::Result<T>>>();
    std::function<void()> job = [slot, work = std::move(work)] { slot->emplace(work()); };
    const net::Patience patience{context.deadline, context.scope};
    const net::Wake wake = co_await net::on_pool(net::Loop::current(), job, patience);
    if (wake == net::Wake::ready) co_return std::move(**slot);
    if (wake == net::Wake::cancelled) {
        co_return base::Error{base::ErrorCode::cancelled, "the request was cancelled"};
    }
    co_return base::Error{base::ErrorCode::unavailable, what + " took too long"};
}

// Without white space at both ends: token files often end with a line break.
std::string trimmed(std::string_view text);

// "~/x" below the variable HOME; other paths as they are.
std::string home_path(const Variables& variables, std::string_view path);

}  // namespace tollgate::credentials
