#include "shared_state/in_process.hpp"

#include <algorithm>
#include <atomic>

#include "base/clock.hpp"
#include "base/spin_lock.hpp"
#include "shared_state/lock_all.hpp"
#include "shared_state/window_ring.hpp"

namespace tollgate::shared_state {
namespace {

constexpr std::size_t sweep_meters_min = 1024;
constexpr std::int64_t money_kept_microseconds = 24ll * 3600 * 1'000'000;

}  // namespace

std::int64_t steady_microseconds() {
    // Not the kernel's last tick: who waits as long as a refusal says would come back before it.
    return std::chrono::duration_cast<std::chrono::microseconds>(
               base::StretchClock::now().time_since_epoch())
        .count();
}

class InProcessMeter final : public Meter {
public:
    explicit InProcessMeter(const MeterSpec& spec) : ring(spec.length), spec_(spec) {}
    const MeterSpec& spec() const override { return spec_; }

    // All below: REQUIRES `mutex` to be held; `spent` and `held` may be looked at without.
    std::int64_t used(std::int64_t now) const {
        return spec_.kind == MeterKind::window ? ring.used(now) : look(spent) + look(held);
    }
    void add(std::int64_t now, std::int64_t amount) {
        if (spec_.kind == MeterKind::window) {
            ring.add(now, amount);
        } else {
            set(held, look(held) + amount);
        }
        last_used = now;
    }
    void undo(std::int64_t now, std::int64_t amount) {
        if (spec_.kind == MeterKind::window) {
            ring.correct(now, now, -amount);
        } else {
            set(held, look(held) - amount);
        }
    }
    void settle(std::int64_t now, const SharedState::Settlement& settlement) {
        last_used = now;
        if (spec_.kind == MeterKind::window) {
            ring.correct(now, settlement.at == 0 ? now : settlement.at,
                         settlement.used - settlement.taken);
            return;
        }
        set(held, std::max<std::int64_t>(look(held) - settlement.taken, 0));
        if (spec_.kind == MeterKind::money) set(spent, look(spent) + settlement.used);
    }
    bool forgettable(std::int64_t now) {
        switch (spec_.kind) {
            case MeterKind::window: return ring.release_if_empty(now);
            case MeterKind::slots: return look(held) == 0;
            case MeterKind::money:
                return look(held) == 0 && now - last_used > money_kept_microseconds;
        }
        return false;
    }

    static std::int64_t look(const std::atomic<std::int64_t>& amount) {
        return amount.load(std::memory_order_relaxed);
    }
    static void set(std::atomic<std::int64_t>& amount, std::int64_t value) {
        amount.store(value, std::memory_order_relaxed);
    }

