#include "accounting/usage_shipper.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "accounting/usage_codec.hpp"
#include "base/log.hpp"
#include "store/page.hpp"
#include "store/partitions.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {
namespace {

using Clock = std::chrono::steady_clock;
using domain::UsageView;
using std::chrono::milliseconds;

constexpr milliseconds look_interval{200};
constexpr milliseconds tend_again{60'000};  // after a failure
// Traffic goes first: on a machine that is busy to the last core the shipper takes 1.5 % of one.
constexpr int shipper_nice = 19;
// What is older than this no longer waits for traffic: reports are at most so late.
constexpr std::int64_t lag_max_ms = 60'000;
constexpr milliseconds press_interval{500};  // between looks at how full the journal is
constexpr std::size_t large_batch = 4 * 1024 * 1024;

std::string hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 0xF];
    }
    return text;
}

// The database's word about the record itself; all else may be over when it is sent again.
bool is_about_the_record(const base::Error& error) {
    return error.code == base::ErrorCode::invalid_request;
}

}  // namespace

class UsageShipper::Worker {
public:
    Worker(journal::Journal& journal, store::Db& db, UsageShipperOptions options)
        : journal_(journal), db_(db), options_(std::move(options)) {}

    void start() {
        thread_ = std::thread([this] {
            // Of this thread alone on Linux. Refused: it ships as before.
            (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), shipper_nice);
            run();
        });
        if (options_.press_bytes > 0) pressing_ = std::thread([this] { press(); });
    }

    bool ship_all(milliseconds patience) {
        const std::uint64_t wanted = journal_.status().appended;
        const auto until = Clock::now() + patience;
        std::unique_lock lock(mutex_);
        ++hurried_;
        ++waiting_;
        wake_.notify_all();
        journal_.end_wait();
        const bool done = told_.wait_until(lock, until, [&] {
            return ended_ || (caught_up_at_ >= wanted && caught_up_after_ >= hurried_);
        });
        --waiting_;
        return done && caught_up_at_ >= wanted && caught_up_after_ >= hurried_;
    }

    void stop(milliseconds patience) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) patience = milliseconds(0);
            stopping_ = true;
            deadline_ = Clock::now() + patience;
        }
        wake_.notify_all();
        journal_.end_wait();
        if (thread_.joinable()) thread_.join();
        if (pressing_.joinable()) pressing_.join();
    }

    UsageShipperStatus status() const {
        const std::lock_guard lock(mutex_);
        return status_;
    }

