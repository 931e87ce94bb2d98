#include "policy/own_key_audit.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "base/log.hpp"
#include "store/audit_rows.hpp"

namespace tollgate::policy {
namespace {

constexpr std::int64_t seconds_per_hour = 3'600;
constexpr std::chrono::seconds pause{1};  // before a database that is away is tried again

}  // namespace

domain::AuditRow audit_row_of(const OwnKeyUse& use) {
    domain::AuditRow row;
    row.tenant = use.tenant;
    row.actor_type = "key";
    row.actor = use.caller_id;
    row.address = use.address;
    row.agent = use.agent;
    row.action = "byok_key_accessed";
    row.resource = "byok/" + use.user + "/" + use.provider;
    row.outcome = "success";
    row.details.clear();
    json::Writer writer(row.details);
    writer.begin_object().string("request_id", use.request_id);
    if (!use.caller.empty()) writer.string("key_name", use.caller);
    writer.string("user", use.user)
        .string("provider", use.provider)
        .string("provider_key", use.key_id)
        .string("api_key", use.masked)
        .string("model", use.model)
        .string("purpose", use.purpose)
        .end_object();
    return row;
}

OwnKeyAudit::OwnKeyAudit(store::Db& db, base::Registry& metrics)
    : db_(db),
      written_(metrics
                   .counter("tollgate_byok_audit_rows_total",
                            "Uses of users' own provider keys that the audit took or missed",
                            {"result"})
                   .with({"written"})),
      dropped_(metrics
                   .counter("tollgate_byok_audit_rows_total",
                            "Uses of users' own provider keys that the audit took or missed",
                            {"result"})
                   .with({"dropped"})),
      thread_([this] { run(); }) {}

OwnKeyAudit::~OwnKeyAudit() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

bool OwnKeyAudit::samples(std::string_view key_id, double share, std::int64_t unix_now,
                          std::uint64_t random) {
    if (share <= 0) return false;
    if (share >= 1) return true;
    const std::int64_t hour = unix_now / seconds_per_hour;
    {
        std::lock_guard lock(hours_mutex_);
        // Keys come and go for as long as the process runs: forgetting them costs a row each.
        if (hours_.size() >= keys_max) hours_.clear();
        std::int64_t& last = hours_[std::string(key_id)];
        if (std::exchange(last, hour) != hour) return true;
    }
    constexpr double whole = 18'446'744'073'709'551'616.0;  // 2^64
    return static_cast<double>(random) < share * whole;
}

void OwnKeyAudit::add(const OwnKeyUse& use) {
    {
        std::lock_guard lock(mutex_);
        if (waiting_.size() >= waiting_max) return dropped_.add(1);
        waiting_.push_back(audit_row_of(use));
        waiting_.back().at = store::now_micros();
    }
    wake_.notify_one();
}

void OwnKeyAudit::flush() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return waiting_.empty() && !writing_; });
}

void OwnKeyAudit::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::deque<domain::AuditRow> batch = std::exchange(waiting_, {});
        writing_ = true;
        lock.unlock();
        const bool written = write(batch);
        lock.lock();
        writing_ = false;
        if (!written && !stopping_) {
            keep(std::move(batch));
            wake_.wait_for(lock, pause, [this] { return stopping_; });
        } else if (!written) {
            dropped_.add(batch.size() + waiting_.size());
            waiting_.clear();
        }
        idle_.notify_all();
    }
}

// The oldest go first when there are too many. REQUIRES: mutex_ is held.
void OwnKeyAudit::keep(std::deque<domain::AuditRow> batch) {
    batch.insert(batch.end(), std::make_move_iterator(waiting_.begin()),
                 std::make_move_iterator(waiting_.end()));
    const std::size_t over = batch.size() - std::min(batch.size(), waiting_max);
    batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(over));
    dropped_.add(over);
    waiting_ = std::move(batch);
}

bool OwnKeyAudit::write(std::deque<domain::AuditRow>& batch) {
    const store::Access all = store::Access::everything();
    const auto done = db_.write(all, [&](store::Session& session) -> base::Result<void> {
        for (domain::AuditRow& row : batch) {
            TRY(row, store::append_audit(session, all, row));
        }
        return {};
    });
    if (done.ok()) {
        written_.add(batch.size());
        return true;
    }
    const base::ErrorCode code = done.error().code;
    const bool waits = code == base::ErrorCode::unavailable || code == base::ErrorCode::timeout;
    if (!waits && batch.size() > 1) {
        // One that is refused, for being there already above all, takes no others along.
        bool all_done = true;
        std::deque<domain::AuditRow> later;
        for (domain::AuditRow& row : batch) {
            std::deque<domain::AuditRow> one;
            one.push_back(std::move(row));
            if (all_done && write(one)) continue;
            all_done = false;
            later.push_back(std::move(one.front()));
        }
        batch = std::move(later);
        return all_done;
    }
    base::log().warn(waits ? "own_key_audit_waits" : "own_key_audit_lost",
                     {{"rows", batch.size()}, {"why", done.error().message}});
    if (!waits) dropped_.add(batch.size());
    return !waits;
}

}  // namespace tollgate::policy
