#include "gateway/admission.hpp"

namespace tollgate::gateway {

base::Result<Admission> admit(Gateway& gateway, const Snapshot& snapshot) {
    const std::int64_t before = gateway.in_flight.fetch_add(1, std::memory_order_relaxed);
    Admission admission(&gateway);
    if (before >= snapshot.in_flight_max) {
        return base::Error{base::ErrorCode::overloaded,
                           "the gateway is answering " + std::to_string(before) +
                               " requests already (server.limits.in_flight): try again shortly",
                           "", std::chrono::seconds(1)};
    }
    return admission;
}

std::string refusal_reason(base::ErrorCode code) {
    switch (code) {
        case base::ErrorCode::authentication: return "authentication";
        case base::ErrorCode::permission: return "permission";
        case base::ErrorCode::not_found: return "unknown_model";
        case base::ErrorCode::too_large: return "too_large";
        case base::ErrorCode::overloaded: return "overload";
        case base::ErrorCode::request_timeout: return "slow_client";
        case base::ErrorCode::cancelled: return "client_gone";
        default: return "bad_request";
    }
}

}  // namespace tollgate::gateway
