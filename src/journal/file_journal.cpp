#include "journal/file_journal.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/log.hpp"

namespace tollgate::journal {
namespace {

constexpr std::size_t segment_bytes_min = 64 * 1024;
constexpr std::size_t segment_bytes_max = 1024 * 1024 * 1024;
constexpr std::chrono::milliseconds turn_when_always{50};
constexpr std::chrono::seconds adoption_interval{30};
constexpr std::chrono::milliseconds spare_retry_interval{500};
// Pages are made ready for writers that wrote so much since the last turn, up to so much.
constexpr std::size_t prepared_bytes_min = 64 * 1024;
constexpr std::size_t prepared_bytes_max = 4 * 1024 * 1024;

class FileWriter final : public Writer {
public:
    FileWriter(FileJournal& journal, std::shared_ptr<FileJournal::Counts> counts)
        : journal_(journal),
          counts_(std::move(counts)),
          reserve_(std::min(journal.options().reserve_bytes, journal.options().segment_bytes / 4)),
          always_(journal.options().sync_interval.count() == 0) {
        if (auto first = journal_.take_segment(); first.ok()) segment_ = std::move(first).value();
    }
    ~FileWriter() override {
        if (segment_) segment_->seal();
        if (next_) journal_.give_back(next_);
    }

    base::Result<void> append(std::string_view record) override {
        const std::int64_t now = coarse_unix_ms();
        if (!segment_ || !segment_->append(record, now)) {
            if (auto done = append_to_next(record, now); !done.ok()) {
                count(counts_->dropped);
                return done;
            }
        }
        count(counts_->appended);
        if (always_) return segment_->sync_records();
        return {};
    }

