#include "gateway/admission.hpp"

#include <algorithm>
#include <array>

namespace tollgate::gateway {
namespace {

using std::chrono::seconds;

constexpr std::array<double, 12> wait_bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.25,
                                                0.5,   1,     2,    5,    10,  30};
constexpr seconds retry_after_max{60};

// What the next in turn has waited so far is what a newcomer has to expect.
seconds retry_after(net::Instant since) {
    const auto waited = std::chrono::ceil<seconds>(net::Clock::now() - since);
    return std::clamp(waited, seconds(1), retry_after_max);
}

}  // namespace

AdmissionMetrics::AdmissionMetrics(base::Registry& registry)
    : wait(registry.histogram("tollgate_admission_wait_seconds",
                              "Time that requests waited for a place, of those that had to", {},
                              wait_bounds)
               .with({})),
      tenant_queue(refused(registry, "tenant_queue")), queue(refused(registry, "queue")),
      timeout(refused(registry, "timeout")) {}

base::Counter& AdmissionMetrics::refused(base::Registry& registry, std::string_view reason) {
    return registry.counter("tollgate_admission_refused_total",
                            "Requests refused for want of a place, by what was full", {"reason"})
        .with({reason});
}

// --- entering ------------------------------------------------------------------------------------

net::Task<base::Result<Admission>> AdmissionQueue::wait(std::string_view tenant,
                                                        net::CancelScope& scope) {
    auto place = std::make_shared<Place>();
    net::Loop& loop = net::Loop::current();
    place->loop = &loop;
    place->inbox = loop.inbox();
    place->since = net::Clock::now();
    CO_TRY(const net::Instant until, line_up(tenant, place));
    if (until == at_once) co_return Admission(this);
    const net::Patience patience{until, &scope};
    const net::Wake wake = co_await place->signal.wait(patience);
    co_return end_wait(place, wake, scope.reason());
}

base::Result<net::Instant> AdmissionQueue::line_up(std::string_view tenant,
                                                   const PlacePointer& place) {
    const std::lock_guard lock(mutex_);
    const auto found = tenants_.find(tenant);
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (true) {
        const bool free = state < running_max_.load(std::memory_order_relaxed);
        if (!free) {
            if (auto refused = refusal(found == tenants_.end() ? turns_.end() : found->second)) {
                return *std::move(refused);
            }
        }
        // Fails when somebody has left meanwhile, unseen by the lock: then there is a place.
        if (state_.compare_exchange_weak(state, state + (free ? 1 : one_waiting),
                                         std::memory_order_relaxed)) {
            if (free) return at_once;
            break;
        }
    }
    Turn turn = turns_.end();
    if (found != tenants_.end()) {
        turn = found->second;
    } else {
        turn = turns_.insert(turns_.end(), Tenant{std::string(tenant), {}});
        tenants_.emplace(turn->name, turn);
    }
    place->tenant = turn;
    place->position = turn->places.insert(turn->places.end(), place);
    return place->since + settings_.wait_max;
}

std::optional<base::Error> AdmissionQueue::refusal(Turn tenant) {
    const std::int64_t all = waiting();
    const std::int64_t own =
        tenant == turns_.end() ? 0 : static_cast<std::int64_t>(tenant->places.size());
    const std::int64_t free = settings_.waiting_max - all;
    if (free <= 0) {
        metrics_.queue.add();
        base::Error error;
        error.code = base::ErrorCode::overloaded;
        error.message = "the gateway is answering " + std::to_string(running()) +
                        " requests (server.limits.in_flight) and " + std::to_string(all) +
                        " wait (server.limits.queue): try again shortly";
        error.retry_after = turns_.empty() ? seconds(1)
                                           : retry_after(turns_.front().places.front()->since);
        return error;
    }
    // However few tenants fill the queue, each leaves as much free as it has taken.
    if (own < std::min(settings_.waiting_per_tenant_max, free)) return std::nullopt;
    metrics_.tenant_queue.add();
    return base::Error{base::ErrorCode::rate_limited,
                       std::to_string(own) +
                           " requests of this tenant wait for a place already "
                           "(server.limits.queue_per_tenant): send fewer at a time",
                       "", retry_after(tenant->places.front()->since)};
}

