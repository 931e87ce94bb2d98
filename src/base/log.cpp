#include "base/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace tollgate::base {
namespace {

constexpr std::size_t queue_bytes_max = 8 * 1024 * 1024;

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warn: return "warn";
        case LogLevel::error: return "error";
    }
    return "error";
}

// Three decimals are enough for milliseconds and seconds alike, and cost a tenth of printf.
void append_real(std::string& out, double value) {
    if (!(value > -1e15 && value < 1e15)) {
        out += "null";
        return;
    }
    const bool negative = value < 0;
    const std::int64_t scaled = std::llround((negative ? -value : value) * 1000);
    if (negative) out += '-';
    json::append_integer(out, scaled / 1000);
    const auto part = static_cast<int>(scaled % 1000);
    if (part == 0) return;
    const char digits[] = {'.', static_cast<char>('0' + part / 100),
                           static_cast<char>('0' + part / 10 % 10),
                           static_cast<char>('0' + part % 10)};
    out.append(digits, sizeof digits);
}

void append_json_value(std::string& out, const LogValue& value) {
    switch (value.kind) {
        case LogValue::Kind::text: json::append_string(out, value.text); break;
        case LogValue::Kind::integer: json::append_integer(out, value.integer); break;
        case LogValue::Kind::boolean: out += value.integer != 0 ? "true" : "false"; break;
        case LogValue::Kind::real: append_real(out, value.real); break;
    }
}

void append_human_value(std::string& out, const LogValue& value) {
    if (value.kind != LogValue::Kind::text) return append_json_value(out, value);
    const bool plain = !value.text.empty() &&
                       value.text.find_first_of(" \"=\n\r\t") == std::string_view::npos;
    if (plain) {
        out += value.text;
    } else {
        json::append_string(out, value.text);
    }
}

// The room for one line: the thread's own, which stays for its next one. A line is written for
// every request, in some sixty steps, so that each takes place for granted.
char* room_for(std::size_t bytes) {
    struct Room {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };
    thread_local Room room;
    if (room.bytes == nullptr || room.size < bytes) [[unlikely]] {
        room.size = std::max(bytes, 2 * room.size);
        room.bytes.reset(new char[room.size]);
    }
    return room.bytes.get();
}

// Most texts are short: two words that overlap cost less than a call.
char* put(char* at, std::string_view text) {
    const std::size_t size = text.size();
    const auto ends = [&](auto word) {
        std::memcpy(&word, text.data(), sizeof word);
        std::memcpy(at, &word, sizeof word);
        std::memcpy(&word, text.data() + size - sizeof word, sizeof word);
        std::memcpy(at + size - sizeof word, &word, sizeof word);
    };
    if (size > 16) {
        std::memcpy(at, text.data(), size);
    } else if (size >= 8) {
        ends(std::uint64_t{});
    } else if (size >= 4) {
        ends(std::uint32_t{});
    } else {
        for (std::size_t i = 0; i < size; ++i) at[i] = text[i];
    }
    return at + size;
}

// More than the value can become: six bytes for one that is written as an escape sequence.
std::size_t bytes_max(const LogValue& value) {
    constexpr std::size_t number = 32, longest_escape = 6, quotes = 2;
    return value.kind == LogValue::Kind::text ? longest_escape * value.text.size() + quotes
                                              : number;
}

char* put_value(char* at, const LogValue& value) {
    constexpr std::size_t digits_max = 24;
    switch (value.kind) {
        case LogValue::Kind::text:
            if (!json::needs_no_escape(value.text)) break;
            *at++ = '"';
            at = put(at, value.text);
            *at++ = '"';
            return at;
        case LogValue::Kind::integer:
            if (value.integer >= 0 && value.integer < 10) {
                *at++ = static_cast<char>('0' + value.integer);
                return at;
            }
            return std::to_chars(at, at + digits_max, value.integer).ptr;
        case LogValue::Kind::boolean: return put(at, value.integer != 0 ? "true" : "false");
        case LogValue::Kind::real: break;
    }
    thread_local std::string scratch;
    scratch.clear();
    append_json_value(scratch, value);
    return put(at, scratch);
}

