#include "journal/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>

#include "journal/crc32c.hpp"

namespace tollgate::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "the journal's files are little endian");

constexpr std::uint32_t record_mark = 0x31524754;  // "TGR1"
constexpr char segment_magic[8] = {'T', 'G', 'J', 'O', 'U', 'R', 'N', '\0'};
constexpr std::size_t cursor_place = 512;  // a sector of its own
constexpr std::size_t page_bytes = 4096;

struct Header {
    char magic[8];
    std::uint32_t version;
    std::uint32_t seed;
    std::uint64_t bytes;
    std::int64_t created_unix_ms;
    std::uint32_t zero;
    std::uint32_t crc;  // of all before it
};
struct CursorSlot {
    std::uint64_t move;  // the higher one counts
    std::uint64_t offset;
    std::uint32_t zero;
    std::uint32_t crc;
};
struct RecordHead {
    std::uint32_t mark;
    std::uint32_t bytes;
    std::uint32_t crc;
    std::uint32_t after_ms;
};
static_assert(sizeof(RecordHead) == record_head_bytes);

template <typename T>
std::uint32_t crc_of(const T& value, std::uint32_t seed) {
    return crc32c(seed, {reinterpret_cast<const char*>(&value), offsetof(T, crc)});
}

std::uint32_t crc_of_record(std::uint32_t seed, const RecordHead& head, std::string_view bytes) {
    const std::uint32_t facts[2] = {head.bytes, head.after_ms};
    return crc32c(crc32c(seed, {reinterpret_cast<const char*>(facts), sizeof facts}), bytes);
}

std::string_view name_of(const std::string& path) {
    return std::string_view(path).substr(path.rfind('/') + 1);
}

std::size_t page_floor(std::size_t at) { return at / page_bytes * page_bytes; }
std::size_t page_ceiling(std::size_t at) { return (at + page_bytes - 1) / page_bytes * page_bytes; }

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

private:
    int number_;
};

}  // namespace

std::int64_t coarse_unix_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

base::Error disk_error(std::string_view doing, const std::string& path, int number) {
    return {base::ErrorCode::unavailable,
            "cannot " + std::string(doing) + " " + path + ": " + std::strerror(number)};
}

Segment::Segment(std::string path, char* base, std::size_t bytes, bool recovered)
    : path_(std::move(path)),
      base_(base),
      bytes_(bytes),
      recovered_(recovered),
      seed_(crc32c(0, name_of(path_))),
      committed_(recovered ? bytes : segment_header_bytes),
      sealed_(recovered) {}

Segment::~Segment() { ::munmap(base_, bytes_); }

base::Result<std::shared_ptr<Segment>> Segment::create(const std::string& path, std::size_t bytes) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.number() < 0) return disk_error("make", path, errno);
    // Every block is taken now: a disk that fills up later is an error here, never a SIGBUS there.
    if (const int failed = ::posix_fallocate(file.number(), 0, static_cast<off_t>(bytes));
        failed != 0) {
        ::unlink(path.c_str());
        return disk_error("take " + std::to_string(bytes) + " bytes of disk for", path, failed);
    }
    void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    if (base == MAP_FAILED) {
        const int failed = errno;
        ::unlink(path.c_str());
        return disk_error("map", path, failed);
    }
    std::shared_ptr<Segment> segment(new Segment(path, static_cast<char*>(base), bytes, false));
    segment->write_header();
    // The size and the header are on disk before anything relies on them.
    if (::fsync(file.number()) != 0) {
        const int failed = errno;
        ::unlink(path.c_str());
        return disk_error("sync", path, failed);
    }
    return segment;
}

base::Result<std::shared_ptr<Segment>> Segment::recover(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (file.number() < 0) return disk_error("open", path, errno);
    struct stat facts{};
    if (::fstat(file.number(), &facts) != 0) return disk_error("look at", path, errno);
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (size < segment_header_bytes) {
        return base::Error{base::ErrorCode::not_found, path + " is shorter than a header"};
    }
    void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    if (base == MAP_FAILED) return disk_error("map", path, errno);
    std::shared_ptr<Segment> segment(new Segment(path, static_cast<char*>(base), size, true));
    TRY_VOID(segment->read_header());
    return segment;
}

void Segment::write_header() {
    created_unix_ms_ = coarse_unix_ms();
    Header header{};
    std::memcpy(header.magic, segment_magic, sizeof segment_magic);
    header.version = segment_format_version;
    header.seed = seed_;
    header.bytes = bytes_;
    header.created_unix_ms = created_unix_ms_;
    header.crc = crc_of(header, 0);
    std::memcpy(base_, &header, sizeof header);
}

base::Result<void> Segment::read_header() {
    Header header;
    std::memcpy(&header, base_, sizeof header);
    const bool sound = std::memcmp(header.magic, segment_magic, sizeof segment_magic) == 0 &&
                       header.crc == crc_of(header, 0);
    // With a garbled header the seed is known from the file's name, the times are not.
    if (!sound) return {};
    if (header.version > segment_format_version) {
        return base::invalid(path_ + " has format version " + std::to_string(header.version) +
                             ", this program reads " + std::to_string(segment_format_version) +
                             ": it is left for a later version of the program");
    }
    seed_ = header.seed;
    created_unix_ms_ = header.created_unix_ms;
    for (std::size_t i = 0; i < 2; ++i) {
        CursorSlot slot;
        std::memcpy(&slot, base_ + cursor_place * (i + 1), sizeof slot);
        if (slot.crc != crc_of(slot, seed_) || slot.move <= cursor_moves_) continue;
        if (slot.offset < segment_header_bytes || slot.offset > bytes_ || slot.offset % 8 != 0)
            continue;
        cursor_moves_ = slot.move;
        cursor_.store(slot.offset, std::memory_order_release);
    }
    return {};
}

