// The Source that everything else is built on: keeps what a Fetcher obtained, renews it in time,
// and lets one caller fetch while the others wait or go on with what there is.
//
// Threading: any loop's thread. One fetch at a time in the whole process; a waiter is woken on its
// own loop. When the caller that fetches is cancelled, a waiter takes over.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "credentials/fetcher.hpp"
#include "credentials/source.hpp"

namespace tollgate::credentials {

using WallTime = std::chrono::system_clock::time_point;
using WallClock = std::function<WallTime()>;

// Renewed this long before its end, or half of its life before when it lives shorter.
constexpr std::chrono::minutes refresh_margin{5};
// What a service just gave is used this long even if our clock calls it expired: clocks differ.
constexpr std::chrono::seconds lifetime_min{60};
// How long a failure is remembered; doubled with each further one.
constexpr std::chrono::seconds failure_memory{5};
constexpr std::chrono::seconds failure_memory_max{60};
// A refusal this soon after another one is no reason to fetch again: the new one is refused too.
constexpr std::chrono::seconds refusal_interval{30};
constexpr std::chrono::seconds fetch_time_max{30};
// The same while the old credential still works: a request should not wait for what it can do
// without.
constexpr std::chrono::seconds renewal_time_max{5};

class CachedSource final : public Source {
public:
    explicit CachedSource(std::unique_ptr<const Fetcher> fetcher,
                          WallClock clock = std::chrono::system_clock::now);
    ~CachedSource() override;
    net::Task<base::Result<CredentialPointer>> get(http::Client& client,
                                                   net::CancelScope* scope) override;
    void refused(const CredentialPointer& credential) override;
    std::string describe() const override;

private:
    struct Waiting;
    struct Decision;
    struct Flight;
    Decision decide();
    base::Result<CredentialPointer> conclude(base::Result<domain::Credential> fetched);
    std::vector<std::shared_ptr<Waiting>> land();

    const std::unique_ptr<const Fetcher> fetcher_;
    const WallClock clock_;
    std::mutex mutex_;  // never held across an await; guards all below
    CredentialPointer current_;
    WallTime refresh_at_, usable_until_;
    bool in_flight_ = false;
    std::vector<std::shared_ptr<Waiting>> waiting_;
    base::Error failure_;
    WallTime failed_at_;
    std::chrono::seconds failed_for_{0};  // 0: the last fetch went well
    WallTime refused_at_;
};

}  // namespace tollgate::credentials
