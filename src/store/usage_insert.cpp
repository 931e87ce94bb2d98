// Writing usage: rows that are new, and with them sums, the ledger and the keys' last use.
#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/ids.hpp"
#include "store/plain_text.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

using domain::UsageRecord;
using Type = BatchColumn::Type;

constexpr std::int64_t last_used_step = 60'000'000;

// Texts as the columns will hold them, so that what is grouped by them meets what is stored.
struct Mend {
    bool needed = false;
    bool write = false;
    void integer(std::string_view, std::int64_t&) {}
    void counted(std::string_view, std::int64_t&) {}
    void flag(std::string_view, bool&) {}
    void text(std::string_view, std::string& value) {
        if (is_plain_text(value)) return;
        needed = true;
        if (write) value = plain_text(value);
    }
    void cut(std::string_view name, std::string& value, std::size_t characters) {
        text(name, value);
        const std::string_view shorter = cut_text(value, characters);
        if (shorter.size() == value.size()) return;
        needed = true;
        if (write) value = std::string(shorter);
    }
    void list(std::string_view name, std::vector<std::string>& values) {
        for (auto& value : values) text(name, value);
    }
};

bool needs_mending(const UsageRecord& record) {
    Mend mend;
    // Without `write` nothing is changed.
    usage_columns(const_cast<UsageRecord&>(record), mend);
    return mend.needed;
}

UsageRecord mended(UsageRecord record) {
    Mend mend{.write = true};
    usage_columns(record, mend);
    return record;
}

using Records = std::vector<const UsageRecord*>;

// Those of `records` that were not in `table` yet.
base::Result<Records> insert_rows(Session& session, std::string_view table,
                                  const Records& records) {
    RowBatch batch(table, usage_batch_columns(), "ON CONFLICT DO NOTHING");
    batch.reserve(records.size());
    for (const auto* record : records) add_usage_row(batch, *record);
    Records inserted;
    constexpr std::size_t key[] = {0, 1, 2};  // at, request_id, attempt
    TRY_VOID(batch.insert_new(session, key,
                              [&](std::size_t number) { inserted.push_back(records[number]); }));
    return inserted;
}

// Tenants (user "") and users that have a ledger, of those that the requests are of.
base::Result<std::set<std::pair<std::string, std::string>>> ledgers_of(Session& session,
                                                                       const Records& requests) {
    std::set<std::string_view> tenants;
    for (const auto* request : requests) tenants.insert(request->tenant);
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
    const auto move = [&](const UsageRecord& request, std::string_view user, std::string_view kind,
                          domain::NanoUsd amount) {
        if (amount == 0) return;
        batch.add(std::string_view(request.tenant));
        batch.own(base::uuid7());
        batch.add(user);
        batch.add(kind);
        batch.add(-amount);
        batch.add(std::string_view(request.request_id));
        batch.add(std::string_view(request.model));
        batch.add(std::string_view("usage"));
        batch.add(request.at);
    };
    for (const auto* request : requests) {
        if (request->is_shadow()) continue;
        for (const std::string_view user : {std::string_view(), std::string_view(request->user)}) {
            if (!ledgers.contains({request->tenant, std::string(user)})) continue;
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
    for (const auto* request : requests) {
        if (request->key_id.empty()) continue;
        auto& at = latest[request->key_id];
        at = std::max(at, request->at);
    }
    for (const auto& [id, at] : latest) {
        const Parameter parameters[] = {at, id, at - last_used_step};
        TRY_VOID(session.execute(
            "UPDATE api_keys SET last_used = $1 WHERE id = $2 AND last_used < $3", parameters));
    }
    return {};
}

}  // namespace

base::Result<UsageInserted> insert_usage(Session& session, std::span<const UsageRecord> records) {
    std::deque<UsageRecord> owned;
    Records requests, attempts;
    for (const auto& record : records) {
        const UsageRecord* use = &record;
        if (needs_mending(record)) use = &owned.emplace_back(mended(record));
        (record.attempt == 0 ? requests : attempts).push_back(use);
    }
    TRY(const Records new_requests, insert_rows(session, "llm_usage_logs", requests));
    TRY(const Records new_attempts, insert_rows(session, "usage_attempts", attempts));
    TRY_VOID(add_to_sums(session, new_requests, new_attempts));
    TRY_VOID(debit(session, new_requests));
    TRY_VOID(mark_keys(session, new_requests));
    return UsageInserted{new_requests.size() + new_attempts.size(), new_requests.size()};
}

}  // namespace tollgate::store