    mutable base::SpinLock mutex;
    mutable WindowRing ring;  // looking at it moves it to the present
    std::atomic<std::int64_t> spent{0};
    std::atomic<std::int64_t> held{0};
    std::int64_t last_used = 0;
    bool seeded = false;

private:
    const MeterSpec spec_;
};

bool FirstCallers::take(const std::string& key, std::int64_t now, std::chrono::milliseconds ttl) {
    std::lock_guard lock(mutex_);
    if (until_.size() >= sweep_at_) {
        std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
        sweep_at_ = std::max<std::size_t>(1024, until_.size() * 2);
    }
    std::int64_t& until = until_[key];
    if (until > now) return false;
    until = now + ttl.count() * 1000;
    return true;
}

InProcess::InProcess(Microseconds clock)
    : clock_(std::move(clock)), sweep_at_(sweep_meters_min) {}
InProcess::~InProcess() = default;

MeterPointer InProcess::meter(const MeterSpec& spec) {
    std::lock_guard lock(mutex_);
    auto found = meters_.find(spec.key);
    if (found != meters_.end()) {
        const MeterSpec& known = found->second->spec();
        if (known.kind == spec.kind && known.length == spec.length) return found->second;
        // A key that changed its kind or length counts anew; who still holds the old one may end.
        meters_.erase(found);
    }
    if (meters_.size() >= sweep_at_) forget_unused(clock_());
    auto made = std::make_shared<InProcessMeter>(spec);
    made->last_used = clock_();
    meters_.emplace(spec.key, made);
    return made;
}

void InProcess::forget_unused(std::int64_t now) {
    std::erase_if(meters_, [now](auto& entry) {
        // Nobody else can come by a new reference meanwhile: mutex_ is held.
        if (entry.second.use_count() > 1) return false;
        std::lock_guard lock(entry.second->mutex);
        return entry.second->forgettable(now);
    });
    sweep_at_ = std::max(sweep_meters_min, meters_.size() * 2);
}

std::size_t InProcess::meter_count() const {
    std::lock_guard lock(mutex_);
    return meters_.size();
}

InProcess::Quick InProcess::take_now(std::span<const Ask> asks) const {
    const LockAll<InProcessMeter> locks(asks);
    // Another thread may have taken at a later time already: the window stands still for this one.
    const std::int64_t now = clock_();
    for (std::size_t i = 0; i < asks.size(); ++i) {
        auto& meter = static_cast<InProcessMeter&>(*asks[i].meter);
        const std::int64_t used = meter.used(now);
        if (asks[i].limit < 0 || used + asks[i].amount <= asks[i].limit) {
            meter.add(now, asks[i].amount);
            continue;
        }
        Refusal refusal{i, used, std::chrono::milliseconds(0)};
        if (meter.spec().kind == MeterKind::window) {
            refusal.wait = meter.ring.wait(now, asks[i].amount, asks[i].limit);
        }
        for (std::size_t taken = 0; taken < i; ++taken) {
            static_cast<InProcessMeter&>(*asks[taken].meter).undo(now, asks[taken].amount);
        }
        return Quick{refusal, now};
    }
    return Quick{std::nullopt, now};
}

net::Task<std::optional<Refusal>> InProcess::take(std::span<const Ask> asks, std::string_view,
                                                  Moment* at) {
    const Quick taken = take_now(asks);
    if (at != nullptr) *at = taken.at;
    co_return taken.refusal;
}

std::optional<SharedState::Quick> InProcess::try_take(std::span<const Ask> asks,
                                                      std::string_view) {
    return take_now(asks);
}

void InProcess::settle(std::span<const Settlement> settlements, std::string_view) {
    const std::int64_t now = clock_();
    for (const Settlement& settlement : settlements) {
        auto& meter = static_cast<InProcessMeter&>(*settlement.meter);
        std::lock_guard lock(meter.mutex);
        meter.settle(now, settlement);
    }
}

void InProcess::seed(Meter& meter, std::int64_t spent) {
    auto& ours = static_cast<InProcessMeter&>(meter);
    std::lock_guard lock(ours.mutex);
    if (ours.seeded) return;
    ours.seeded = true;
    ours.set(ours.spent, std::max(ours.look(ours.spent), spent));
}

void InProcess::raise(Meter& meter, std::int64_t spent) {
    auto& ours = static_cast<InProcessMeter&>(meter);
    std::lock_guard lock(ours.mutex);
    ours.set(ours.spent, std::max(ours.look(ours.spent), spent));
}

Level InProcess::level(const Meter& meter) const {
    const auto& ours = static_cast<const InProcessMeter&>(meter);
    Level level;
    if (ours.spec().kind != MeterKind::window) {
        // Neither the clock nor the lock: what is spent is exact, what is held may be in motion.
        level.held = ours.look(ours.held);
        level.used = ours.look(ours.spent) + level.held;
        return level;
    }
    const std::int64_t now = clock_();
    const std::lock_guard lock(ours.mutex);
    level.used = ours.used(now);
    level.reset = ours.ring.reset(now);
    return level;
}

net::Task<bool> InProcess::first(std::string key, std::chrono::milliseconds ttl) {
    co_return first_.take(key, clock_(), ttl);
}

}  // namespace tollgate::shared_state
