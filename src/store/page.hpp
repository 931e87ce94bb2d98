// Pages of a list, by key instead of by offset: the cursor of a page is where the next one begins,
// so that rows added or removed meanwhile shift nothing. And what repositories answer when a row
// is not there, has changed or stands in the way.
//
// Repositories (tenants.hpp, keys.hpp, ...) are blocking functions over a Session, called inside
// Db::transact; they hold no state. Each takes the Access it works for and adds the tenant to its
// WHERE, beside PostgreSQL's row-level security: SQLite has nothing else. An Access without tenant
// and without `platform` sees nothing.
//
// Ids are unique over all tenants: an id alone names a row, whoever asks.
//
// What they answer: not_found when there is no such row for this Access (a row of another tenant
// is not there); permission when a row of another tenant is to be written; invalid_request in
// exactly three cases, told apart by is_lost_update(), is_bad_cursor() and is_conflict(); whatever
// the Session answers else. They do not bump the change counter (changes.hpp): who mutates does.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

constexpr std::int64_t page_rows_default = 100;
constexpr std::int64_t page_rows_max = 1000;

struct PageRequest {
    std::int64_t limit = page_rows_default;  // 1 to page_rows_max; others are brought there
    std::string cursor;                      // "" : the first page; else `next` of the one before
};

template <typename T>
struct Page {
    std::vector<T> items;
    std::string next;  // "" : this was the last
};

// Opaque to clients: base64url, one part for each column that the list is ordered by.
std::string make_cursor(std::initializer_list<std::string_view> parts);
// Fails: is_bad_cursor() when it was not made by make_cursor with as many parts.
base::Result<std::vector<std::string>> read_cursor(std::string_view cursor, std::size_t parts);
std::int64_t rows_of(const PageRequest& page);

// `what` is for people: "tenant acme".
base::Error not_found(std::string_view what);
// The row's etag is not the one that the writer had read: 412. invalid_request, field "etag".
base::Error lost_update(std::string_view what);
// Another row has that name, or refers to this one, or the row may not be touched: 409.
// invalid_request, `field` names the offending field of the object.
base::Error conflict(std::string message, std::string field);
bool is_lost_update(const base::Error& error);
bool is_bad_cursor(const base::Error& error);
bool is_conflict(const base::Error& error);

// Whether `access` may write rows of `tenant` ("" : the platform's). Fails: permission.
base::Result<void> check_writes(const Access& access, std::string_view tenant);

// Unix microseconds.
std::int64_t now_micros();

}  // namespace tollgate::store
