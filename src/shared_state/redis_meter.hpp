// One meter as this instance sees it: the lease it has from Redis, what requests hold out of it,
// what Redis has not heard yet, and what it last said. No I/O: redis.cpp takes, redis_sync.cpp
// carries the accounts there and back.
//
// Every member function REQUIRES `mutex` to be held, except spec(), hash_key and holds_key.
// Amounts in Redis are always at least what this instance has given away:
//   lease = free + held out of it + spent of it and not yet sent
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared_state/shared_state.hpp"
#include "shared_state/window_ring.hpp"

namespace tollgate::shared_state {

class RedisMeter final : public Meter, public std::enable_shared_from_this<RedisMeter> {
public:
    // `renew_after`: microseconds after which what is held in Redis is told again, to stay there.
    RedisMeter(const MeterSpec& spec, const std::string& prefix, Moment renew_after);
    const MeterSpec& spec() const override { return spec_; }
    bool is_window() const { return spec_.kind == MeterKind::window; }

    // --- taking ---
    // Out of the lease, or without a limit. False: Redis must be asked; the wish for a lease is
    // noted.
    bool take_local(const Ask& ask, Moment now);
    void undo_local(const Ask& ask, Moment at);
    // What was taken locally at `from` counts at `to`.
    void move(const Ask& ask, Moment from, Moment to);
    // Redis granted it; `base` and `held` are its figures before.
    struct Figures {
        std::int64_t base = 0;  // spent, or inside the window
        std::int64_t held = 0;  // by everybody, leases too
    };
    void taken_there(const Ask& ask, std::string_view owner, const std::string& hold_name,
                     Moment at, Figures figures);
    // Whether Redis took it is not known: it shall forget the hold.
    void disown(const std::string& hold_name);
    // Without Redis: this process's share of what was left. The refusal's index is not set.
    std::optional<Refusal> take_alone(const Ask& ask, Moment now, std::int64_t instances);

    void settle(const SharedState::Settlement& settlement, std::string_view owner, Moment now);
    // At least so much has been spent; our own unsent spending is in it.
    void raise(std::int64_t spent);
    // By the last figures of Redis; when they are old, the next batch asks for newer ones.
    Level level(Moment now);

    // --- carrying accounts ---
    // Something for Redis to hear, or a lease to be renewed or given back.
    bool due(Moment now) const;
    // It should hear at once: others, or the next request here, are waiting for what is free.
    bool urgent() const;
    // The lease has run out, and there may be more.
    bool thirsty() const { return wanted_ && (room_ || !answered_); }
    // Something that makes room is not known to have arrived there.
    bool has_unheard_relief() const { return relief_ || relief_sent_; }
    // Nothing is left to carry or renew.
    bool at_rest(Moment now) const;
    // Appends this meter's arguments of redis_sync.lua; what they tell counts as sent.
    enum class Lease : std::uint8_t { keep, give_back };
    void write_accounts(std::vector<std::string>& arguments, Moment now, Lease lease);
    void answered(std::int64_t granted, bool room, Figures figures);
    // Redis has lost its memory: everything this instance knows is to be told again.
    void tell_again(Moment now);
    // Holds and leases may have expired there while it could not be reached.
    void renew() { last_written_ = 0; }
    // REQUIRES besides: nobody else can find the meter.
    bool forgettable(Moment now);

    // Arguments that redis_take.lua wants of each meter.
    void write_ask(std::vector<std::string>& arguments, const Ask& ask) const;

    mutable std::mutex mutex;
    const std::string hash_key, holds_key;
    bool listed = false;  // among those whose accounts are carried

private:
    struct Hold {
        std::string name;  // in Redis
        std::int64_t amount = 0;
    };
    std::int64_t free() const;
    std::int64_t free_to_keep(Moment now) const;
    std::int64_t wish(std::int64_t kept, Moment now) const;
    void correct(std::int64_t slot, std::int64_t difference, Moment now);
    std::int64_t pending_window() const;
    void write_common(std::vector<std::string>& arguments) const;

    const MeterSpec spec_;
    const Moment renew_after_;
    WindowRing own_;                      // window: what this process took
    std::int64_t lease_ = 0;              // in Redis under the instance's name
    std::int64_t in_use_ = 0;             // held by requests here; window: drawn and not yet sent
    std::int64_t unsent_ = 0;             // spent
    std::int64_t sent_ = 0;               // in a batch without an answer
    using Corrections = std::vector<std::pair<std::int64_t, std::int64_t>>;  // slot, difference
    Corrections corrections_, corrections_sent_;
    std::multimap<std::string, Hold, std::less<>> holds_;  // by owner: granted by name in Redis
    std::int64_t holds_sum_ = 0;
    std::vector<Hold> hold_changes_;      // to be told
    bool relief_ = false;                 // something unsent makes room
    bool relief_sent_ = false;            // so does something sent

    std::int64_t base_ = 0;               // Redis's last figures
    std::int64_t others_ = 0;             // held by other instances
    std::int64_t own_known_ = 0;          // of ours, in those figures
    Moment base_at_ = 0;
    bool room_ = false;                   // enough was left for leases

    std::int64_t limit_ = -1;             // last asked
    std::int64_t lease_limit_ = -1;       // under which the lease was granted
    bool answered_ = false;               // Redis has said whether there is room
    std::int64_t request_ = 1;            // amount last asked
    std::int64_t drawn_ = 0;              // since the last batch
    std::int64_t pace_ = 0;               // per batch
    bool looked_at_ = false;              // somebody wants newer figures
    bool wanted_ = false;                 // a take found the lease too small
    Moment last_used_ = 0;
    Moment last_written_ = 0;
};

}  // namespace tollgate::shared_state