base::Result<Admission> AdmissionQueue::end_wait(const PlacePointer& place, net::Wake wake,
                                                 net::CancelReason reason) {
    bool admitted = false;
    base::Error error;
    {
        const std::lock_guard lock(mutex_);
        admitted = place->admitted;
        if (!admitted) {
            take_out(*place);
            state_.fetch_sub(one_waiting, std::memory_order_relaxed);
            if (wake == net::Wake::timeout) error = waited_too_long();
        }
    }
    std::optional<Admission> admission;
    if (admitted) admission.emplace(Admission(this, net::Clock::now() - place->since));
    if (wake == net::Wake::cancelled) {
        // A place that was given meanwhile goes to the next.
        if (reason == net::CancelReason::shutdown) {
            return base::Error{base::ErrorCode::unavailable,
                               "the gateway stopped while the request waited for a place"};
        }
        return base::Error{base::ErrorCode::cancelled,
                           "the request was ended while it waited for a place"};
    }
    if (admission) {
        metrics_.wait.observe(std::chrono::duration<double>(admission->waited()).count());
        return *std::move(admission);
    }
    metrics_.timeout.add();
    return error;
}

base::Error AdmissionQueue::waited_too_long() const {
    const double waited = std::chrono::duration<double>(settings_.wait_max).count();
    std::string text = std::to_string(waited);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return {base::ErrorCode::overloaded,
            "no place came free within " + text + " s (server.limits.queue_timeout): the gateway "
            "is answering " + std::to_string(running()) +
                " requests (server.limits.in_flight); try again shortly",
            "", std::clamp(std::chrono::ceil<seconds>(settings_.wait_max), seconds(1),
                           retry_after_max)};
}

// --- leaving -------------------------------------------------------------------------------------

void AdmissionQueue::leave() {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (state < one_waiting) {
        if (state_.compare_exchange_weak(state, state - 1, std::memory_order_relaxed)) return;
    }
    std::vector<PlacePointer> admitted;
    {
        const std::lock_guard lock(mutex_);
        state_.fetch_sub(1, std::memory_order_relaxed);
        fill(admitted);
    }
    wake(admitted, From::loop_thread);
}

void AdmissionQueue::fill(std::vector<PlacePointer>& admitted) {
    // While somebody waits nobody enters or leaves without the mutex: these two stay as they are.
    while (waiting() > 0 &&
           running() < static_cast<std::int64_t>(running_max_.load(std::memory_order_relaxed))) {
        const Turn turn = turns_.begin();
        turns_.splice(turns_.end(), turns_, turn);
        PlacePointer next = turn->places.front();
        next->admitted = true;
        take_out(*next);
        state_.fetch_add(1 - one_waiting, std::memory_order_relaxed);
        admitted.push_back(std::move(next));
    }
}

void AdmissionQueue::take_out(Place& place) {
    const Turn turn = place.tenant;
    turn->places.erase(place.position);
    if (!turn->places.empty()) return;
    tenants_.erase(turn->name);
    turns_.erase(turn);
}

void AdmissionQueue::wake(const std::vector<PlacePointer>& places, From from) {
    net::Loop* here = from == From::loop_thread ? net::Loop::current_or_null() : nullptr;
    for (const PlacePointer& place : places) {
        if (place->loop == here) {
            place->signal.notify();
        } else {
            place->inbox->post([place] { place->signal.notify(); });
        }
    }
}

// --- settings ------------------------------------------------------------------------------------

void AdmissionQueue::configure(const AdmissionSettings& settings) {
    std::vector<PlacePointer> admitted;
    {
        const std::lock_guard lock(mutex_);
        settings_ = settings;
        running_max_.store(static_cast<std::uint64_t>(std::max<std::int64_t>(
                               settings.running_max, 1)),
                           std::memory_order_relaxed);
        fill(admitted);
    }
    wake(admitted, From::elsewhere);
}

std::string refusal_reason(base::ErrorCode code) {
    switch (code) {
        case base::ErrorCode::authentication: return "authentication";
        case base::ErrorCode::permission: return "permission";
        case base::ErrorCode::not_found: return "unknown_model";
        case base::ErrorCode::too_large: return "too_large";
        case base::ErrorCode::rate_limited: return "rate_limit";
        case base::ErrorCode::billing: return "budget";
        case base::ErrorCode::unavailable: return "unavailable";
        case base::ErrorCode::overloaded: return "overload";
        case base::ErrorCode::request_timeout: return "slow_client";
        case base::ErrorCode::cancelled: return "client_gone";
        default: return "bad_request";
    }
}

}  // namespace tollgate::gateway
