#include "credentials/cached_source.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace tollgate::credentials {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

// How often a waiter looks again: whoever fetched may have been cancelled each time.
constexpr int rounds_max = 8;

base::Error cancelled() { return {base::ErrorCode::cancelled, "the request was cancelled"}; }

}  // namespace

// A caller that waits for somebody else's fetch. Shared with the one who will wake it, which may be
// another thread: that one only posts to the inbox.
struct CachedSource::Waiting {
    std::shared_ptr<net::Loop::Inbox> inbox;
    net::Signal signal;  // loop thread only
};

struct CachedSource::Decision {
    enum class Kind : std::uint8_t { give, fail, fetch, renew, wait };
    Kind kind = Kind::fail;
    CredentialPointer credential = nullptr;      // give, renew
    base::Error failure = {};                    // fail
    std::shared_ptr<Waiting> waiting = nullptr;  // wait
};

// Ends the flight however the fetch ends, also by an exception, and wakes those who wait for it.
struct CachedSource::Flight {
    CachedSource& source;
    explicit Flight(CachedSource& of) : source(of) {}
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    ~Flight() {
        for (std::shared_ptr<Waiting>& waiting : source.land()) {
            const std::shared_ptr<net::Loop::Inbox> inbox = waiting->inbox;
            inbox->post([waiting] { waiting->signal.notify(); });
        }
    }
};

CachedSource::CachedSource(std::unique_ptr<const Fetcher> fetcher, WallClock clock)
    : fetcher_(std::move(fetcher)), clock_(std::move(clock)) {}

CachedSource::~CachedSource() = default;

std::string CachedSource::describe() const { return fetcher_->describe(); }

CachedSource::Decision CachedSource::decide() {
    const WallTime now = clock_();
    std::lock_guard lock(mutex_);
    if (current_ && now < refresh_at_) return {Decision::Kind::give, current_};
    const WallTime remembered_until = failed_at_ + failed_for_;
    // A clock that was set back must not make a failure last.
    const bool failed = failed_for_ > seconds(0) && now < remembered_until && now >= failed_at_;
    if (current_ && now < usable_until_) {
        if (in_flight_ || failed) return {Decision::Kind::give, current_};
        in_flight_ = true;
        return {Decision::Kind::renew, current_};
    }
    if (failed) return {Decision::Kind::fail, nullptr, failure_};
    if (!in_flight_) {
        in_flight_ = true;
        return {Decision::Kind::fetch};
    }
    auto waiting = std::make_shared<Waiting>();
    waiting->inbox = net::Loop::current().inbox();
    waiting_.push_back(waiting);
    return {Decision::Kind::wait, nullptr, {}, std::move(waiting)};
}

std::vector<std::shared_ptr<CachedSource::Waiting>> CachedSource::land() {
    std::lock_guard lock(mutex_);
    in_flight_ = false;
    return std::exchange(waiting_, {});
}

base::Result<CredentialPointer> CachedSource::conclude(base::Result<domain::Credential> fetched) {
    const WallTime now = clock_();
    std::lock_guard lock(mutex_);
    if (fetched.ok()) {
        const WallTime end = std::max(fetched->expires, now + lifetime_min);
        current_ = std::make_shared<const domain::Credential>(std::move(fetched).value());
        usable_until_ = end;
        refresh_at_ = end;
        if (end != WallTime::max()) {
            refresh_at_ -= std::min<WallTime::duration>(refresh_margin, (end - now) / 2);
        }
        failed_for_ = seconds(0);
        return current_;
    }
    if (fetched.error().code == base::ErrorCode::cancelled) return fetched.error();
    failed_for_ = failed_for_ == seconds(0) ? failure_memory
                                            : std::min(2 * failed_for_, failure_memory_max);
    failed_at_ = now;
    failure_ = fetched.error();
    base::log().warn("credential_failed", {{"source", fetcher_->describe()},
                                           {"reason", failure_.message},
                                           {"retry_after_s", failed_for_.count()}});
    if (current_ && now < usable_until_) return current_;
    return failure_;
}

net::Task<base::Result<CredentialPointer>> CachedSource::get(http::Client& client,
                                                             net::CancelScope* scope) {
    const net::Instant patience_end = net::Clock::now() + fetch_time_max;
    for (int round = 0; round < rounds_max; ++round) {
        Decision decision = decide();
        switch (decision.kind) {
            case Decision::Kind::give: co_return std::move(decision.credential);
            case Decision::Kind::fail: co_return std::move(decision.failure);
            case Decision::Kind::fetch:
            case Decision::Kind::renew: {
                const Flight flight(*this);
                const bool renewal = decision.kind == Decision::Kind::renew;
                const auto time = renewal ? renewal_time_max : fetch_time_max;
                const FetchContext context{client, scope, net::Clock::now() + time};
                auto fetched = co_await fetcher_->fetch(context);
                co_return conclude(std::move(fetched));
            }
            case Decision::Kind::wait: {
                const net::Patience patience{patience_end, scope};
                const net::Wake wake = co_await decision.waiting->signal.wait(patience);
                if (wake == net::Wake::cancelled) co_return cancelled();
                if (wake == net::Wake::ready) break;
                co_return base::Error{base::ErrorCode::unavailable,
                                      "the credential of " + describe() + " did not come within " +
                                          std::to_string(fetch_time_max.count()) + " seconds"};
            }
        }
    }
    co_return base::Error{base::ErrorCode::unavailable,
                          "the credential of " + describe() + " could not be waited for: those "
                          "who asked for it were cancelled again and again"};
}

void CachedSource::refused(const CredentialPointer& credential) {
    const WallTime now = clock_();
    {
        std::lock_guard lock(mutex_);
        if (current_ != credential) return;  // somebody has renewed it already
        if (now >= refused_at_ && now - refused_at_ < refusal_interval) return;
        refused_at_ = now;
        current_ = nullptr;
    }
    base::log().info("credential_refused", {{"source", fetcher_->describe()}});
}

std::string variable(const Variables& variables, std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
}

}  // namespace tollgate::credentials
