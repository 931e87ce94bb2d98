// The process environment as a value, taken once.
#pragma once
#include <map>
#include <string>

namespace tollgate::secret_sources {

// A copy of all variables. Call it before threads that change the environment (none of ours does).
std::map<std::string, std::string, std::less<>> process_environment();

}  // namespace tollgate::secret_sources
