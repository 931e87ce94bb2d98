// Writing usage: rows that are new, and with them sums, the ledger and the keys' last use.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <span>

#include "base/ids.hpp"
#include "store/plain_text.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

using domain::UsageView;
using Type = BatchColumn::Type;

constexpr std::int64_t last_used_step = 60'000'000;

constexpr std::size_t columns_max = 96;
using ColumnSet = std::array<bool, columns_max>;

// What a batch needs to know of a record before it is written: whether a text of it has to be
// mended, and in which columns it has what the table does not give it anyway (Names in
// usage_columns.cpp says what that is).
struct Look {
    ColumnSet& used;
    bool mend = false;
    std::size_t column = 0;
    void use(bool has_its_own) { used[column++] |= has_its_own; }
    void integer(std::string_view, std::int64_t value) { use(value != 0); }
    void counted(std::string_view, std::int64_t value) { use(value >= 0); }
    void flag(std::string_view name, bool value) { use(value != (name == "priced")); }
    void text(std::string_view, std::string_view value) {
        use(!value.empty());
        if (!value.empty() && !is_plain_text(value)) mend = true;
    }
    void cut(std::string_view name, std::string_view value, std::size_t characters) {
        text(name, value);
        if (cut_text(value, characters).size() != value.size()) mend = true;
    }
    void list(std::string_view, std::span<const std::string> values) {
        use(!values.empty());
        for (const auto& value : values) mend = mend || !is_plain_text(value);
    }
};

// Texts as the columns will hold them, so that what is grouped by them meets what is stored.
struct Mend {
    std::deque<std::string>& texts;
    std::deque<std::vector<std::string>>& lists;
    void integer(std::string_view, std::int64_t&) {}
    void counted(std::string_view, std::int64_t&) {}
    void flag(std::string_view, bool&) {}
    void text(std::string_view, std::string_view& value) {
        if (!is_plain_text(value)) value = texts.emplace_back(plain_text(value));
    }
    void cut(std::string_view name, std::string_view& value, std::size_t characters) {
        text(name, value);
        value = cut_text(value, characters);
    }
    void list(std::string_view, std::span<const std::string>& values) {
        auto& mended = lists.emplace_back();
        for (const auto& value : values) mended.push_back(plain_text(value));
        values = mended;
    }
};

using Records = std::vector<const UsageView*>;

// Records of one table, and the columns that any of them has something in.
struct Rows {
    Records records;
    ColumnSet used{};
};

// The parameters of a row: the columns that are in use, one after another.
struct RowParameters {
    const ColumnSet& used;
    Parameter* next;
    std::deque<std::string>& lists;
    std::size_t column = 0;
    template <typename Value>
    void add(Value value) {
        if (used[column++]) *next++ = value;
    }
    void integer(std::string_view, std::int64_t value) { add(value); }
    void counted(std::string_view, std::int64_t value) {
        if (!used[column++]) return;
        *next++ = value < 0 ? Parameter(nullptr) : Parameter(value);
    }
    void flag(std::string_view, bool value) { add(std::int64_t{value ? 1 : 0}); }
    void text(std::string_view, std::string_view value) { add(value); }
    void cut(std::string_view, std::string_view value, std::size_t) { add(value); }
    void list(std::string_view, std::span<const std::string> values) {
        if (!used[column++]) return;
        *next++ = values.empty() ? std::string_view("[]")
                                 : std::string_view(lists.emplace_back(json_of(values)));
    }
};

// The rows one after another, without a list of all their cells between them and the statement.
base::Result<Records> insert_one_by_one(Session& session, const RowBatch& batch, const Rows& rows) {
    std::vector<std::size_t> numbers;
    for (std::size_t column = 0; column < columns_max; ++column) {
        if (rows.used[column]) numbers.push_back(column);
    }
    std::array<Parameter, columns_max> parameters;
    std::deque<std::string> lists;
    Records inserted;
    inserted.reserve(rows.records.size());
    RowsToWrite all;
    all.count = rows.records.size();
    all.texts_are_plain = true;
    all.parameters = [&](std::size_t row) {
        RowParameters given{rows.used, parameters.data(), lists};
        usage_columns(*rows.records[row], given);
        return std::span<const Parameter>(parameters).first(numbers.size());
    };
    all.written = [&](std::size_t row, std::int64_t touched) {
        if (touched > 0) inserted.push_back(rows.records[row]);
    };
    TRY_VOID(session.execute_rows(batch.sql_of_one(numbers), all));
    return inserted;
}

// Those of `rows` that were not in `table` yet.
base::Result<Records> insert_rows(Session& session, std::string_view table, const Rows& rows) {
    RowBatch batch(table, usage_batch_columns(), "ON CONFLICT DO NOTHING");
    if (rows.records.empty()) return Records{};
    if (session.dialect() == Dialect::sqlite) return insert_one_by_one(session, batch, rows);
    batch.reserve(rows.records.size());
    for (const auto* record : rows.records) add_usage_row(batch, *record);
    Records inserted;
    constexpr std::size_t key[] = {0, 1, 2};  // at, request_id, attempt
    const auto take = [&](std::size_t number) { inserted.push_back(rows.records[number]); };
    TRY_VOID(batch.insert_new(session, key, take));
    return inserted;
}