private:
    void run() {
        auto next_tending = Clock::now();
        milliseconds pause{0};
        while (!over()) {
            if (pause.count() > 0) {
                sleep(pause);
                if (over()) break;
            }
            const Outcome outcome = take_turn();
            pause = outcome == Outcome::failed
                        ? std::clamp(pause * 2, options_.pause_min, options_.pause_max)
                        : milliseconds(0);
            if (outcome == Outcome::failed) continue;
            if (stopping()) {
                if (outcome == Outcome::none) break;
                continue;
            }
            if (Clock::now() >= next_tending) next_tending = Clock::now() + tend();
            // One that is not full: more is on its way.
            if (outcome == Outcome::some) sleep(options_.collect);
            if (outcome == Outcome::none) journal_.wait_for_records(look_interval);
        }
        const std::lock_guard lock(mutex_);
        ended_ = true;
        told_.notify_all();
    }

    enum class Outcome : std::uint8_t { none, some, full, failed };

    // With traffic in front of it for long the journal would fill, and traffic be refused: from
    // options.press_bytes or a minute's lag on, and while somebody waits in ship_all(), another
    // thread ships too, which gives way to nobody.
    void press() {
        while (!stopping()) {
            sleep(press_interval);
            const bool behind = is_behind(options_.press_bytes, lag_max_ms);
            if (stopping() || !behind || !status().trouble.empty()) continue;
            base::log().info("usage_shipping_pressed", {{"bytes", journal_.status().bytes}});
            while (!stopping() && is_behind(options_.press_bytes / 2, lag_max_ms / 2)) {
                if (take_turn() != Outcome::full) sleep(press_interval);
            }
        }
    }

    bool is_behind(std::uint64_t bytes, std::int64_t lag_ms) const {
        {
            const std::lock_guard lock(mutex_);
            if (waiting_ > 0) return true;
        }
        const journal::JournalStatus now = journal_.status();
        const bool late = now.oldest_unix_ms > 0 &&
                          store::now_micros() / 1000 - now.oldest_unix_ms > lag_ms;
        return late || now.bytes >= bytes;
    }

    Outcome take_turn() {
        const std::lock_guard turn(turn_);
        return ship_batch();
    }

    Outcome ship_batch() {
        std::uint64_t hurried = 0;
        {
            const std::lock_guard lock(mutex_);
            hurried = hurried_;
        }
        const std::uint64_t appended = journal_.status().appended;
        auto batch = journal_.next_batch(options_.batch_max);
        if (!batch.ok()) return failed(batch.error());
        if (batch->records.empty()) {
            caught_up(appended, hurried);
            return Outcome::none;
        }
        // The journal gives about 8 MiB at once: one that is short of both limits is all there was.
        std::size_t bytes = 0;
        for (const auto& record : batch->records) bytes += record.size();
        const bool full = batch->records.size() >= options_.batch_max || bytes >= large_batch;
        std::deque<std::vector<std::string>> tags;
        std::vector<UsageView> records = decode(batch->records, tags);
        if (auto written = write(records); !written.ok()) {
            journal_.failed(*batch);
            return failed(written.error());
        }
        journal_.shipped(*batch);
        succeeded(records.size());
        if (options_.shipped) options_.shipped(records);
        if (!full) caught_up(appended, hurried);
        return full ? Outcome::full : Outcome::some;
    }

    // Everything that had been appended by then is in the database.
    void caught_up(std::uint64_t appended, std::uint64_t hurried) {
        const std::lock_guard lock(mutex_);
        caught_up_at_ = std::max(caught_up_at_, appended);
        caught_up_after_ = hurried;
        told_.notify_all();
    }

    // Views of `encoded` and of `tags`.
    std::vector<UsageView> decode(const std::vector<std::string>& encoded,
                                  std::deque<std::vector<std::string>>& tags) {
        std::vector<UsageView> records;
        records.reserve(encoded.size());
        for (const auto& bytes : encoded) {
            if (auto read = decode_usage(bytes, records.emplace_back(), tags); !read.ok()) {
                records.pop_back();
                set_aside({}, bytes, read.error().message);
            }
        }
        return records;
    }

    // All of them, or an error that says nothing about the records. What the database refuses for
    // its own content is searched for by halves and set aside (and leaves `records`), so that it
    // does not hold up the rest.
    base::Result<void> write(std::vector<UsageView>& records) {
        std::vector<UsageView> refused;
        auto done = write_part(records, refused);
        if (!done.ok()) return done;
        for (const auto& record : refused) {
            std::erase_if(records, [&](const UsageView& other) {
                return other.request_id == record.request_id && other.attempt == record.attempt;
            });
        }
        return {};
    }

    base::Result<void> write_part(std::span<const UsageView> part,
                                  std::vector<UsageView>& refused) {
        if (part.empty()) return {};
        auto done = db_.write(store::Access::everything(),
                              [part](store::Session& session) -> base::Result<void> {
                                  TRY_VOID(store::insert_usage(session, part));
                                  return {};
                              });
        if (done.ok() || !is_about_the_record(done.error())) return done;
        if (part.size() == 1) {
            std::string buffer;
            set_aside(part[0], encode_usage(part[0], buffer), done.error().message);
            refused.push_back(part[0]);
            return {};
        }
        const std::size_t half = part.size() / 2;
        TRY_VOID(write_part(part.first(half), refused));
        return write_part(part.subspan(half), refused);
    }

    void set_aside(const UsageView& record, std::string_view bytes, const std::string& why) {
        base::log().error("usage_record_refused", {{"request", record.request_id},
                                                   {"attempt", record.attempt},
                                                   {"tenant", record.tenant},
                                                   {"cost_nano", record.cost},
                                                   {"error", why},
                                                   {"kept_in", options_.refused_file}});
        if (!options_.refused_file.empty()) {
            if (std::FILE* file = std::fopen(options_.refused_file.c_str(), "ae")) {
                std::fprintf(file, "%s %lld %s: %s\n", std::string(record.request_id).c_str(),
                             static_cast<long long>(record.attempt), why.c_str(),
                             hexadecimal(bytes).c_str());
                std::fclose(file);
            }
        }
        const std::lock_guard lock(mutex_);
        ++status_.refused;
    }

    void succeeded(std::size_t count) {
        const std::lock_guard lock(mutex_);
        if (!status_.trouble.empty()) {
            base::log().info("usage_shipping_again", {{"after", status_.trouble}});
        }
        status_.trouble.clear();
        status_.records += count;
        ++status_.batches;
    }

    Outcome failed(const base::Error& error) {
        const std::lock_guard lock(mutex_);
        if (status_.trouble.empty()) {
            base::log().warn("usage_shipping_failed",
                             {{"error", error.message}, {"effect", "records wait in the journal"}});
        }
        status_.trouble = error.message;
        ++status_.failures;
        return Outcome::failed;
    }

    // A slice of the regular work. Gives when to come again: at once while there is more of it.
    milliseconds tend() {
        const std::int64_t now = store::now_micros();
        auto made = db_.write(store::Access::everything(), [now](store::Session& session) {
            return without_value(store::ensure_partitions_ahead(session, now));
        });
        std::int64_t gone = 0;
        auto expired = db_.write(store::Access::everything(), [&](store::Session& session) {
            auto some = store::delete_expired_usage(session, now);
            gone = some.ok() ? *some : 0;
            return without_value(some);
        });
        for (const auto* done : {&made, &expired}) {
            if (done->ok()) continue;
            base::log().warn("usage_tending_failed", {{"error", done->error().message}});
        }
        if (!made.ok() || !expired.ok()) return tend_again;
        const std::lock_guard lock(mutex_);
        status_.expired += static_cast<std::uint64_t>(gone);
        return gone > 0 ? milliseconds(0) : milliseconds(options_.tend_interval);
    }

    static base::Result<void> without_value(const base::Result<std::int64_t>& result) {
        if (!result.ok()) return result.error();
        return {};
    }

    // Until somebody hurries or stops it, and not beyond the end.
    void sleep(milliseconds time) {
        std::unique_lock lock(mutex_);
        const std::uint64_t hurried = hurried_;
        const auto until =
            stopping_ ? std::min(deadline_, Clock::now() + time) : Clock::now() + time;
        const bool was_stopping = stopping_;
        wake_.wait_until(lock, until,
                         [&] { return hurried_ != hurried || stopping_ != was_stopping; });
    }
    bool stopping() const {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }
    bool over() const {
        const std::lock_guard lock(mutex_);
        return stopping_ && Clock::now() >= deadline_;
    }

    journal::Journal& journal_;
    store::Db& db_;
    const UsageShipperOptions options_;
    std::thread thread_, pressing_;
    std::mutex turn_;  // held while a batch is on its way: batches go one by one

    mutable std::mutex mutex_;
    std::condition_variable wake_;  // the threads
    std::condition_variable told_;  // who waits in ship_all()
    bool stopping_ = false, ended_ = false;
    Clock::time_point deadline_{};
    std::uint64_t hurried_ = 0;          // calls of ship_all()
    int waiting_ = 0;                    // of them, now
    std::uint64_t caught_up_at_ = 0;     // the journal was empty when so many were appended
    std::uint64_t caught_up_after_ = 0;  // and so many calls had been made
    UsageShipperStatus status_;
};

UsageShipper::UsageShipper(journal::Journal& journal, store::Db& db, UsageShipperOptions options)
    : worker_(std::make_unique<Worker>(journal, db, std::move(options))) {}
UsageShipper::~UsageShipper() { stop(milliseconds(0)); }
void UsageShipper::start() { worker_->start(); }
bool UsageShipper::ship_all(milliseconds patience) { return worker_->ship_all(patience); }
void UsageShipper::stop(milliseconds patience) { worker_->stop(patience); }
UsageShipperStatus UsageShipper::status() const { return worker_->status(); }

}  // namespace tollgate::accounting
