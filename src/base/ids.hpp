// Identifiers: UUIDs of version 7 (they sort by time), from a per-thread generator that the system
// seeds. Any thread. Not secret: never use one as a credential.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace tollgate::base {

// "01939f3e-7b1c-7a3e-9c1d-0123456789ab". Format: RFC 9562 section 5.7.
std::string uuid7();
// The same of a moment that the caller has read.
std::string uuid7(std::chrono::milliseconds since_epoch);
// A random number from the same generator.
std::uint64_t random_u64();

}  // namespace tollgate::base
