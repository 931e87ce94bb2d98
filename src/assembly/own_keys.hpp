// The provider keys that users brought, gathered by user for the directory. Values; used while one
// is built.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>

#include "assembly/directory_rows.hpp"
#include "policy/own_keys.hpp"

namespace tollgate::assembly {

class OwnKeysByUser {
public:
    // Users whose settings say use_byok: false have none. `vault` null: nobody has.
    OwnKeysByUser(const DirectoryRows& rows,
                  const std::shared_ptr<const policy::KeyVault>& vault);
    // Null: none. A key of no user has none.
    std::shared_ptr<const policy::OwnKeys> of(const std::string& tenant,
                                              const std::string& user) const;

private:
    std::unordered_map<std::string, std::shared_ptr<const policy::OwnKeys>> by_user_;
};

// Whose a user's stored key is.
policy::CredentialOwner owner_of(const domain::UserProviderKey& key);

}  // namespace tollgate::assembly
