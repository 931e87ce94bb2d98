#include "shared_state/redis_scripts.hpp"

// Embedded by the build (tollgate_embed_data).
extern "C" {
extern const char tollgate_data_redis_meter[], tollgate_data_redis_meter_end[];
extern const char tollgate_data_redis_take[], tollgate_data_redis_take_end[];
extern const char tollgate_data_redis_sync[], tollgate_data_redis_sync_end[];
}

namespace tollgate::shared_state {

std::vector<std::string> redis_scripts() {
    const std::string common(tollgate_data_redis_meter, tollgate_data_redis_meter_end);
    return {common + std::string(tollgate_data_redis_take, tollgate_data_redis_take_end),
            common + std::string(tollgate_data_redis_sync, tollgate_data_redis_sync_end)};
}

}  // namespace tollgate::shared_state
