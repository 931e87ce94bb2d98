// The headers of one provider call, put together from the row, the deployment and the credential.
// Pure functions over HeaderList. Names are compared without regard to case.
#pragma once
#include <string>
#include <string_view>

#include "domain/target.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

bool has_header(const HeaderList& list, std::string_view name);
// Replaces the value of the header, or appends it.
void set_header(HeaderList& list, std::string_view name, std::string_view value);
void set_default_header(HeaderList& list, std::string_view name, std::string_view value);
// The credential as the provider's AuthStyle wants it; nothing when there is none.
void add_credential(HeaderList& list, const domain::Deployment& target);
// Static headers of the provider's row (defaults), then those of the deployment (they win).
void add_configured(HeaderList& list, const domain::Deployment& target);

// base_url and `path` are joined by the caller: this takes a leading /v1 off `path` when base_url
// already ends in it, so that both ways of writing a base URL work.
std::string_view path_below(std::string_view base_url, std::string_view path);

}  // namespace tollgate::providers