// Valid until the thread writes its next line.
std::string_view json_line(LogLevel level, std::string_view time, std::string_view event,
                           LogFields fields) {
    constexpr std::size_t punctuation = 64, beside_name_and_value = 8;
    std::size_t size_max = punctuation + time.size() + event.size();
    for (const LogField& field : fields) {
        size_max += field.name.size() + bytes_max(field.value) + beside_name_and_value;
    }
    char* const begin = room_for(size_max);
    char* at = put(begin, R"({"ts":")");
    at = put(at, time);
    at = put(at, R"(","level":")");
    at = put(at, level_name(level));
    at = put(at, R"(","event":")");
    at = put(at, event);
    *at++ = '"';
    for (const LogField& field : fields) {
        if (field.value.absent()) continue;
        at = put(at, ",\"");
        at = put(at, field.name);  // names are ours, and plain
        at = put(at, "\":");
        at = put_value(at, field.value);
    }
    *at++ = '}';
    return {begin, static_cast<std::size_t>(at - begin)};
}

}  // namespace

std::string format_log_line(LogFormat format, LogLevel level, std::string_view time,
                            std::string_view event, LogFields fields) {
    if (format == LogFormat::json) return std::string(json_line(level, time, event, fields));
    std::string line;
    line.append(time.substr(11, 12)).append(" ");
    std::string name(level_name(level));
    name.resize(5, ' ');
    line.append(name).append(" ").append(event);
    for (const LogField& field : fields) {
        if (field.value.absent()) continue;
        line.append(" ").append(field.name).append("=");
        append_human_value(line, field.value);
    }
    return line;
}

struct Log::State {
    std::atomic<LogLevel> level{LogLevel::info};
    std::atomic<LogFormat> format{LogFormat::json};
    std::atomic<std::uint64_t> dropped{0};
    std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable written;
    std::string queue;
    bool writing = false;
    bool urgent = false;  // somebody waits in flush()
    bool stopping = false;
    std::once_flag started;  // the writer starts with the first line: a fork may come before it
    std::thread writer;

    void run() {
        std::unique_lock lock(mutex);
        std::string batch;
        while (true) {
            wake.wait(lock, [this] { return stopping || !queue.empty(); });
            if (queue.empty()) return;
            // A short gathering keeps a busy process at a hundred writes a second.
            wake.wait_for(lock, std::chrono::milliseconds(10),
                          [this] { return urgent || stopping; });
            urgent = false;
            batch.swap(queue);
            writing = true;
            lock.unlock();
            for (std::size_t done = 0; done < batch.size();) {
                const ssize_t count = ::write(2, batch.data() + done, batch.size() - done);
                if (count <= 0) break;
                done += static_cast<std::size_t>(count);
            }
            batch.clear();
            lock.lock();
            writing = false;
            written.notify_all();
        }
    }
};

Log::Log() : state_(new State) {}

Log::~Log() {
    {
        std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    if (state_->writer.joinable()) state_->writer.join();
    delete state_;
}

void Log::configure(LogLevel level, LogFormat format) {
    state_->level = level;
    state_->format = format;
}

bool Log::enabled(LogLevel level) const {
    return level >= state_->level.load(std::memory_order_relaxed);
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) {
    if (!enabled(level)) return;
    const std::string time = rfc3339_now();
    const LogFormat format = state_->format.load(std::memory_order_relaxed);
    std::string human;
    if (format != LogFormat::json) human = format_log_line(format, level, time, event, fields);
    const std::string_view line =
        format == LogFormat::json ? json_line(level, time, event, fields) : human;
    std::call_once(state_->started,
                   [this] { state_->writer = std::thread([this] { state_->run(); }); });
    bool was_empty = false;
    {
        std::lock_guard lock(state_->mutex);
        if (state_->queue.size() + line.size() > queue_bytes_max) {
            state_->dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        was_empty = state_->queue.empty() && !state_->writing;
        state_->queue.append(line).append(1, '\n');
    }
    if (was_empty) state_->wake.notify_one();
}

void Log::flush() {
    std::unique_lock lock(state_->mutex);
    state_->urgent = true;
    state_->wake.notify_all();
    state_->written.wait(lock, [this] { return state_->queue.empty() && !state_->writing; });
}

std::uint64_t Log::dropped() const { return state_->dropped.load(); }

Log& log() {
    static Log process_log;
    return process_log;
}

}  // namespace tollgate::base
