// What instances share through Redis beside limits: values with an end, and short news. None of it
// is needed to serve: where Redis is gone or slow, each instance knows what it knows by itself.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/task.hpp"

namespace tollgate::shared_state {

// What a value is for: the first part of its key, and a label of the metrics.
enum class ValueKind : std::uint8_t { conversation, answer, check };
constexpr std::size_t value_kinds = 3;
std::string_view to_string(ValueKind kind);

// What became of a look-up.
enum class Lookup : std::uint8_t {
    found,
    missing,
    late,  // Redis did not answer in time
    lost,  // it is known to be gone: nobody waited
};
constexpr std::size_t lookups = 4;
std::string_view to_string(Lookup lookup);

constexpr std::size_t news_bytes_max = 4096;

class SharedValues {
public:
    virtual ~SharedValues() = default;

    // Makes this loop's connection, in the background. Loop thread.
    virtual void connect() = 0;
    // The value, waiting for it at most `patience`; nullopt: there is none, or nobody can tell.
    // Loop thread.
    virtual net::Task<std::optional<std::string>> get(ValueKind kind, std::string key,
                                                      std::chrono::milliseconds patience) = 0;
    // Sets it for `life`, in the background; what does not arrive is lost. Loop thread.
    // REQUIRES: life > 0.
    virtual void put(ValueKind kind, std::string key, std::string value,
                     std::chrono::milliseconds life) = 0;

    // Tells all instances, this one too, in the order of telling. False: nobody was told.
    // Loop thread. REQUIRES: at most news_bytes_max bytes.
    virtual net::Task<bool> tell(std::string text) = 0;
    // Called with what instances tell, on one loop's thread, and with its age: what was told
    // shortly before this instance began, or while Redis could not be reached, comes late.
    using Heard = std::function<void(std::string_view text, std::chrono::milliseconds age)>;

    virtual std::uint64_t count(ValueKind kind, Lookup lookup) const = 0;
};

}  // namespace tollgate::shared_state
