// One file of the journal: preallocated, memory-mapped, appended to by one thread and read by one.
//
// Layout (little endian): a page of header (format version, creation time, checksum), in it two
// slots of the shipping cursor; then records one after another, each at a multiple of 8:
//   u32 mark, u32 bytes, u32 CRC32C over what follows, u32 milliseconds since creation, the bytes.
// The mark is stored last, so a process that dies while it copies leaves no mark: kill -9 loses
// nothing whose append returned. The checksum begins with a number of the segment's own, so the
// bytes inside a record can never pass for a record.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::journal {

constexpr std::size_t segment_header_bytes = 4096;
constexpr std::size_t record_head_bytes = 16;
constexpr std::uint32_t segment_format_version = 1;

// What a record of this many bytes takes in a segment.
constexpr std::size_t record_space(std::size_t bytes) {
    return (record_head_bytes + bytes + 7) / 8 * 8;
}

// What stands at a place of a segment.
struct SegmentItem {
    enum class Kind : std::uint8_t { record, damage, end };
    Kind kind = Kind::end;
    std::string_view bytes;    // record: its bytes; damage: what is unreadable. In the mapping
    std::int64_t unix_ms = 0;  // record: when it was appended
    std::size_t next = 0;      // where to go on
};

class Segment {
public:
    // A new file of `bytes`, all of it allocated on disk. Fails: unavailable naming path and cause
    // (no file is left then).
    static base::Result<std::shared_ptr<Segment>> create(const std::string& path,
                                                         std::size_t bytes);
    // What another process wrote; nothing can be appended. A garbled header costs the cursor, no
    // record. Fails: unavailable (cannot be read), invalid_request (a later format's).
    static base::Result<std::shared_ptr<Segment>> recover(const std::string& path);
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;
    ~Segment();  // the file stays

    const std::string& path() const { return path_; }
    std::size_t bytes() const { return bytes_; }
    bool recovered() const { return recovered_; }
    std::int64_t created_unix_ms() const { return created_unix_ms_; }

    // The appending thread.
    std::size_t room() const { return bytes_ - committed_.load(std::memory_order_relaxed); }
    // False: it does not fit, or the segment is too old to tell times (49 days).
    bool append(std::string_view record, std::int64_t now_unix_ms);
    void seal() { sealed_.store(true, std::memory_order_release); }

    // Any thread.
    bool sealed() const { return sealed_.load(std::memory_order_acquire); }
    // The end of what may be read; of a recovered one the end of the file.
    std::size_t committed() const { return committed_.load(std::memory_order_acquire); }
    std::size_t cursor() const { return cursor_.load(std::memory_order_acquire); }
    // Writes what was appended to the disk; sync() the cursor too. Fails: unavailable.
    base::Result<void> sync_records();
    base::Result<void> sync();
    // Gives the memory of the whole pages from `from` to `end` back; the file keeps them.
    void forget_pages(std::size_t from, std::size_t end);
    // Makes the pages behind what is committed ready to be written, as far as `bytes` reach: the
    // first byte in each would otherwise cost its writer some microseconds.
    void prepare_pages(std::size_t bytes);

    // The reading thread. `at` is the cursor or an item's `next`.
    SegmentItem read(std::size_t at) const;
    std::string_view bytes_at(std::size_t at, std::size_t bytes) const {
        return {base_ + at, bytes};
    }
    // Survives the process at once, and a power cut after the next sync().
    void move_cursor(std::size_t to);
    // When the record at the cursor was appended; 0: there is none, or nobody knows.
    std::int64_t oldest_unix_ms() const;

private:
    Segment(std::string path, char* base, std::size_t bytes, bool recovered);
    void write_header();
    base::Result<void> read_header();
    bool record_at(std::size_t at, std::size_t end, SegmentItem& item) const;
    std::size_t next_record(std::size_t from, std::size_t end) const;
    std::size_t nonzero_from(std::size_t from, std::size_t end) const;

    const std::string path_;
    char* const base_;
    const std::size_t bytes_;
    const bool recovered_;
    std::uint32_t seed_;
    std::int64_t created_unix_ms_ = 0;
    std::int64_t last_after_ms_ = 0;  // the appending thread's
    std::uint64_t cursor_moves_ = 0;  // the reading thread's
    std::atomic<std::size_t> committed_;
    std::atomic<std::size_t> cursor_{segment_header_bytes};
    std::atomic<std::size_t> synced_{0};
    std::atomic<bool> cursor_moved_{false};
    std::atomic<bool> sealed_{false};
};

// Unix time in milliseconds by the coarse clock (some nanoseconds to ask, 4 ms exact).
std::int64_t coarse_unix_ms();
// "cannot write /path: No space left on device"
base::Error disk_error(std::string_view doing, const std::string& path, int number);

}  // namespace tollgate::journal
