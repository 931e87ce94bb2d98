// Logs: events with fields, one line each. Any thread may log; lines are formatted by the caller,
// queued in a bounded buffer, and written by one writer thread, so that no request waits for a
// disk. A full buffer drops the line and counts it. Bodies, prompts and secrets are never logged.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace tollgate::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { json, human };

// A field's value: text, a whole number, a fraction or a truth value. Borrows its text.
class LogValue {
public:
    enum class Kind : std::uint8_t { text, integer, real, boolean };
    LogValue(std::string_view text) : kind(Kind::text), text(text) {}
    LogValue(const char* text) : kind(Kind::text), text(text) {}
    LogValue(const std::string& text) : kind(Kind::text), text(text) {}
    LogValue(bool value) : kind(Kind::boolean), integer(value) {}
    LogValue(double value) : kind(Kind::real), real(value) {}
    template <typename T>
        requires std::is_integral_v<T>
    LogValue(T value) : kind(Kind::integer), integer(static_cast<std::int64_t>(value)) {}

    // An empty text says nothing and is left out of the line.
    bool absent() const { return kind == Kind::text && text.empty(); }

    Kind kind;
    union {
        std::string_view text;
        std::int64_t integer;  // also a truth value's
        double real;
    };
};
struct LogField {
    std::string_view name;
    LogValue value;
};
using LogFields = std::initializer_list<LogField>;

class Log {
public:
    Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();  // writes what is queued
    void configure(LogLevel level, LogFormat format);
    bool enabled(LogLevel level) const;

    void debug(std::string_view event, LogFields fields) { write(LogLevel::debug, event, fields); }
    void info(std::string_view event, LogFields fields) { write(LogLevel::info, event, fields); }
    void warn(std::string_view event, LogFields fields) { write(LogLevel::warn, event, fields); }
    void error(std::string_view event, LogFields fields) { write(LogLevel::error, event, fields); }
    void write(LogLevel level, std::string_view event, LogFields fields);
    // Waits until everything queued so far has been written.
    void flush();
    std::uint64_t dropped() const;

private:
    struct State;
    State* state_;
};

// The process's log: the one object that is global, because a bug may have to be reported from
// anywhere. Writes to standard error.
Log& log();

// One line without its end, as `write` would make it. Exposed for tests.
std::string format_log_line(LogFormat format, LogLevel level, std::string_view time,
                            std::string_view event, LogFields fields);

}  // namespace tollgate::base
