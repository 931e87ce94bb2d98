// Where a deployment serves from, and whether a key may be served there. Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "domain/target.hpp"

namespace tollgate::policy {

// The region in which a request may be processed: a cloud's region ("eu-central-1",
// "europe-west4"), the wider place that a Bedrock profile or a Google location stands for ("eu",
// "us", "apac", "global"), "local" for this machine's own, or "anywhere" when nothing says it.
std::string region_of(const domain::Deployment& target);

// Whether one of `allowed` names the region: the same name in any case, a beginning that ends in a
// star ("eu-*"), or "eu" and "us" for every region of a cloud in the European Union and in the
// United States. "anywhere" is allowed by a lone star only.
bool in_regions(const std::vector<std::string>& allowed, std::string_view region);

}  // namespace tollgate::policy
