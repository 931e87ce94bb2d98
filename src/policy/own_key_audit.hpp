// The audit of users' own provider keys being opened for requests: rows `byok_key_accessed`, of a
// sample, since there may be one with every request. They are written behind the requests' backs by
// a thread of their own: who answers a request waits for no database, and one that is away costs
// rows, which a counter tells, not requests.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "base/metrics.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"

namespace tollgate::policy {

// One use of a key: of whom, where, for which request. Never the key itself.
struct OwnKeyUse {
    std::string tenant, user;
    std::string provider;             // type
    std::string key_id, masked;       // of the stored provider key
    std::string caller_id, caller;    // the gateway's key that the request came with, and its name
    std::string request_id, model;
    std::string purpose;              // what the provider was asked for: "request", "count_tokens"
    std::string address, agent;       // of the client
};
// As the audit has it; id and time are left to the store.
domain::AuditRow audit_row_of(const OwnKeyUse& use);

class OwnKeyAudit {
public:
    // Borrows both.
    OwnKeyAudit(store::Db& db, base::Registry& metrics);
    ~OwnKeyAudit();
    OwnKeyAudit(const OwnKeyAudit&) = delete;
    OwnKeyAudit& operator=(const OwnKeyAudit&) = delete;

    // Whether a use is of the sample: the first of a key in an hour of the clock, on this instance,
    // and `share` of the others; 0: none at all, 1: every one. `random`: of the use. Any thread.
    bool samples(std::string_view key_id, double share, std::int64_t unix_now,
                 std::uint64_t random);
    // Takes it for writing, or drops and counts it when too many wait. Any thread.
    void add(const OwnKeyUse& use);
    // Comes back when all that was taken before is written: for tests. Not on a loop's thread.
    void flush();

private:
    void run();
    // False: later, perhaps.
    bool write(std::deque<domain::AuditRow>& batch);
    void keep(std::deque<domain::AuditRow> batch);

    static constexpr std::size_t waiting_max = 4'096;
    static constexpr std::size_t keys_max = 100'000;  // whose last hour is known
    store::Db& db_;
    base::Counter& written_;
    base::Counter& dropped_;
    std::mutex hours_mutex_;
    std::unordered_map<std::string, std::int64_t> hours_;  // guarded by hours_mutex_
    std::mutex mutex_;                                     // guards what follows
    std::condition_variable wake_, idle_;
    std::deque<domain::AuditRow> waiting_;
    bool writing_ = false, stopping_ = false;
    std::thread thread_;  // last: it uses all the others
};

}  // namespace tollgate::policy
