// Reads an administrative request's JSON body and its query by name and type. What is wrong is
// collected, so that one answer names every field with its fix: wrong types, values out of range,
// and names that nobody asked for. Not thread-safe; borrows the parsed document.
//
// A field that is absent leaves its target as it is: PATCH reads over the stored value, PUT and
// POST over a fresh one. null sets an optional, a text or a list back to nothing.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/money.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::admin {

constexpr std::size_t text_bytes_max = 512;      // of a name and the like
constexpr std::size_t object_bytes_max = 65536;  // of metadata and settings
constexpr std::size_t list_max = 1000;           // entries of a list

// A request that is wrong in itself: 400. The store's conflicts (409) are invalid_request with the
// name of an object's field too; to be told from them, a request's field is kept behind a dot.
base::Error invalid(std::string message, std::string field = {});
// Without that dot.
std::string_view field_of(const base::Error& error);
bool is_of_request(const base::Error& error);

class Fields {
public:
    // `where` is the prefix of names in messages: "" or "limits.".
    explicit Fields(json::Value object, std::string where = "");

    bool has(std::string_view name);
    bool is_null(std::string_view name);
    void text(std::string_view name, std::string& target, std::size_t bytes_max = text_bytes_max);
    void required_text(std::string_view name, std::string& target);
    // One of `words`.
    void word(std::string_view name, std::string& target,
              std::initializer_list<std::string_view> words);
    void flag(std::string_view name, bool& target);
    void integer(std::string_view name, std::int64_t& target, std::int64_t least,
                 std::int64_t most);
    // Not negative; null clears.
    void optional_integer(std::string_view name, std::optional<std::int64_t>& target);
    // US dollars as a number or as text; exact to the nano-dollar.
    void money(std::string_view name, domain::NanoUsd& target);
    void optional_money(std::string_view name, std::optional<domain::NanoUsd>& target);
    void names(std::string_view name, std::vector<std::string>& target);
    // An object of texts.
    void pairs(std::string_view name, std::vector<std::pair<std::string, std::string>>& target);
    // A JSON object as it stands, without white space.
    void object_text(std::string_view name, std::string& target);
    // RFC 3339, or null for never (0).
    void time(std::string_view name, domain::UnixMicros& target);
    void object(std::string_view name, const std::function<void(Fields&)>& read);
    // Each element of an array of objects.
    void objects(std::string_view name, const std::function<void(Fields&)>& read);
    // A value as it stands; absent when not given.
    json::Value value(std::string_view name);
    // Known, and ignored here.
    void skip(std::string_view name) { (void)take(name); }

    void problem(std::string_view name, std::string_view what);
    // Fields that nobody asked for but that `stored`, the object as it is shown, has: a client may
    // send them back as they were. Others than these stay unknown.
    void accept_unchanged(json::Value stored);
    // Names that nobody asked for, as they are spelled with their prefix.
    std::vector<std::string> unknown() const;
    // Fails: invalid_request with every problem and every unknown field.
    base::Result<void> finish();
    // The same without unknown fields: they are the caller's to report.
    base::Result<void> finish_known();

private:
    json::Value take(std::string_view name);
    std::optional<domain::NanoUsd> amount(std::string_view name, json::Value value);

    json::Value object_;
    std::string where_;
    std::set<std::string, std::less<>> asked_;
    std::vector<std::string> problems_;
};

// limits: {requests_per_minute, ...}.
void read_limits(Fields& fields, domain::Limits& limits);

// A request's query. Names given twice are refused.
class Query {
public:
    explicit Query(std::string_view query);
    bool has(std::string_view name);
    std::string text(std::string_view name);  // "" when absent
    std::int64_t integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                         std::int64_t most);
    bool flag(std::string_view name, bool otherwise);
    std::optional<bool> optional_flag(std::string_view name);
    domain::UnixMicros time(std::string_view name, domain::UnixMicros otherwise);
    std::string word(std::string_view name, std::string_view otherwise,
                     std::initializer_list<std::string_view> words);
    void skip(std::string_view name) { (void)take(name); }
    void problem(std::string_view name, std::string_view what);
    base::Result<void> finish();
    base::Result<void> finish_known();  // unknown names are put up with
    std::vector<std::string> unknown() const;

private:
    const std::string* take(std::string_view name);
    std::vector<std::pair<std::string, std::string>> pairs_;
    std::set<std::string, std::less<>> asked_;
    std::vector<std::string> problems_;
};

}  // namespace tollgate::admin
