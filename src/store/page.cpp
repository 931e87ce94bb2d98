#include "store/page.hpp"

#include <algorithm>
#include <chrono>

#include "base/base64.hpp"

namespace tollgate::store {
namespace {

base::Error bad_cursor() {
    return base::invalid("the cursor is not one that a page of this list gave: leave it out to "
                         "begin at the first page", "cursor");
}

}  // namespace

// Each part stands behind its length: parts may hold any character.
std::string make_cursor(std::initializer_list<std::string_view> parts) {
    std::string plain;
    for (const std::string_view part : parts) {
        plain += std::to_string(part.size());
        plain += ':';
        plain += part;
    }
    return base::base64url_encode(plain);
}

base::Result<std::vector<std::string>> read_cursor(std::string_view cursor, std::size_t parts) {
    constexpr std::size_t cursor_bytes_max = 2048;
    std::string plain;
    constexpr auto bare = base::Base64Padding::none;
    if (cursor.size() > cursor_bytes_max || !base::base64url_decode_exact(cursor, bare, plain)) {
        return bad_cursor();
    }
    std::vector<std::string> found;
    std::string_view rest = plain;
    while (!rest.empty()) {
        std::size_t size = 0;
        std::size_t digits = 0;
        for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
            size = size * 10 + static_cast<std::size_t>(rest[digits] - '0');
            if (size > cursor_bytes_max) return bad_cursor();
        }
        if (digits == 0 || digits >= rest.size() || rest[digits] != ':') return bad_cursor();
        rest.remove_prefix(digits + 1);
        if (size > rest.size()) return bad_cursor();
        found.emplace_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    if (found.size() != parts) return bad_cursor();
    return found;
}

std::int64_t rows_of(const PageRequest& page) {
    return std::clamp<std::int64_t>(page.limit, 1, page_rows_max);
}

base::Error not_found(std::string_view what) {
    return {base::ErrorCode::not_found, "there is no " + std::string(what)};
}

base::Error lost_update(std::string_view what) {
    return base::invalid(std::string(what) + " was changed by somebody else meanwhile: read it "
                         "again and repeat the change with the etag that it has then", "etag");
}

base::Error conflict(std::string message, std::string field) {
    return base::invalid(std::move(message), std::move(field));
}

bool is_lost_update(const base::Error& error) {
    return error.code == base::ErrorCode::invalid_request && error.field == "etag";
}

bool is_bad_cursor(const base::Error& error) {
    return error.code == base::ErrorCode::invalid_request && error.field == "cursor";
}

bool is_conflict(const base::Error& error) {
    return error.code == base::ErrorCode::invalid_request && !is_lost_update(error) &&
           !is_bad_cursor(error);
}

base::Result<void> check_writes(const Access& access, std::string_view tenant) {
    if (access.platform) return {};
    if (!access.tenant.empty() && access.tenant == tenant) return {};
    return base::Error{base::ErrorCode::permission,
                       tenant.empty() ? "only a platform admin may change what is the platform's"
                                      : "this belongs to another tenant",
                       "tenant"};
}

std::int64_t now_micros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace tollgate::store
