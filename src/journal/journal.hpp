// An append-only journal in a directory: what must not be lost between the moment a client saw its
// answer end and the moment the database has it. Each worker thread writes its own preallocated,
// memory-mapped segment (record, length, CRC32C), so an append is a copy: kill -9 loses nothing
// that was appended. Segments are synced every `sync_interval` in the background (what a power cut
// may cost), or with each append. A segment is deleted once all of it has been shipped.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::journal {

struct JournalOptions {
    std::string directory;                         // made when missing, mode 0700
    std::size_t segment_bytes = 16 * 1024 * 1024;  // 64 KiB to 1 GiB; a record fits into one
    // Kept free per writer for the requests that run already: has_room() says no while appends
    // still work. At most a quarter of a segment.
    std::size_t reserve_bytes = 2 * 1024 * 1024;
    std::chrono::milliseconds sync_interval{50};  // 0: each append is synced before it returns
    std::size_t bytes_max = 4ULL * 1024 * 1024 * 1024;  // of all segments; more is "full"
};

struct JournalStatus {
    std::uint64_t appended = 0, shipped = 0,
                  dropped = 0;        // records since start; recovered ones too
    std::uint64_t bytes = 0;          // on disk
    std::uint64_t damaged = 0;        // records with a wrong checksum, set aside
    std::int64_t oldest_unix_ms = 0;  // of the oldest record not shipped; 0: none
    std::string trouble;              // "" : can be written to
};

// Appends of one thread. Owned by the Journal's user; one thread at a time.
class Writer {
public:
    virtual ~Writer() = default;
    // The record is in the journal when this returns without an error. Fails: unavailable when the
    // disk or the journal is full, saying how much of what (counted as dropped); invalid_request
    // when it is larger than a segment.
    virtual base::Result<void> append(std::string_view record) = 0;
    // Whether an append of some kilobytes would work now: asked before traffic is accepted. Cheap.
    virtual bool has_room() = 0;
};

class Journal {
public:
    // Opens the directory, takes over what an earlier process left (its own or an orphan's whose
    // lock nobody holds; looked for again every half minute), and starts the background sync.
    // Fails: unavailable naming the path, invalid_request naming the option.
    static base::Result<std::unique_ptr<Journal>> open(const JournalOptions& options);
    // REQUIRES: its writers are gone. What was not shipped stays for the next open().
    virtual ~Journal() = default;

    virtual std::unique_ptr<Writer> writer() = 0;  // any thread
    // The next records not yet shipped, oldest first, at most `count_max` and about 8 MiB; the
    // batch's end is remembered by shipped(). Empty: none. One thread (the shipper's). Only the
    // last batch counts: asked again without shipped(), the same records come again.
    struct Batch {
        std::vector<std::string> records;
        std::uint64_t id = 0;
    };
    virtual base::Result<Batch> next_batch(std::size_t count_max) = 0;
    // The batch is in the database; segments that are done are deleted. A batch that is never
    // acknowledged comes again, after a restart too: shipping is idempotent at the receiver.
    virtual void shipped(const Batch& batch) = 0;
    // The batch will be given again by next_batch().
    virtual void failed(const Batch& batch) = 0;
    virtual JournalStatus status() const = 0;  // any thread
    // True when there is something to ship. An append wakes nobody, so that it stays a copy: the
    // background sync does, soon after. Any thread.
    virtual bool wait_for_records(std::chrono::milliseconds patience) = 0;
    // Ends the wait_for_records() that is under way, else the next one. Any thread.
    virtual void end_wait() = 0;
    virtual base::Result<void> sync() = 0;  // everything appended is on disk when it returns
};

}  // namespace tollgate::journal
