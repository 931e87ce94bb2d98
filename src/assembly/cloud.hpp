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

// Who asks: an entry or an account of the configuration, or a name that came with a request
// (`bedrock/...`), which must not make a cloud usable that nobody has set up here.
enum class Asked : std::uint8_t { by_configuration, by_name };

// True when the settings themselves name a credential of that kind: then a key of the environment
// does not stand in its way.
bool names_credential(const domain::ProviderTraits& row, const config::CloudSettings& settings);

// The source of a credential of `row`, or null where nothing says that there is one: neither a
// setting, nor a variable or a file of the cloud's own tools. The machine's metadata server counts
// where a variable points to it, or where the configuration asks and the machine is that cloud's
// (Shared::machine). Equal settings share one source, also across reloads (`shared`), so that a
// reload signs in nowhere. Looks at small files: blocking. Fails: permission naming what is missing
// beside what is there (a client_id without its secret); invalid_request for what cannot be read.
base::Result<credentials::SourcePointer> credential_source(const domain::ProviderTraits& row,
                                                           const config::CloudSettings& settings,
                                                           const domain::CloudPlace& place,
                                                           const config::Environment& environment,
                                                           Shared& shared,
                                                           Asked asked = Asked::by_configuration);

// Who asks, and whether it may wait; see Shared::place().
struct Asking {
    Asked asked;
    Shared::Waiting waiting;
};

// Fills in what only the machine's metadata server knows, where it may be asked: the project on
// Google's machines, the region on EC2. `here` blocks for two seconds at most, once.
void complete_place(const domain::ProviderTraits& row, const config::CloudSettings& settings,
                    const config::Environment& environment, Shared& shared, Asking asking,
                    domain::CloudPlace& place);

// ", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ...": the ways to sign in besides a key.
std::string other_ways(domain::CredentialKind kind);

}  // namespace tollgate::assembly
