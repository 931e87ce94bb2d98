#include "shared_state/redis_sync.hpp"

#include <algorithm>
#include <utility>

#include "shared_state/redis_scripts.hpp"

namespace tollgate::shared_state {
namespace {

constexpr std::chrono::milliseconds together{1};  // haste waits so long for company
constexpr Moment silence_max = 1'000'000;         // then it asks how many instances there are

struct Batch {
    std::vector<std::string> arguments;  // of the script, from the number of keys on
    std::vector<RedisMeterPointer> meters;
};

class Carrier {
public:
    explicit Carrier(std::shared_ptr<RedisCore> core)
        : core_(std::move(core)),
          client_(std::make_shared<RedisClient>(net::Loop::current(), core_->settings)) {}

    // One exchange of all that is due. `awaited`: somebody waits for Redis to be heard of.
    enum class Word : std::uint8_t { if_due, awaited };
    net::Task<void> round(RedisMeter::Lease lease, Word word);
    void close() { client_->close(); }

private:
    Batch write(std::span<const RedisMeterPointer> meters, RedisMeter::Lease lease);
    net::Task<bool> send();
    bool read(const Reply& reply);
    void forget_epoch();

    std::shared_ptr<RedisCore> core_;
    std::shared_ptr<RedisClient> client_;
    std::optional<Batch> unanswered_;
    std::uint64_t number_ = 0;
    std::string epoch_;
    Moment last_sent_ = 0;
};

Batch Carrier::write(std::span<const RedisMeterPointer> meters, RedisMeter::Lease lease) {
    const RedisOptions& options = core_->options;
    const std::string life = std::to_string(options.hold_life.count() * 1000);
    Batch batch;
    batch.meters.assign(meters.begin(), meters.end());
    batch.arguments = {std::to_string(3 + 2 * meters.size()),
                       options.prefix + "instance:" + core_->instance,
                       options.prefix + "instances", options.prefix + "epoch"};
    for (const RedisMeterPointer& meter : meters) {
        batch.arguments.push_back(meter->hash_key);
        batch.arguments.push_back(meter->holds_key);
    }
    batch.arguments.push_back(core_->instance);
    batch.arguments.push_back(std::to_string(++number_));
    batch.arguments.push_back(life);
    batch.arguments.push_back(lease == RedisMeter::Lease::keep ? life : "0");
    for (const RedisMeterPointer& meter : meters) {
        std::lock_guard lock(meter->mutex);
        meter->write_accounts(batch.arguments, core_->now(), lease);
    }
    return batch;
}

net::Task<bool> Carrier::send() {
    std::vector<std::string> arguments = unanswered_->arguments;
    const auto script = static_cast<std::size_t>(RedisScript::sync);
    auto reply = co_await client_->run_script(script, std::move(arguments),
                                              core_->options.sync_patience);
    if (!reply.ok()) {
        core_->lost(reply.error());
        co_return false;
    }
    if (!read(*reply)) {
        core_->lost(base::Error{base::ErrorCode::provider,
                                core_->settings->address.text() + ": an answer of wrong shape"});
        co_return false;
    }
    last_sent_ = core_->now();
    unanswered_.reset();
    core_->found();
    co_return true;
}

bool Carrier::read(const Reply& reply) {
    constexpr std::size_t head = 3, each = 4;
    const std::vector<RedisMeterPointer>& meters = unanswered_->meters;
    if (reply.items.size() != head + each * meters.size()) return false;
    core_->heard_time(reply.items[1].integer);
    core_->instances.store(std::max<std::int64_t>(reply.items[2].integer, 1));
    const bool lost_memory = !epoch_.empty() && epoch_ != reply.items[0].text;
    epoch_ = reply.items[0].text;
    if (lost_memory) forget_epoch();
    for (std::size_t i = 0; i < meters.size(); ++i) {
        const Reply* figures = &reply.items[head + each * i];
        std::lock_guard lock(meters[i]->mutex);
        meters[i]->answered(figures[0].integer, figures[1].integer != 0,
                            {figures[2].integer, figures[3].integer});
    }
    return true;
}

void Carrier::forget_epoch() {
    for (const RedisMeterPointer& meter : core_->all_meters()) {
        std::lock_guard lock(meter->mutex);
        meter->tell_again(core_->now());
        core_->list(*meter);
    }
}

net::Task<void> Carrier::round(RedisMeter::Lease lease, Word word) {
    if (unanswered_ && !co_await send()) co_return;
    std::vector<RedisMeterPointer> due;
    for (const RedisMeterPointer& meter : core_->listed_meters()) {
        std::lock_guard lock(meter->mutex);
        if (lease == RedisMeter::Lease::give_back || meter->due(core_->now())) due.push_back(meter);
    }
    const Moment silence = std::min(silence_max, core_->renew_after());
    const bool speak = word == Word::awaited || core_->now() - last_sent_ > silence ||
                       !core_->online();
    if (due.empty() && speak) {
        unanswered_ = write({}, lease);
        if (!co_await send()) co_return;
    }
    for (std::size_t from = 0; from < due.size(); from += batch_meters_max) {
        const std::size_t count = std::min(batch_meters_max, due.size() - from);
        unanswered_ = write(std::span<const RedisMeterPointer>(due).subspan(from, count), lease);
        if (!co_await send()) co_return;
    }
    core_->unlist_resting();
}

std::vector<std::function<void()>> take_waiting(RedisCore& core) {
    std::lock_guard lock(core.home_mutex);
    return std::exchange(core.when_carried, {});
}

}  // namespace

net::Task<void> carry_accounts(std::shared_ptr<RedisCore> core) {
    Carrier carrier(core);
    for (bool last = false; !last;) {
        core->hurried = false;
        const auto waiting = take_waiting(*core);
        // After them: who closes waits for the last round.
        last = core->closing;
        const auto lease = last ? RedisMeter::Lease::give_back : RedisMeter::Lease::keep;
        const auto word = waiting.empty() && !last ? Carrier::Word::if_due
                                                   : Carrier::Word::awaited;
        co_await carrier.round(lease, word);
        for (const auto& tell : waiting) tell();
        if (last) break;
        const net::Patience tick{net::Clock::now() + core->options.sync_every, nullptr};
        const net::Wake wake = co_await core->work.wait(tick);
        if (wake == net::Wake::ready && !core->closing) (void)co_await net::sleep_for(together);
    }
    {
        std::lock_guard lock(core->home_mutex);
        core->home.reset();
    }
    for (const auto& tell : take_waiting(*core)) tell();
    carrier.close();
}

}  // namespace tollgate::shared_state
