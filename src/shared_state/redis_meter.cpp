#include "shared_state/redis_meter.hpp"

#include <algorithm>
#include <iterator>

namespace tollgate::shared_state {
namespace {

constexpr Moment second = 1'000'000;
// Who looks at figures older than this wants newer ones.
constexpr Moment figures_age_max = second / 4;
constexpr Moment lease_idle_max = second / 2;
constexpr Moment money_kept = 24 * 3600 * second;
constexpr std::int64_t lease_requests_min = 16;
constexpr std::int64_t lease_batches = 6;    // of the present pace
constexpr std::size_t corrections_max = 2 * WindowRing::slot_count;
// How long Redis keeps a meter that nobody touches, milliseconds.
constexpr std::int64_t slots_life = 3'600'000;
constexpr std::int64_t money_life = 40ll * 24 * 3'600'000;

const char* kind_name(MeterKind kind) {
    switch (kind) {
        case MeterKind::window: return "window";
        case MeterKind::slots: return "slots";
        case MeterKind::money: return "money";
    }
    return "";
}

}  // namespace

RedisMeter::RedisMeter(const MeterSpec& spec, const std::string& prefix, Moment renew_after)
    : hash_key(prefix + "meter:" + spec.key), holds_key(prefix + "holds:" + spec.key),
      spec_(spec), renew_after_(renew_after), own_(spec.length) {}

std::int64_t RedisMeter::free() const {
    return std::max<std::int64_t>(lease_ - in_use_ - unsent_, 0);
}

// --- taking --------------------------------------------------------------------------------------

bool RedisMeter::take_local(const Ask& ask, Moment now) {
    last_used_ = now;
    if (ask.limit >= 0) {
        // A lease is worth nothing under another limit than that of its time.
        const bool reaches = ask.limit == lease_limit_ && free() >= ask.amount;
        limit_ = ask.limit;
        request_ = std::max<std::int64_t>(ask.amount, 1);
        if (!reaches) {
            wanted_ = true;
            return false;
        }
        drawn_ += ask.amount;
    }
    if (is_window()) {
        if (ask.limit >= 0) in_use_ += ask.amount;
        correct(own_.slot_of(now), ask.amount, now);
        own_.add(now, ask.amount);
    } else {
        in_use_ += ask.amount;
    }
    return true;
}

void RedisMeter::undo_local(const Ask& ask, Moment at) {
    if (is_window()) {
        if (ask.limit >= 0) in_use_ = std::max<std::int64_t>(in_use_ - ask.amount, 0);
        correct(own_.slot_of(at), -ask.amount, at);
        own_.correct(at, at, -ask.amount);
    } else {
        in_use_ -= ask.amount;
    }
}

void RedisMeter::move(const Ask& ask, Moment from, Moment to) {
    if (!is_window() || own_.slot_of(from) == own_.slot_of(to)) return;
    correct(own_.slot_of(from), -ask.amount, to);
    correct(own_.slot_of(to), ask.amount, to);
    own_.correct(to, from, -ask.amount);
    own_.add(to, ask.amount);
}

void RedisMeter::taken_there(const Ask& ask, std::string_view owner, const std::string& hold_name,
                             Moment at, Figures figures) {
    last_used_ = base_at_ = at;
    drawn_ += ask.amount;
    if (is_window()) {
        own_.add(at, ask.amount);
        base_ = figures.base + ask.amount;
        others_ = std::max<std::int64_t>(figures.held - lease_, 0);
        return;
    }
    if (ask.amount > 0) {
        holds_.emplace(std::string(owner), Hold{hold_name, ask.amount});
        holds_sum_ += ask.amount;
    }
    base_ = std::max(base_, figures.base);
    own_known_ = lease_ + holds_sum_;
    others_ = std::max<std::int64_t>(figures.held + ask.amount - own_known_, 0);
}

void RedisMeter::disown(const std::string& hold_name) {
    if (!is_window()) hold_changes_.push_back(Hold{hold_name, 0});
}

std::optional<Refusal> RedisMeter::take_alone(const Ask& ask, Moment now, std::int64_t instances) {
    std::int64_t limit = ask.limit;
    std::int64_t used = in_use_ + holds_sum_;
    if (is_window()) {
        used = own_.used(now);
        limit = (limit + instances - 1) / instances;
    } else if (spec_.kind == MeterKind::slots) {
        limit = (limit + instances - 1) / instances;
    } else {
        // Money that others may be spending meanwhile is nobody's to give twice.
        const std::int64_t left = ask.limit - base_ - others_ - own_known_;
        used += base_ + others_ + unsent_ + sent_;
        limit = base_ + others_ + own_known_ + std::max<std::int64_t>(left, 0) / instances;
    }
    if (ask.limit >= 0 && used + ask.amount > limit) {
        Refusal refusal{0, used, std::chrono::milliseconds(0)};
        if (is_window()) refusal.wait = own_.wait(now, ask.amount, limit);
        return refusal;
    }
    last_used_ = now;
    if (is_window()) {
        correct(own_.slot_of(now), ask.amount, now);
        own_.add(now, ask.amount);
    } else {
        in_use_ += ask.amount;
    }
    return std::nullopt;
}

void RedisMeter::settle(const SharedState::Settlement& settlement, std::string_view owner,
                        Moment now) {
    last_used_ = now;
    if (is_window()) {
        const Moment at = settlement.at == 0 ? now : settlement.at;
        const std::int64_t difference = settlement.used - settlement.taken;
        correct(own_.slot_of(at), difference, now);
        own_.correct(now, at, difference);
        if (difference < 0) relief_ = true;
        return;
    }
    std::int64_t rest = settlement.taken;
    for (auto [hold, end] = holds_.equal_range(owner); hold != end && rest > 0;) {
        const std::int64_t part = std::min(rest, hold->second.amount);
        hold->second.amount -= part;
        rest -= part;
        holds_sum_ -= part;
        // What a name held becomes lease: the next request here need not wait for the round trip.
        lease_ += part;
        hold_changes_.push_back(hold->second);
        hold = hold->second.amount == 0 ? holds_.erase(hold) : std::next(hold);
    }
    in_use_ = std::max<std::int64_t>(in_use_ - rest, 0);
    if (spec_.kind == MeterKind::money) unsent_ += settlement.used;
    relief_ = true;
}

void RedisMeter::raise(std::int64_t spent) { base_ = std::max(base_, spent - unsent_ - sent_); }

std::int64_t RedisMeter::pending_window() const {
    std::int64_t sum = 0;
    for (const auto& [slot, difference] : corrections_) sum += difference;
    for (const auto& [slot, difference] : corrections_sent_) sum += difference;
    return sum;
}

Level RedisMeter::level(Moment now) {
    if (now - last_written_ > figures_age_max) looked_at_ = true;
    Level level;
    if (is_window()) {
        // Figures older than the window say nothing of it any more.
        const bool stale = now - base_at_ > (WindowRing::slot_count + 1) * own_.width();
        const std::int64_t own = own_.used(now);
        level.used = stale ? own : std::max(own, base_ + pending_window());
        level.reset = own_.reset(now);
        if (level.used > own) level.reset = std::max(level.reset, spec_.length);
        return level;
    }
    level.held = others_ + in_use_ + holds_sum_;
    level.used = base_ + sent_ + unsent_ + level.held;
    return level;
}

// --- carrying accounts ---------------------------------------------------------------------------

void RedisMeter::correct(std::int64_t slot, std::int64_t difference, Moment now) {
    if (difference == 0) return;
    auto found = std::find_if(corrections_.rbegin(), corrections_.rend(),
                              [slot](const auto& entry) { return entry.first == slot; });
    if (found != corrections_.rend()) {
        found->second += difference;
        return;
    }
    if (corrections_.size() >= corrections_max) {
        const std::int64_t oldest = own_.slot_of(now) - WindowRing::slot_count;
        std::erase_if(corrections_, [oldest](const auto& entry) { return entry.first <= oldest; });
    }
    corrections_.emplace_back(slot, difference);
}

std::int64_t RedisMeter::free_to_keep(Moment now) const {
    if (!room_ || limit_ != lease_limit_ || now - last_used_ > lease_idle_max) return 0;
    const std::int64_t most = std::max(lease_requests_min * request_, lease_batches * pace_);
    return std::min(free(), 2 * most);
}

std::int64_t RedisMeter::wish(std::int64_t kept, Moment now) const {
    const bool running_low = kept < lease_batches * pace_ / 2 && now - last_used_ <= lease_idle_max;
    if (limit_ < 0 || (!wanted_ && !running_low)) return 0;
    const std::int64_t most = std::max(lease_requests_min * request_, lease_batches * pace_);
    return std::max<std::int64_t>(most - kept, 0);
}

bool RedisMeter::due(Moment now) const {
    if (unsent_ != 0 || !corrections_.empty() || !hold_changes_.empty() || wanted_) return true;
    if (looked_at_) return true;
    if (lease_ != in_use_ + free_to_keep(now) && !is_window()) return true;
    if (is_window() && lease_ != free_to_keep(now)) return true;
    return (lease_ > 0 || holds_sum_ > 0) && now - last_written_ > renew_after_;
}

bool RedisMeter::urgent() const {
    return relief_ && !room_ && limit_ >= 0;
}

bool RedisMeter::at_rest(Moment now) const {
    return lease_ == 0 && in_use_ == 0 && holds_.empty() && sent_ == 0 &&
           corrections_sent_.empty() && !due(now);
}

void RedisMeter::write_common(std::vector<std::string>& arguments) const {
    std::int64_t life = slots_life;
    if (is_window()) life = 2 * spec_.length.count() + 60'000;
    if (spec_.kind == MeterKind::money) life = money_life;
    arguments.emplace_back(kind_name(spec_.kind));
    arguments.push_back(std::to_string(own_.width()));
    arguments.push_back(std::to_string(life));
    arguments.push_back(std::to_string(spec_.kind == MeterKind::money ? base_ : 0));
}

void RedisMeter::write_ask(std::vector<std::string>& arguments, const Ask& ask) const {
    write_common(arguments);
    arguments.push_back(std::to_string(ask.amount));
    arguments.push_back(std::to_string(ask.limit));
}

void RedisMeter::write_accounts(std::vector<std::string>& arguments, Moment now, Lease lease) {
    pace_ = std::max(drawn_, pace_ * 3 / 4);
    const std::int64_t kept = lease == Lease::keep ? free_to_keep(now) : 0;
    const std::int64_t wished = lease == Lease::keep ? wish(kept, now) : 0;
    // A window's drawn amounts are in the corrections of this batch.
    lease_ = is_window() ? kept : in_use_ + kept;
    lease_limit_ = limit_;
    if (is_window()) in_use_ = 0;
    write_common(arguments);
    for (const std::int64_t number : {limit_, lease_, wished, request_, unsent_}) {
        arguments.push_back(std::to_string(number));
    }
    arguments.push_back(std::to_string(corrections_.size()));
    for (const auto& [slot, difference] : corrections_) {
        arguments.push_back(std::to_string(slot));
        arguments.push_back(std::to_string(difference));
    }
    // Changed ones first: a hold that changed twice ends with its present amount.
    arguments.push_back(std::to_string(hold_changes_.size() + holds_.size()));
    for (const Hold& hold : hold_changes_) {
        arguments.push_back(hold.name);
        arguments.push_back(std::to_string(hold.amount));
    }
    for (const auto& [owner, hold] : holds_) {
        arguments.push_back(hold.name);
        arguments.push_back(std::to_string(hold.amount));
    }
    sent_ = unsent_;
    unsent_ = 0;
    corrections_sent_ = std::exchange(corrections_, {});
    hold_changes_.clear();
    drawn_ = 0;
    wanted_ = false;
    relief_sent_ = std::exchange(relief_, false);
    last_written_ = now;
}

void RedisMeter::answered(std::int64_t granted, bool room, Figures figures) {
    lease_ += granted;
    room_ = room;
    answered_ = true;
    looked_at_ = false;
    base_ = spec_.kind == MeterKind::money ? std::max(base_, figures.base) : figures.base;
    own_known_ = lease_ + holds_sum_;
    others_ = std::max<std::int64_t>(figures.held - own_known_, 0);
    base_at_ = last_written_;
    sent_ = 0;
    relief_sent_ = false;
    corrections_sent_.clear();
}

void RedisMeter::tell_again(Moment now) {
    renew();
    if (!is_window()) return;
    // The batch that found it out has told its corrections already.
    Corrections again;
    own_.each(now, [&](std::int64_t slot, std::int64_t amount) {
        for (const auto& [sent_slot, difference] : corrections_sent_) {
            if (sent_slot == slot) amount -= difference;
        }
        if (amount > 0) again.emplace_back(slot, amount);
    });
    corrections_ = std::move(again);
}

bool RedisMeter::forgettable(Moment now) {
    if (listed || !at_rest(now)) return false;
    if (is_window()) return own_.release_if_empty(now);
    return spec_.kind == MeterKind::slots || now - last_used_ > money_kept;
}

}  // namespace tollgate::shared_state
