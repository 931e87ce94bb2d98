// The Lua programs that decide inside Redis (lua/*.lua), as sources.
#pragma once
#include <string>
#include <vector>

namespace tollgate::shared_state {

enum class RedisScript : std::size_t { take, sync };
// By the numbers above.
std::vector<std::string> redis_scripts();

}  // namespace tollgate::shared_state
