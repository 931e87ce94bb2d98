// What the files about providers, models and users' provider keys share. See handlers.hpp.
#pragma once
#include <string>

#include "admin/call.hpp"
#include "admin/provider_service.hpp"
#include "policy/key_vault.hpp"
#include "store/providers.hpp"

namespace tollgate::admin {

// Whose a provider's stored credential is, as it stands inside the token.
policy::CredentialOwner credential_owner(const domain::ProviderRow& provider);
// "" : it has none. Fails: store::conflict() when what is stored cannot be opened.
base::Result<std::string> credential_of(const Services& services,
                                        const domain::ProviderRow& provider);

// Whether some alias of the routing rules leads to it.
base::Result<bool> named_by_alias(store::Session& session, const domain::ModelRow& model);

// A list as a bare array, for shapes that say so; where more follows, x-next-cursor says from
// where.
template <typename Object>
base::Result<void> show_array(Call& call, const store::Page<Object>& page) {
    std::string text;
    json::Writer writer(text);
    writer.begin_array();
    for (const Object& item : page.items) write(writer, item);
    writer.end_array();
    if (!page.next.empty()) call.header("x-next-cursor", page.next);
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
