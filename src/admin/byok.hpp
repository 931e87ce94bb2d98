// What byok.cpp shares with the JSON of its keys.
#pragma once
#include "base/json.hpp"
#include "domain/providers.hpp"

namespace tollgate::admin {

// "preferences": {preferred_models, max_cost_per_request} in US dollars.
void write_preferences(json::Writer& writer, const domain::UserProviderKey& key);

}  // namespace tollgate::admin