// Tenants (user "") and users that have a ledger, of those that the requests are of.
base::Result<std::set<std::pair<std::string, std::string>>> ledgers_of(Session& session,
                                                                       const Records& requests) {
    std::set<std::string_view> tenants;
    std::string_view last;
    for (const auto* request : requests) {
        if (request->tenant == last && !tenants.empty()) continue;
        last = *tenants.insert(request->tenant).first;
    }
    std::set<std::pair<std::string, std::string>> found;
    for (const auto tenant : tenants) {
        const Parameter parameters[] = {tenant};
        TRY_VOID(session.each("SELECT user_id FROM credit_balances WHERE tenant_id = $1",
                              parameters, [&](const Row& row) -> base::Result<void> {
                                  found.emplace(std::string(tenant), row.string(0));
                                  return {};
                              }));
    }
    return found;
}

base::Result<void> debit(Session& session, const Records& requests) {
    TRY(const auto ledgers, ledgers_of(session, requests));
    if (ledgers.empty()) return {};
    RowBatch batch("credit_movements",
                   {{"tenant_id", Type::text},
                    {"id", Type::text},
                    {"user_id", Type::text},
                    {"kind", Type::text},
                    {"amount_nano", Type::integer},
                    {"reference", Type::text},
                    {"note", Type::text},
                    {"actor", Type::text},
                    {"at", Type::integer}},
                   "ON CONFLICT DO NOTHING");
    const auto move = [&](const UsageView& request, std::string_view user, std::string_view kind,
                          domain::NanoUsd amount) {
        if (amount == 0) return;
        batch.add(request.tenant);
        batch.own(base::uuid7());
        batch.add(user);
        batch.add(kind);
        batch.add(-amount);
        batch.add(request.request_id);
        batch.add(request.model);
        batch.add(std::string_view("usage"));
        batch.add(request.at);
    };
    for (const auto* request : requests) {
        if (request->is_shadow()) continue;
        for (const std::string_view user : {std::string_view(), request->user}) {
            if (!ledgers.contains({std::string(request->tenant), std::string(user)})) continue;
            move(*request, user, "usage", request->cost);
            move(*request, user, "fee", request->fee);
            if (request->user.empty()) break;
        }
    }
    return batch.insert(session);
}

// In the order of the ids, as every instance does. Once a minute per key is enough.
base::Result<void> mark_keys(Session& session, const Records& requests) {
    std::map<std::string_view, std::int64_t> latest;
    auto last = latest.end();
    for (const auto* request : requests) {
        if (request->key_id.empty()) continue;
        if (last == latest.end() || last->first != request->key_id) {
            last = latest.try_emplace(request->key_id, request->at).first;
        }
        last->second = std::max(last->second, request->at);
    }
    for (const auto& [id, at] : latest) {
        const Parameter parameters[] = {at, id, at - last_used_step};
        TRY_VOID(session.execute(
            "UPDATE api_keys SET last_used = $1 WHERE id = $2 AND last_used < $3", parameters));
    }
    return {};
}

}  // namespace

base::Result<UsageInserted> insert_usage(Session& session, std::span<const UsageView> records) {
    std::deque<UsageView> mended;
    std::deque<std::string> texts;
    std::deque<std::vector<std::string>> lists;
    Rows requests, attempts;
    requests.records.reserve(records.size());
    for (const auto& record : records) {
        Rows& rows = record.attempt == 0 ? requests : attempts;
        Look look{rows.used};
        usage_columns(record, look);
        const UsageView* use = &record;
        if (look.mend) {
            UsageView& changed = mended.emplace_back(record);
            Mend mend{texts, lists};
            usage_columns(changed, mend);
            use = &changed;
        }
        rows.records.push_back(use);
    }
    // The columns of the key are always named.
    for (Rows* rows : {&requests, &attempts}) {
        std::fill_n(rows->used.begin(), usage_key_columns, true);
    }
    TRY(const Records new_requests, insert_rows(session, "llm_usage_logs", requests));
    TRY(const Records new_attempts, insert_rows(session, "usage_attempts", attempts));
    TRY_VOID(add_to_sums(session, new_requests, new_attempts));
    TRY_VOID(debit(session, new_requests));
    TRY_VOID(mark_keys(session, new_requests));
    return UsageInserted{new_requests.size() + new_attempts.size(), new_requests.size()};
}

base::Result<UsageInserted> insert_usage(Session& session,
                                         std::span<const domain::UsageRecord> records) {
    std::vector<UsageView> views;
    views.reserve(records.size());
    for (const auto& record : records) views.push_back(view_of(record));
    return insert_usage(session, views);
}

}  // namespace tollgate::store
