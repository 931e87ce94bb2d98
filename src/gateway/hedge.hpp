// Hedging: the first candidate has been silent for longer than 95 of 100 times before, so a second
// one is asked as well. Whose content comes first answers the client; the other one is cancelled at
// once and what it used is billed. All of it on the request's thread.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/record.hpp"
#include "gateway/scene.hpp"
#include "net/loop.hpp"
#include "routing/health.hpp"

namespace tollgate::gateway {

// The second candidate's attempt: it comes as far as its first content, which is held back.
struct Rival {
    EndpointPointer endpoint;
    routing::Flight flight;
    net::Instant begun;
    AttemptOptions options;
    Delivery delivery;          // its own until it answers
    Prepared prepared;
    AttemptRecord record;
    std::optional<Scene> scene;
    std::optional<HttpSource> source;
    HeldAnswer held;
    std::optional<AttemptFailure> failure;
};

// Who the second one is, when it comes to that; null: nobody is left, or may be asked. Counts it as
// an attempt and fills endpoint, flight and options.number.
using ChooseRival = std::function<bool(Rival&)>;

class Race {
public:
    // `generation` outlives it. REQUIRES: finish() was awaited before the end of its life, if
    // start() was called.
    explicit Race(Generation& generation);
    Race(const Race&) = delete;
    Race& operator=(const Race&) = delete;

    // The second one is asked after `delay`.
    void start(std::chrono::milliseconds delay, ChooseRival choose);

    // --- for the first attempt ---
    // What its waits belong to.
    net::CancelScope& first_scope() { return first_scope_; }
    // It is about to send the client something: the second one is cancelled, and billed when this
    // returns. False: the second one was faster, nothing may be sent.
    net::Task<bool> first_answers();

    // The first attempt is over. `wanted`: it failed, so that the second one may still answer; else
    // that is cancelled. When this returns, the second one has content or a failure, or is gone.
    net::Task<void> finish(bool wanted);
    // Its answer, or its failure, comes next; null: there is none.
    Rival* rival() { return rival_ && !billed_ ? rival_.get() : nullptr; }
    // The second one was faster.
    bool overtaken() const { return overtaken_; }

private:
    net::Task<void> run(std::chrono::milliseconds delay);
    net::Task<void> ask(Rival& rival);
    net::Task<void> wait_for_end();
    void bill();

    Generation& generation_;
    net::CancelScope first_scope_, second_scope_;
    net::Signal ended_;
    ChooseRival choose_;
    std::unique_ptr<Rival> rival_;
    bool running_ = false;
    bool decided_ = false;    // the first one answers
    bool first_over_ = false;
    bool overtaken_ = false;
    bool billed_ = false;
};

// When a second candidate would be asked; nothing where hedging is not wanted, or nobody knows yet
// how long the first one usually takes.
std::optional<std::chrono::milliseconds> hedge_delay(const Generation& generation,
                                                     const Endpoint& first);

}  // namespace tollgate::gateway
