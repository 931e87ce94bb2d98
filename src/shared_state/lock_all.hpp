// Locks the meters of several asks at once, in one order for all threads, so that a take is decided
// on all of them or none and two takes never wait for each other in a ring.
#pragma once
#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <vector>

#include "shared_state/shared_state.hpp"

namespace tollgate::shared_state {

// M: a Meter with a public member `mutex`. Holds the locks until destroyed.
template <typename M>
class LockAll {
public:
    explicit LockAll(std::span<const Ask> asks) {
        M** first = few_.data();
        if (asks.size() > few_.size()) {
            many_.resize(asks.size());
            first = many_.data();
        }
        std::size_t count = 0;
        for (const Ask& ask : asks) first[count++] = static_cast<M*>(ask.meter);
        // Who asks mostly asks in order.
        if (!strictly_ascending(first, count)) {
            std::sort(first, first + count);
            // The same meter may be asked twice.
            count = static_cast<std::size_t>(std::unique(first, first + count) - first);
        }
        locked_ = {first, count};
        for (M* meter : locked_) meter->mutex.lock();
    }
    ~LockAll() {
        for (M* meter : locked_) meter->mutex.unlock();
    }
    LockAll(const LockAll&) = delete;
    LockAll& operator=(const LockAll&) = delete;

private:
    static bool strictly_ascending(M* const* meters, std::size_t count) {
        bool ascending = true;
        for (std::size_t i = 1; i < count; ++i) {
            ascending &= std::less<>()(meters[i - 1], meters[i]);
        }
        return ascending;
    }

    std::array<M*, 16> few_;
    std::vector<M*> many_;
    std::span<M*> locked_;
};

}  // namespace tollgate::shared_state
