// The journal over segments in a directory: makes them ahead of need, hands them to writers, syncs
// them in the background, gives their records out for shipping and deletes what is shipped.
//
// Threading: a writer touches its own segment only, and the mutex when it needs the next one. The
// shipper's thread reads segments and moves their cursors; the journal's own thread syncs. The
// mutex guards the lists, never a disk operation.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "journal/directory.hpp"
#include "journal/journal.hpp"
#include "journal/segment.hpp"

namespace tollgate::journal {

class FileJournal final : public Journal {
public:
    FileJournal(JournalOptions options, std::shared_ptr<InstanceLock> own);
    ~FileJournal() override;
    // Adopts what is there and starts the background thread. Called once.
    base::Result<void> start();

    std::unique_ptr<Writer> writer() override;
    base::Result<Batch> next_batch(std::size_t count_max) override;
    void shipped(const Batch& batch) override;
    void failed(const Batch& batch) override;
    JournalStatus status() const override;
    bool wait_for_records(std::chrono::milliseconds patience) override;
    void end_wait() override;
    base::Result<void> sync() override;

    // For writers.
    struct Counts {
        std::atomic<std::uint64_t> appended{0}, dropped{0};
    };
    const JournalOptions& options() const { return options_; }
    // The spare segment or a new one. Fails: unavailable, and has_no_space() until one was made.
    base::Result<std::shared_ptr<Segment>> take_segment();
    void give_back(const std::shared_ptr<Segment>& unused);
    bool has_no_space() const { return has_no_space_.load(std::memory_order_relaxed); }
    bool cannot_sync() const { return cannot_sync_.load(std::memory_order_relaxed); }

private:
    struct Entry {
        std::shared_ptr<Segment> segment;
        std::shared_ptr<InstanceLock> keeper;
        std::size_t forgotten = segment_header_bytes;  // the background thread's
    };
    struct Damage {
        std::size_t at = 0, bytes = 0;
    };
    // How far a batch reads into one segment.
    struct Progress {
        std::shared_ptr<Segment> segment;
        std::size_t from = 0, to = 0;
        std::uint64_t records = 0;
        std::vector<Damage> damages;
    };
    struct Source;

    base::Result<std::shared_ptr<Segment>> make_segment();
    base::Result<void> adopt();
    void turn(const std::stop_token& stopping);
    void tend();
    // Whole pages that were written leave our memory, all at once: a page that is not mapped is
    // synced without interrupting the other processors for each, and need not wait here for the
    // database either.
    void tend_pages();
    void remember_trouble(std::string& which, std::string text);
    void make_spare_when_needed();
    void drop_finished();
    bool has_records() const;
    std::vector<Source> sources() const;
    void apply(const std::vector<Progress>& progress);
    void set_aside(const Progress& progress);

    const JournalOptions options_;
    const std::shared_ptr<InstanceLock> own_;

    std::mutex making_;  // held while a segment is made or taken; before mutex_
    mutable std::mutex mutex_;
    std::condition_variable_any wake_;     // the background thread
    std::condition_variable has_records_;  // who waits for records
    bool wait_ended_ = false;
    std::vector<Entry> entries_;
    std::shared_ptr<Segment> spare_;
    std::vector<std::shared_ptr<Counts>> counts_;
    std::vector<std::string> left_alone_;  // paths of a later format
    std::uint64_t bytes_ = 0;
    std::uint64_t next_number_ = 1;
    std::string space_trouble_, sync_trouble_;
    std::atomic<bool> has_no_space_{false}, cannot_sync_{false};
    std::atomic<std::uint64_t> shipped_{0}, recovered_{0}, damaged_{0};
    std::chrono::steady_clock::time_point next_adoption_, next_spare_try_;

    // The shipper's thread.
    std::vector<Progress> pending_;
    std::uint64_t batch_ = 0;
    std::uint64_t set_aside_bytes_ = 0;

    std::jthread thread_;
};

}  // namespace tollgate::journal
