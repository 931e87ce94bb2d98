// The right to be answered now: bounds how many requests are in flight. RAII; one thread.
#pragma once
#include <string>
#include <utility>

#include "base/result.hpp"
#include "gateway/gateway.hpp"
#include "gateway/settle.hpp"

namespace tollgate::gateway {

class Admission {
public:
    explicit Admission(Gateway* gateway) : gateway_(gateway) {}
    Admission(Admission&& other) noexcept : gateway_(std::exchange(other.gateway_, nullptr)) {}
    Admission& operator=(Admission&& other) noexcept {
        std::swap(gateway_, other.gateway_);
        return *this;
    }
    ~Admission() {
        if (gateway_ != nullptr) gateway_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    }

private:
    Gateway* gateway_;
};

// Fails: overloaded with Retry-After when server.limits.in_flight requests are being answered.
base::Result<Admission> admit(Gateway& gateway, const Snapshot& snapshot);

// The label of tollgate_refused_total.
std::string refusal_reason(base::ErrorCode code);

}  // namespace tollgate::gateway