    bool has_room() override {
        if (journal_.cannot_sync()) return false;
        return (segment_ && segment_->room() >= reserve_) || has_next();
    }

private:
    // One thread writes these, others only look.
    static void count(std::atomic<std::uint64_t>& number) {
        number.store(number.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    // The following segment is claimed before it is needed, so that what is promised is kept.
    bool has_next() {
        if (next_) return true;
        // The background thread tries until there is space again.
        if (journal_.has_no_space()) return false;
        if (auto made = journal_.take_segment(); made.ok()) next_ = std::move(made).value();
        return next_ != nullptr;
    }
    base::Result<void> append_to_next(std::string_view record, std::int64_t now) {
        const std::size_t most = journal_.options().segment_bytes - segment_header_bytes;
        if (record_space(record.size()) > most) {
            return base::invalid("a record of " + std::to_string(record.size()) +
                                     " bytes does not fit into a journal segment of " +
                                     std::to_string(journal_.options().segment_bytes) +
                                     ": make stores.journal.segment larger",
                                 "stores.journal.segment");
        }
        if (!next_) {
            TRY(next_, journal_.take_segment());
        }
        if (segment_) segment_->seal();
        segment_ = std::move(next_);
        if (!segment_->append(record, now)) {
            return base::Error{base::ErrorCode::internal, "a new journal segment takes no record"};
        }
        return {};
    }

    FileJournal& journal_;
    const std::shared_ptr<FileJournal::Counts> counts_;
    const std::size_t reserve_;
    const bool always_;
    std::shared_ptr<Segment> segment_;
    std::shared_ptr<Segment> next_;
};

}  // namespace

base::Result<std::unique_ptr<Journal>> Journal::open(const JournalOptions& options) {
    if (options.segment_bytes < segment_bytes_min || options.segment_bytes > segment_bytes_max) {
        return base::invalid("stores.journal.segment is " + std::to_string(options.segment_bytes) +
                                 " bytes: give 64 KiB to 1 GiB",
                             "stores.journal.segment");
    }
    if (options.bytes_max < options.segment_bytes) {
        return base::invalid(
            "stores.journal.max is less than one segment: give at least twice "
            "stores.journal.segment per worker",
            "stores.journal.max");
    }
    TRY_VOID(make_directory(options.directory));
    TRY(auto own, new_instance(options.directory));
    auto journal = std::make_unique<FileJournal>(options, std::move(own));
    TRY_VOID(journal->start());
    return std::unique_ptr<Journal>(std::move(journal));
}

FileJournal::FileJournal(JournalOptions options, std::shared_ptr<InstanceLock> own)
    : options_(std::move(options)), own_(std::move(own)) {}

base::Result<void> FileJournal::start() {
    TRY_VOID(adopt());
    next_adoption_ = std::chrono::steady_clock::now() + adoption_interval;
    thread_ = std::jthread([this](const std::stop_token& stopping) { turn(stopping); });
    return {};
}

FileJournal::~FileJournal() {
    thread_.request_stop();
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (auto done = sync(); !done.ok()) {
        base::log().error("journal_sync_failed", {{"error", done.error().message}});
    }
    for (auto& entry : entries_) entry.segment->seal();
    drop_finished();
    if (spare_) ::unlink(spare_->path().c_str());
}

std::unique_ptr<Writer> FileJournal::writer() {
    auto counts = std::make_shared<Counts>();
    {
        const std::lock_guard lock(mutex_);
        counts_.push_back(counts);
    }
    return std::make_unique<FileWriter>(*this, std::move(counts));
}

base::Result<std::shared_ptr<Segment>> FileJournal::make_segment() {
    std::string path;
    {
        const std::lock_guard lock(mutex_);
        if (bytes_ + options_.segment_bytes > options_.bytes_max) {
            return base::Error{base::ErrorCode::unavailable,
                               "the journal " + options_.directory +
                                   " is full: " + std::to_string(bytes_) + " of " +
                                   std::to_string(options_.bytes_max) +
                                   " bytes wait for the database (stores.journal.max)"};
        }
        bytes_ += options_.segment_bytes;
        path = segment_path(options_.directory, own_->name(), next_number_++);
    }
    auto made = Segment::create(path, options_.segment_bytes);
    if (made.ok()) {
        if (auto named = sync_directory(options_.directory); !named.ok()) {
            ::unlink(path.c_str());
            made = std::move(named).error();
        }
    }
    const std::lock_guard lock(mutex_);
    if (!made.ok()) bytes_ -= options_.segment_bytes;
    return made;
}

base::Result<std::shared_ptr<Segment>> FileJournal::take_segment() {
    // One that the background thread is just making counts as used already: without waiting for it
    // the journal would seem full.
    const std::lock_guard making(making_);
    std::shared_ptr<Segment> taken;
    {
        const std::lock_guard lock(mutex_);
        taken = std::move(spare_);
        spare_ = nullptr;
    }
    if (!taken) {
        auto made = make_segment();
        if (!made.ok()) {
            remember_trouble(space_trouble_, made.error().message);
            return made;
        }
        taken = std::move(made).value();
        remember_trouble(space_trouble_, {});
    }
    const std::lock_guard lock(mutex_);
    entries_.push_back({taken, own_});
    return taken;
}

// Sealed and empty, it is dropped like one that was shipped.
void FileJournal::give_back(const std::shared_ptr<Segment>& unused) { unused->seal(); }

void FileJournal::remember_trouble(std::string& which, std::string text) {
    const std::lock_guard lock(mutex_);
    if (which.empty() && !text.empty()) {
        base::log().error("journal_trouble", {{"error", text}});
    } else if (!which.empty() && text.empty()) {
        base::log().info("journal_trouble_over", {{"error", which}});
    }
    which = std::move(text);
    has_no_space_.store(!space_trouble_.empty(), std::memory_order_relaxed);
    cannot_sync_.store(!sync_trouble_.empty(), std::memory_order_relaxed);
}

base::Result<void> FileJournal::adopt() {
    TRY(auto orphans, take_orphans(options_.directory));
    for (auto& orphan : orphans) {
        std::size_t count = 0;
        for (const auto& path : orphan.paths) {
            if (std::ranges::find(left_alone_, path) != left_alone_.end()) continue;
            auto segment = Segment::recover(path);
            if (segment.ok()) {
                const std::lock_guard lock(mutex_);
                bytes_ += (*segment)->bytes();
                entries_.push_back({std::move(segment).value(), orphan.lock});
                ++count;
            } else if (segment.error().code == base::ErrorCode::not_found) {
                ::unlink(path.c_str());  // cut before its header was written: it held nothing
            } else {
                base::log().error("journal_segment_left", {{"error", segment.error().message}});
                left_alone_.push_back(path);
            }
        }
        if (count == 0) continue;
        base::log().info("journal_adopted",
                         {{"instance", orphan.lock->name()}, {"segments", count}});
    }
    return {};
}

void FileJournal::turn(const std::stop_token& stopping) {
    const auto pause =
        options_.sync_interval.count() > 0 ? options_.sync_interval : turn_when_always;
    while (!stopping.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stopping, pause, [] { return false; });
        }
        if (!stopping.stop_requested()) tend();
    }
}

void FileJournal::tend_pages() {
    // As much again as came since the last turn is on its way; some more when traffic grows.
    std::vector<std::pair<std::shared_ptr<Segment>, std::size_t>> busy;
    {
        const std::lock_guard lock(mutex_);
        for (auto& entry : entries_) {
            if (entry.segment->recovered()) continue;
            const std::size_t written = entry.segment->committed();
            const std::size_t fresh = written - entry.forgotten;
            entry.segment->forget_pages(entry.forgotten, written);
            entry.forgotten = written;
            if (fresh < prepared_bytes_min || entry.segment->sealed()) continue;
            busy.emplace_back(entry.segment, std::min(2 * fresh, prepared_bytes_max));
        }
    }
    for (const auto& [segment, bytes] : busy) segment->prepare_pages(bytes);
}

void FileJournal::tend() {
    tend_pages();
    auto synced = sync();
    remember_trouble(sync_trouble_, synced.ok() ? std::string() : synced.error().message);
    const auto now = std::chrono::steady_clock::now();
    make_spare_when_needed();
    drop_finished();
    if (now >= next_adoption_) {
        next_adoption_ = now + adoption_interval;
        if (auto done = adopt(); !done.ok()) {
            base::log().warn("journal_adoption_failed", {{"error", done.error().message}});
        }
    }
    const std::lock_guard lock(mutex_);
    if (has_records()) has_records_.notify_all();
}

void FileJournal::make_spare_when_needed() {
    bool needed = false;
    {
        const std::lock_guard lock(mutex_);
        if (spare_) return;
        for (const auto& entry : entries_) {
            if (!entry.segment->sealed() && entry.segment->room() < entry.segment->bytes() / 2) {
                needed = true;
            }
        }
        // A writer that found no space waits for this.
        needed = needed || !space_trouble_.empty();
    }
    const auto now = std::chrono::steady_clock::now();
    if (!needed || now < next_spare_try_) return;
    const std::lock_guard making(making_);
    auto made = make_segment();
    if (!made.ok()) {
        next_spare_try_ = now + spare_retry_interval;
        remember_trouble(space_trouble_, made.error().message);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        spare_ = std::move(made).value();
    }
    remember_trouble(space_trouble_, {});
}

void FileJournal::drop_finished() {
    std::vector<Entry> finished;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(entries_, [&](Entry& entry) {
            const Segment& segment = *entry.segment;
            if (!segment.sealed() || segment.cursor() < segment.committed()) return false;
            bytes_ -= segment.bytes();
            finished.push_back(std::move(entry));
            return true;
        });
    }
    for (const auto& entry : finished) ::unlink(entry.segment->path().c_str());
}

base::Result<void> FileJournal::sync() {
    std::vector<std::shared_ptr<Segment>> segments;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& entry : entries_) segments.push_back(entry.segment);
    }
    for (const auto& segment : segments) TRY_VOID(segment->sync());
    return {};
}

JournalStatus FileJournal::status() const {
    JournalStatus status;
    status.shipped = shipped_.load();
    status.damaged = damaged_.load();
    status.appended = recovered_.load();
    const std::lock_guard lock(mutex_);
    for (const auto& counts : counts_) {
        status.appended += counts->appended.load(std::memory_order_relaxed);
        status.dropped += counts->dropped.load(std::memory_order_relaxed);
    }
    status.bytes = bytes_;
    for (const auto& entry : entries_) {
        const std::int64_t oldest = entry.segment->oldest_unix_ms();
        if (oldest == 0) continue;
        if (status.oldest_unix_ms == 0 || oldest < status.oldest_unix_ms) {
            status.oldest_unix_ms = oldest;
        }
    }
    status.trouble = space_trouble_.empty() ? sync_trouble_ : space_trouble_;
    return status;
}

}  // namespace tollgate::journal
