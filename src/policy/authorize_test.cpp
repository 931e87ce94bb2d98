#include "policy/authorize.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <sstream>

namespace tollgate::policy {
namespace {

using domain::AccessRole;

constexpr std::array<AccessRole, 4> roles = {AccessRole::member, AccessRole::tenant_auditor,
                                             AccessRole::tenant_admin, AccessRole::platform_admin};

template <typename Visit>
void each_cell(Visit visit) {
    for (std::size_t resource = 0; resource < resource_count; ++resource) {
        for (std::size_t verb = 0; verb < verb_count; ++verb) {
            visit(static_cast<Resource>(resource), static_cast<Verb>(verb));
        }
    }
}

domain::Principal caller(AccessRole role, const char* user = "ann") {
    domain::Principal who;
    who.tenant = role == AccessRole::platform_admin ? "" : "acme";
    who.role = role;
    who.user = user;
    who.key_id = "key-1";
    return who;
}

std::string table_text() {
    std::ostringstream out;
    out << std::left << std::setw(13) << "resource" << std::setw(9) << "verb" << std::setw(9)
        << "member" << std::setw(16) << "tenant_auditor" << std::setw(14) << "tenant_admin"
        << "platform_admin\n";
    each_cell([&](Resource resource, Verb verb) {
        out << std::setw(13) << to_string(resource) << std::setw(9) << to_string(verb)
            << std::setw(9) << to_string(reach(roles[0], resource, verb)) << std::setw(16)
            << to_string(reach(roles[1], resource, verb)) << std::setw(14)
            << to_string(reach(roles[2], resource, verb))
            << to_string(reach(roles[3], resource, verb)) << "\n";
    });
    return out.str();
}

// A change of rights shows in a review as a changed line of this file.
TEST(Authorize, TableIsTheGoldenOne) {
    const std::string path =
        std::string(TOLLGATE_SOURCE_DIR) + "/tests/golden/policy/authorization.txt";
    if (std::getenv("TOLLGATE_WRITE_GOLDEN") != nullptr) std::ofstream(path) << table_text();
    std::ifstream file(path);
    const std::string golden((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(table_text(), golden);
}

// What must hold whatever is edited in the table.
TEST(Authorize, RolesGrow_ButNobodySetsOrUsesOthersByok) {
    each_cell([](Resource resource, Verb verb) {
        for (std::size_t i = 0; i + 1 < roles.size(); ++i) {
            EXPECT_LE(reach(roles[i], resource, verb), reach(roles[i + 1], resource, verb))
                << to_string(resource) << " " << to_string(verb);
        }
        for (std::size_t i = 0; i + 1 < roles.size(); ++i) {
            EXPECT_NE(reach(roles[i], resource, verb), Reach::all) << "only platform admins";
            if (verb != Verb::read) {
                EXPECT_NE(reach(roles[i], resource, verb), Reach::shared)
                    << "the platform's objects are changed by platform admins";
            }
        }
        if (verb != Verb::read) {
            EXPECT_LE(reach(AccessRole::tenant_auditor, resource, verb), Reach::own);
        }
    });
    for (const AccessRole role : roles) {
        for (const Verb verb : {Verb::create, Verb::update, Verb::use}) {
            EXPECT_EQ(reach(role, Resource::byok, verb), Reach::own);
        }
        for (const Verb verb : {Verb::create, Verb::update, Verb::remove}) {
            EXPECT_EQ(reach(role, Resource::audit, verb), Reach::none);
        }
    }
}

// Every role and verb against every kind of owner gives what the table says.
TEST(Authorize, FunctionGivesExactlyTheTable) {
    struct Case {
        Owner owner;
        Reach least;           // of a tenant's role: what reaches it
        Reach least_platform;  // of a platform admin without tenant
    };
    const std::vector<Case> cases = {
        {{"acme", "ann", ""}, Reach::own, Reach::all},
        {{"acme", "", "key-1"}, Reach::own, Reach::all},
        {{"acme", "bob", "key-2"}, Reach::tenant, Reach::all},
        {{"acme", "", ""}, Reach::tenant, Reach::all},
        {{"", "", ""}, Reach::shared, Reach::shared},
        {{"", "ann", ""}, Reach::shared, Reach::own},
        {{"other", "ann", "key-1"}, Reach::all, Reach::all},
        {{"other", "", ""}, Reach::all, Reach::all},
    };
    int allowed = 0, refused = 0;
    for (const AccessRole role : roles) {
        const domain::Principal who = caller(role);
        each_cell([&](Resource resource, Verb verb) {
            const Reach granted = reach(role, resource, verb);
            EXPECT_EQ(authorize(who, resource, verb).ok(), granted != Reach::none);
            for (const Case& each : cases) {
                const Reach least =
                    role == AccessRole::platform_admin ? each.least_platform : each.least;
                const auto result = authorize(who, resource, verb, each.owner);
                EXPECT_EQ(result.ok(), granted != Reach::none && granted >= least)
                    << domain::to_string(role) << " " << to_string(verb) << " "
                    << to_string(resource) << " of " << each.owner.tenant << "/" << each.owner.user;
                ++(result.ok() ? allowed : refused);
                if (!result.ok()) {
                    EXPECT_EQ(result.error().code, base::ErrorCode::permission);
                }
            }
        });
    }
    EXPECT_GT(allowed, 400);
    EXPECT_GT(refused, 500);
}

TEST(Authorize, WithoutUserOrTenantNothingIsOwn) {
    domain::Principal nobody;
    EXPECT_FALSE(authorize(nobody, Resource::usage, Verb::read, {"", "", ""}).ok());
    domain::Principal key_of_tenant = caller(AccessRole::tenant_admin, "");
    key_of_tenant.tenant = "";
    EXPECT_FALSE(authorize(key_of_tenant, Resource::keys, Verb::read, {"", "", ""}).ok());
}

TEST(Authorize, MasterKeyIsPlatformAdmin) {
    const domain::Principal master{"", "master", true, 0};
    EXPECT_TRUE(authorize(master, Resource::tenants, Verb::create, {"acme"}).ok());
    EXPECT_TRUE(authorize(master, Resource::byok, Verb::remove, {"acme", "ann"}).ok());
    EXPECT_FALSE(authorize(master, Resource::byok, Verb::create, {"acme", "ann"}).ok());
}

TEST(Authorize, NobodyGivesARoleAboveTheirOwn) {
    for (std::size_t of = 0; of < roles.size(); ++of) {
        for (std::size_t given = 0; given < roles.size(); ++given) {
            EXPECT_EQ(authorize_grant(caller(roles[of]), roles[given]).ok(), given <= of);
        }
    }
}

TEST(Authorize, RefusalsSayWhoMay) {
    EXPECT_EQ(authorize(caller(AccessRole::member), Resource::keys, Verb::create, {"acme"})
                  .error()
                  .message,
              "the role member may not create keys: ask a tenant_admin");
    EXPECT_EQ(authorize(caller(AccessRole::tenant_admin), Resource::keys, Verb::create, {"other"})
                  .error()
                  .message,
              "the role tenant_admin may not create keys outside its tenant: ask a platform_admin");
    EXPECT_EQ(
        authorize(caller(AccessRole::platform_admin), Resource::byok, Verb::create, {"acme", "bob"})
            .error()
            .message,
        "the role platform_admin may not create byok of others, and no other role may");
}

}  // namespace
}  // namespace tollgate::policy
