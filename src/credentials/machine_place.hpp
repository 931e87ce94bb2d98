// Where this machine is, as its cloud's metadata server says. For start and reload only: blocks the
// calling thread, for two seconds at most, on a loop of its own.
#pragma once
#include <chrono>
#include <string>

#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

constexpr std::chrono::seconds machine_place_time{2};

// The project of the machine at `host` (GCE_METADATA_HOST; "": metadata.google.internal); "" when
// nobody answers there as Google does.
std::string metadata_project(const std::string& host);

// The region of the EC2 instance; "" when its metadata service does not say it.
std::string instance_region(const Variables& variables);

}  // namespace tollgate::credentials
