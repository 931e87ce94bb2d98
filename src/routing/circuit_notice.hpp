// What instances tell each other when a circuit opens or closes, as one line of text:
//     tollgate-circuit/1 INSTANCE STATE OPEN_FOR_MS OPENINGS REASON DEPLOYMENT
// The time is what is left, not when it ends: clocks of machines differ, delivery takes little.
// The deployment's key stands last and may hold spaces. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "routing/health.hpp"

namespace tollgate::routing {

constexpr std::chrono::milliseconds notice_open_max = std::chrono::hours(24 * 31);
constexpr std::size_t notice_bytes_max = 1024;

struct CircuitNotice {
    std::string instance;    // who says it; without spaces. Ignore what comes from oneself
    std::string deployment;  // which one, alike on all instances
    CircuitChange change;
};

// REQUIRES: instance and deployment not empty, no space in the instance, no line break in either.
std::string encode(const CircuitNotice& notice);
// Fails: invalid_request, saying which part is wrong; a message of a later version too.
base::Result<CircuitNotice> decode_circuit_notice(std::string_view text);

}  // namespace tollgate::routing
