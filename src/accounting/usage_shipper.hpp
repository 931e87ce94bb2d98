// Moves usage records from the journal into the database: on a thread of its own, in batches, each
// in one transaction that counts every record once however often it is sent. While the database is
// away nothing is lost: records wait in the journal, tried again with growing pauses. Also keeps
// the months of usage made ahead, and deletes what the tenants' retention no longer keeps.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "domain/usage_record.hpp"
#include "journal/journal.hpp"
#include "store/db.hpp"

namespace tollgate::accounting {

struct UsageShipperOptions {
    std::size_t batch_max = 1000;              // records of one transaction
    std::chrono::milliseconds collect{250};    // gathered before a batch that is not full
    std::chrono::milliseconds pause_min{100};  // after a failure, doubled up to
    std::chrono::milliseconds pause_max{5000};
    std::chrono::minutes tend_interval{60};  // between looks at months and retention
    // The shipper gives way to traffic; with so many bytes in the journal it no longer does. 0: it
    // always gives way.
    std::uint64_t press_bytes = 0;
    // Records that the database refuses for what they are (never for its own state) are kept here,
    // a line each: request id, attempt, the reason, the record's bytes in hexadecimal digits. "" :
    // they are logged alone.
    std::string refused_file;
    // Told after each batch is in the database, on the shipper's thread. May be empty.
    std::function<void(std::span<const domain::UsageView>)> shipped;
};

struct UsageShipperStatus {
    std::uint64_t records = 0;  // in the database, as far as this process brought them
    std::uint64_t batches = 0;
    std::uint64_t failures = 0;  // batches that have to be sent again
    std::uint64_t refused = 0;   // records set aside
    std::uint64_t expired = 0;   // rows (and partitions) that retention deleted
    std::string trouble;         // "" : the last batch arrived
};

// Thread-safe. Borrows journal and database, which must outlive it.
class UsageShipper {
public:
    UsageShipper(journal::Journal& journal, store::Db& db, UsageShipperOptions options = {});
    UsageShipper(const UsageShipper&) = delete;
    UsageShipper& operator=(const UsageShipper&) = delete;
    ~UsageShipper();  // stop() without patience

    // Once.
    void start();
    // Waits until what is in the journal now is in the database: true; false when `patience` ended
    // first or it is stopped.
    bool ship_all(std::chrono::milliseconds patience);
    // Ships what it can within `patience` and ends the thread. What is left stays in the journal.
    // A call of the database that runs then is waited for. Again: does nothing.
    void stop(std::chrono::milliseconds patience);
    UsageShipperStatus status() const;

private:
    class Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace tollgate::accounting
