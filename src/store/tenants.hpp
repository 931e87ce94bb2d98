// Tenants as rows. Blocking; see page.hpp for access, errors and paging. Members of a tenant
// (keys, users, ...) have repositories of their own.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

struct TenantFilter {
    std::optional<bool> enabled;
    std::string text;           // part of the name or id, case of ASCII letters ignored; "" : any
    bool with_removed = false;  // also those that are kept only because usage names them
};

// Inserts and gives the row as stored: an empty id becomes a UUID, created and updated are set
// when 0, etag is 1. REQUIRES: platform access. Fails: is_conflict() with field "name" or "id".
base::Result<domain::Tenant> insert_tenant(Session& session, const Access& access,
                                           domain::Tenant tenant);
// Removed tenants are found by id only, not by name.
base::Result<domain::Tenant> tenant_by_id(Session& session, const Access& access,
                                          std::string_view id);
base::Result<domain::Tenant> tenant_by_name(Session& session, const Access& access,
                                            std::string_view name);
// What people type: an id, else a name.
base::Result<domain::Tenant> find_tenant(Session& session, const Access& access,
                                         std::string_view id_or_name);
// Writes every field but id, created and removed; gives the row as stored (etag one higher).
// Fails: not_found, is_lost_update() when tenant.etag is not the row's, is_conflict() ("name").
base::Result<domain::Tenant> update_tenant(Session& session, const Access& access,
                                           domain::Tenant tenant);

enum class Removal : std::uint8_t { deleted, kept_disabled };
// Deletes the tenant with everything it owns when no usage and no movement of credits names it;
// else disables it, frees its name and revokes its keys, and the rows stay for the reports.
// REQUIRES: platform access. Fails: not_found.
base::Result<Removal> remove_tenant(Session& session, const Access& access, std::string_view id);

base::Result<Page<domain::Tenant>> list_tenants(Session& session, const Access& access,
                                                const TenantFilter& filter,
                                                const PageRequest& page);
// Every tenant that is not removed, for the directory. REQUIRES: platform access.
base::Result<std::vector<domain::Tenant>> load_tenants(Session& session);

// Which side wins when a file defines what was made by API: the configuration's
// config.precedence. The other side's row is never merged.
enum class Precedence : std::uint8_t { database, file };
enum class FileOutcome : std::uint8_t {
    created,
    updated,
    unchanged,  // nothing was written
    conflict,   // a row of the API has that id or name, and was left as it is
    taken_over  // the same, with Precedence::file: the row is the file's now and keeps its id
};
struct FileUpsert {
    std::string id;  // of the row, which keeps its own when it was found by name
    FileOutcome outcome = FileOutcome::unchanged;
};
// Brings the row of a tenant file in step with it: found by id, then by name. A row of another
// file is taken over too (files get renamed), a removed one comes back. Of a row whose name another
// one has: conflict. REQUIRES: origin "file:PATH", an id, platform access.
base::Result<FileUpsert> upsert_tenant_from_file(Session& session, const domain::Tenant& tenant,
                                                 Precedence precedence = Precedence::database);
// Disables rows of files whose id is not among `present` and gives them origin "file-gone:PATH";
// gives the ids of those that it marked. A later upsert brings them back.
base::Result<std::vector<std::string>> mark_vanished_tenants(
    Session& session, const std::vector<std::string>& present);

}  // namespace tollgate::store