bool Segment::append(std::string_view record, std::int64_t now_unix_ms) {
    const std::size_t at = committed_.load(std::memory_order_relaxed);
    if (record.size() > bytes_ || record_space(record.size()) > bytes_ - at) return false;
    // A clock that jumps back does not make a record older than the one before it.
    const std::int64_t after_ms = std::max(now_unix_ms - created_unix_ms_, last_after_ms_);
    if (after_ms > std::numeric_limits<std::uint32_t>::max()) return false;
    last_after_ms_ = after_ms;
    char* place = base_ + at;
    RecordHead head{0, static_cast<std::uint32_t>(record.size()), 0,
                    static_cast<std::uint32_t>(after_ms)};
    head.crc = crc_of_record(seed_, head, record);
    std::memcpy(place + record_head_bytes, record.data(), record.size());
    std::memcpy(place + 4, reinterpret_cast<const char*>(&head) + 4, record_head_bytes - 4);
    std::atomic_ref<std::uint32_t>(*reinterpret_cast<std::uint32_t*>(place))
        .store(record_mark, std::memory_order_release);
    committed_.store(at + record_space(record.size()), std::memory_order_release);
    return true;
}

base::Result<void> Segment::sync() {
    if (cursor_moved_.exchange(false) && ::msync(base_, page_bytes, MS_SYNC) != 0) {
        cursor_moved_.store(true);
        return disk_error("sync", path_, errno);
    }
    return sync_records();
}

base::Result<void> Segment::sync_records() {
    const std::size_t from = synced_.load(std::memory_order_acquire);
    const std::size_t end = recovered_ ? from : committed();
    if (from >= end) return {};
    const std::size_t start = page_floor(from);
    const std::size_t stop = std::min(page_ceiling(end), bytes_);
    if (::msync(base_ + start, stop - start, MS_SYNC) != 0) {
        return disk_error("sync", path_, errno);
    }
    synced_.store(end, std::memory_order_release);
    return {};
}

void Segment::forget_pages(std::size_t from, std::size_t end) {
    const std::size_t start = page_floor(from);
    const std::size_t stop = page_floor(end);
    if (stop > start) ::madvise(base_ + start, stop - start, MADV_DONTNEED);
}

void Segment::prepare_pages(std::size_t bytes) {
    const std::size_t start = page_floor(committed());
    const std::size_t stop = page_floor(std::min(start + bytes, bytes_));
#ifdef MADV_POPULATE_WRITE
    // Older kernels do not know it; then it is as without.
    if (stop > start) ::madvise(base_ + start, stop - start, MADV_POPULATE_WRITE);
#endif
}

bool Segment::record_at(std::size_t at, std::size_t end, SegmentItem& item) const {
    if (at + record_head_bytes > end) return false;
    RecordHead head;
    std::memcpy(&head, base_ + at, sizeof head);
    if (head.mark != record_mark || head.bytes > end - at - record_head_bytes) return false;
    const std::string_view bytes(base_ + at + record_head_bytes, head.bytes);
    if (head.crc != crc_of_record(seed_, head, bytes)) return false;
    item.kind = SegmentItem::Kind::record;
    item.bytes = bytes;
    item.unix_ms = created_unix_ms_ + head.after_ms;
    item.next = std::min(at + record_space(head.bytes), end);
    return true;
}

std::size_t Segment::next_record(std::size_t from, std::size_t end) const {
    SegmentItem item;
    for (std::size_t at = from; at + record_head_bytes <= end; at += 8) {
        std::uint32_t mark;
        std::memcpy(&mark, base_ + at, sizeof mark);
        if (mark == record_mark && record_at(at, end, item)) return at;
    }
    return end;
}

std::size_t Segment::nonzero_from(std::size_t from, std::size_t end) const {
    std::size_t at = from;
    for (; at + 8 <= end; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, base_ + at, sizeof word);
        if (word != 0) return at;
    }
    while (at < end && base_[at] == 0) ++at;
    return at;
}

SegmentItem Segment::read(std::size_t at) const {
    const std::size_t end = committed();
    SegmentItem item;
    item.next = end;
    if (at >= end) return item;
    if (record_at(at, end, item)) return item;
    // What was never written is zero to the end of a recovered file.
    if (recovered_ && nonzero_from(at, end) == end) return item;
    const std::size_t next = next_record(at + 8, end);
    std::uint32_t mark = 0;
    if (at + sizeof mark <= end) std::memcpy(&mark, base_ + at, sizeof mark);
    // Bytes without a mark and nothing after them: an append that was cut before it returned.
    if (recovered_ && next == end && mark == 0) return item;
    item.kind = SegmentItem::Kind::damage;
    item.bytes = {base_ + at, next - at};
    item.next = next;
    return item;
}

void Segment::move_cursor(std::size_t to) {
    cursor_.store(to, std::memory_order_release);
    CursorSlot slot{++cursor_moves_, to, 0, 0};
    slot.crc = crc_of(slot, seed_);
    // The two slots take turns: one of them is whole whenever the process dies.
    std::memcpy(base_ + cursor_place * (cursor_moves_ % 2 + 1), &slot, sizeof slot);
    cursor_moved_.store(true);
}

std::int64_t Segment::oldest_unix_ms() const {
    const std::size_t at = cursor();
    if (at >= committed()) return 0;
    SegmentItem item;
    if (created_unix_ms_ != 0 && record_at(at, committed(), item)) return item.unix_ms;
    return recovered_ ? 0 : created_unix_ms_;
}

}  // namespace tollgate::journal
