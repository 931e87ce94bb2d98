// What several requests, threads and instances must agree on at once: windows of requests and
// tokens, slots of concurrency, money held and spent, and small cached values. In the process, or
// shared through Redis; both under one test suite.
//
// A Meter is one such counter, looked up once when the directory of keys is built and then used by
// pointer. Live state survives reloads: the same key gives the same state.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace tollgate::shared_state {

enum class MeterKind : std::uint8_t {
    window,  // amounts over a sliding window: a ring of 128 slots, the oldest counted in full
    slots,   // amounts held now
    money,   // spent for good plus held now, nano-dollars
};

struct MeterSpec {
    std::string key;                       // "rpm:key:0193..", "budget:<id>:2026-11"
    MeterKind kind = MeterKind::window;
    std::chrono::milliseconds length{0};   // of a window
    std::int64_t limit_hint = 0;           // for sizing leases
};

// Microseconds of the state's own clock (in the process: steady; with Redis: as the server counts
// them). Kept by whoever took something, so that a correction finds the slot of its time.
using Moment = std::int64_t;

class Meter {
public:
    virtual ~Meter() = default;
    virtual const MeterSpec& spec() const = 0;
};
using MeterPointer = std::shared_ptr<Meter>;

// "Take `amount`, if no more than `limit` are in use afterwards." A negative limit never refuses:
// the amount is only counted. REQUIRES: amount >= 0.
struct Ask {
    Meter* meter = nullptr;
    std::int64_t amount = 1;
    std::int64_t limit = -1;
};

struct Refusal {
    std::size_t index = 0;        // of the first ask that did not fit
    std::int64_t used = 0;        // of that meter, now (money: spent and held)
    std::chrono::milliseconds wait{0};  // until it would fit, 0: nobody knows
};

struct Level {
    std::int64_t used = 0;        // window: inside it; slots: held; money: spent and held
    std::int64_t held = 0;        // money and slots: held now
    std::chrono::milliseconds reset{0};  // window: until everything in it has left
};

class SharedState {
public:
    virtual ~SharedState() = default;
    // The meter of that key, made when new. Any thread.
    virtual MeterPointer meter(const MeterSpec& spec) = 0;

    // Takes all or nothing, in an order that no concurrent take can interleave into more than a
    // limit. nullopt: taken. `owner` names what is held (the request id), so that holds of a dead
    // instance expire. Loop thread. Redis gone: decided by this process alone. `at`, when given, is
    // set to the moment of taking. Asks, owner and `at` must stay valid until the task has ended,
    // meters until what was taken is settled.
    virtual net::Task<std::optional<Refusal>> take(std::span<const Ask> asks,
                                                   std::string_view owner,
                                                   Moment* at = nullptr) = 0;
    // The same without waiting, where that is possible: in the process always, with Redis while
    // leases last. nullopt: ask take() instead.
    struct Quick {
        std::optional<Refusal> refusal;
        Moment at = 0;
    };
    virtual std::optional<Quick> try_take(std::span<const Ask> asks, std::string_view owner) = 0;

    // Puts right what was taken; never waits and never fails (with Redis: sent in the background,
    // again until it arrives). Any thread.
    //   window: `taken` becomes `used` in the slot of `at` (0: as if it had never been asked);
    //           nothing, when that slot has left the window
    //   slots:  `taken` are free again
    //   money:  the hold of `taken` ends, `used` is spent
    struct Settlement {
        Meter* meter = nullptr;
        std::int64_t taken = 0;
        std::int64_t used = 0;
        Moment at = 0;  // of the take; 0: not known, the present slot is corrected
    };
    virtual void settle(std::span<const Settlement> settlements, std::string_view owner) = 0;

    // What was spent before this state began (from the database, at start or when a period is first
    // seen). Counts only when nothing is known yet. Any thread.
    virtual void seed(Meter& meter, std::int64_t spent) = 0;
    // Sets a money meter's spent amount to what the database says, if ours is lower (another
    // instance without Redis spent it).
    virtual void raise(Meter& meter, std::int64_t spent) = 0;
    virtual Level level(const Meter& meter) const = 0;  // as last known here; any thread

    // Small values for everybody, e.g. "threshold 80 of this budget was announced": true for the
    // first caller within `ttl`. Loop thread.
    virtual net::Task<bool> first(std::string key, std::chrono::milliseconds ttl) = 0;

    // "" while everything is shared as configured, else why not ("redis 127.0.0.1:6379: refused").
    virtual std::string trouble() const = 0;
};

}  // namespace tollgate::shared_state
