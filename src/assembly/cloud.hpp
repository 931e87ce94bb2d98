// What only clouds have: where a model is, and how one signs in there without a configured key.
// From a model_list entry's settings, its account's and the environment, in this order.
#pragma once
#include <string>

#include "assembly/build_snapshot.hpp"
#include "credentials/source.hpp"
#include "domain/target.hpp"

namespace tollgate::assembly {

// The entry's settings, completed by its account's (may be null).
config::CloudSettings merged(const config::CloudSettings& entry,
                             const config::CloudSettings* account);

// What is named nowhere stays empty: the provider says then what it needs.
domain::CloudPlace place_of(const domain::ProviderTraits& row,
                            const config::CloudSettings& settings, const std::string& api_version,
                            const config::Environment& environment);

// The source of a credential of `row`, or null where nothing says that there is one: neither a
// setting nor a variable of the cloud's own tools. Equal settings share one source, also across
// reloads (`shared`), so that a reload signs in nowhere. Fails: permission naming what is missing
// beside what is there (a client_id without its secret); invalid_request for what cannot be read.
base::Result<credentials::SourcePointer> credential_source(const domain::ProviderTraits& row,
                                                           const config::CloudSettings& settings,
                                                           const domain::CloudPlace& place,
                                                           const config::Environment& environment,
                                                           Shared& shared);

}  // namespace tollgate::assembly
