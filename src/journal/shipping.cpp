// The shipper's side of the journal: records in the order of their times over all segments, and
// what happens when they have arrived.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.hpp"
#include "journal/file_journal.hpp"

namespace tollgate::journal {
namespace {

constexpr std::size_t batch_bytes_max = 8 * 1024 * 1024;
// Damaged bytes kept for a look by people; more is counted only.
constexpr std::uint64_t set_aside_bytes_max = 64 * 1024 * 1024;

}  // namespace

// A segment while a batch is read from it.
struct FileJournal::Source {
    Progress progress;
    SegmentItem head;

    // To the next record, noting what is damaged before it.
    void advance() {
        for (;;) {
            head = progress.segment->read(progress.to);
            if (head.kind != SegmentItem::Kind::damage) break;
            progress.damages.push_back({progress.to, head.bytes.size()});
            progress.to = head.next;
        }
        const bool over = head.kind == SegmentItem::Kind::end;
        if (over && progress.segment->recovered()) progress.to = progress.segment->committed();
    }
    bool touched() const { return progress.to > progress.from; }
};

std::vector<FileJournal::Source> FileJournal::sources() const {
    std::vector<Source> found;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& entry : entries_) {
            const std::size_t at = entry.segment->cursor();
            if (at < entry.segment->committed()) {
                found.push_back({{entry.segment, at, at, 0, {}}, {}});
            }
        }
    }
    for (auto& source : found) source.advance();
    return found;
}

base::Result<Journal::Batch> FileJournal::next_batch(std::size_t count_max) {
    std::vector<Source> all = sources();
    std::vector<Source*> heap;
    for (auto& source : all) {
        if (source.head.kind == SegmentItem::Kind::record) heap.push_back(&source);
    }
    const auto later = [](const Source* one, const Source* other) {
        // Within one tick of the clock, in the order the segments were taken into use.
        if (one->head.unix_ms == other->head.unix_ms) return one > other;
        return one->head.unix_ms > other->head.unix_ms;
    };
    std::ranges::make_heap(heap, later);
    Batch batch;
    std::size_t bytes = 0;
    while (!heap.empty() && batch.records.size() < count_max && bytes < batch_bytes_max) {
        std::ranges::pop_heap(heap, later);
        Source& source = *heap.back();
        batch.records.emplace_back(source.head.bytes);
        bytes += source.head.bytes.size();
        source.progress.to = source.head.next;
        ++source.progress.records;
        source.advance();
        if (source.head.kind == SegmentItem::Kind::record) {
            std::ranges::push_heap(heap, later);
        } else {
            heap.pop_back();
        }
    }
    pending_.clear();
    for (auto& source : all) {
        if (source.touched()) pending_.push_back(std::move(source.progress));
    }
    batch.id = ++batch_;
    if (batch.records.empty()) {
        // Only damage and the unused ends of recovered segments: nobody has to acknowledge those.
        apply(pending_);
        pending_.clear();
    }
    return batch;
}

void FileJournal::shipped(const Batch& batch) {
    if (batch.id != batch_) return;
    apply(pending_);
    pending_.clear();
}

void FileJournal::failed(const Batch& batch) {
    if (batch.id == batch_) pending_.clear();
}

void FileJournal::apply(const std::vector<Progress>& progress) {
    for (const auto& part : progress) {
        set_aside(part);
        part.segment->move_cursor(part.to);
        part.segment->forget_pages(std::max(part.from, segment_header_bytes), part.to);
        shipped_.fetch_add(part.records);
        if (part.segment->recovered()) recovered_.fetch_add(part.records);
    }
    if (!progress.empty()) drop_finished();
}

void FileJournal::set_aside(const Progress& progress) {
    if (progress.damages.empty()) return;
    const std::string path = progress.segment->path() + ".damaged";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (const auto& damage : progress.damages) {
        damaged_.fetch_add(1);
        base::log().error("journal_record_damaged", {{"segment", progress.segment->path()},
                                                     {"at", damage.at},
                                                     {"bytes", damage.bytes},
                                                     {"kept_in", path}});
        if (file < 0 || set_aside_bytes_ + damage.bytes > set_aside_bytes_max) continue;
        set_aside_bytes_ += damage.bytes;
        // At its own place, so that the copy reads like the segment with all else left out.
        const std::string_view bytes = progress.segment->bytes_at(damage.at, damage.bytes);
        if (::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(damage.at)) < 0) break;
    }
    if (file >= 0) ::close(file);
}

bool FileJournal::has_records() const {
    return std::ranges::any_of(entries_, [](const Entry& entry) {
        return entry.segment->cursor() < entry.segment->committed();
    });
}

bool FileJournal::wait_for_records(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    has_records_.wait_for(lock, patience, [this] { return wait_ended_ || has_records(); });
    wait_ended_ = false;
    return has_records();
}

void FileJournal::end_wait() {
    {
        const std::lock_guard lock(mutex_);
        wait_ended_ = true;
    }
    has_records_.notify_all();
}

}  // namespace tollgate::journal
