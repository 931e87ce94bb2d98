#include "store/tenants.hpp"

#include "store/budgets.hpp"
#include "store/credits.hpp"
#include "store/keys.hpp"
#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Tenants : public Repositories {
protected:
    static domain::Tenant full() {
        domain::Tenant tenant;
        tenant.name = "Acme";
        tenant.tier = "starter";
        tenant.time_zone = "Europe/Berlin";
        tenant.baseline_model = "gpt-4o";
        tenant.allowed_models = {"gpt-*", "claude \"3\""};
        tenant.aliases = {{"fast", "gpt-4o-mini"}, {"deep", "o3"}};
        tenant.limits.requests_per_minute = 10;
        tenant.limits.concurrent_requests = 0;
        tenant.retention_days = 90;
        tenant.metadata = R"({"contact": "ops@example.com", "n": [1, 2]})";
        tenant.settings = R"({"priority":3})";
        return tenant;
    }
    static domain::Tenant of_file(const std::string& id, const std::string& path) {
        domain::Tenant tenant;
        tenant.id = id;
        tenant.name = id;
        tenant.origin = "file:" + path;
        tenant.metadata = R"({"b":1,"a":{"c":true}})";
        return tenant;
    }
    FileUpsert upsert(const domain::Tenant& tenant, Precedence precedence = Precedence::database) {
        return made(in([&](Session& session) {
            return upsert_tenant_from_file(session, tenant, precedence);
        }));
    }
    domain::Tenant stored(const std::string& id) {
        return made(in([&](Session& session) { return tenant_by_id(session, platform, id); }));
    }
    base::Result<Removal> remove(const std::string& id) {
        return in([&](Session& session) { return remove_tenant(session, platform, id); });
    }
};

TEST_P(Tenants, Inserted_ComesBackWithEveryField) {
    const auto made_row = made(in([](Session& s) { return insert_tenant(s, platform, full()); }));
    EXPECT_EQ(made_row.id.size(), 36u);
    EXPECT_EQ(made_row.etag, 1u);
    EXPECT_GT(made_row.created, 0);
    EXPECT_EQ(made_row.updated, made_row.created);
    const auto row = stored(made_row.id);
    const domain::Tenant wanted = full();
    EXPECT_EQ(row.name, "Acme");
    EXPECT_TRUE(row.enabled);
    EXPECT_EQ(row.tier, wanted.tier);
    EXPECT_EQ(row.time_zone, wanted.time_zone);
    EXPECT_EQ(row.baseline_model, wanted.baseline_model);
    EXPECT_EQ(row.allowed_models, wanted.allowed_models);
    const std::vector<std::pair<std::string, std::string>> sorted = {{"deep", "o3"},
                                                                      {"fast", "gpt-4o-mini"}};
    EXPECT_EQ(row.aliases, sorted);
    EXPECT_EQ(row.limits, wanted.limits);
    EXPECT_EQ(row.retention_days, 90);
    EXPECT_EQ(row.settings, wanted.settings);
    EXPECT_NE(row.metadata.find(R"("contact":"ops@example.com")"), std::string::npos);
    EXPECT_EQ(row.origin, "api");
    EXPECT_EQ(row.removed, 0);
}

TEST_P(Tenants, FoundByIdOrName_ButNotByAnotherTenant) {
    const auto acme = made(in([](Session& s) { return insert_tenant(s, platform, full()); }));
    make_tenant("other");
    const auto by = [&](const Access& access, const std::string& word) {
        return in(access, [&](Session& s) { return find_tenant(s, access, word); });
    };
    EXPECT_EQ(made(by(platform, acme.id)).name, "Acme");
    EXPECT_EQ(made(by(platform, "Acme")).id, acme.id);
    EXPECT_EQ(made(by(Access::of_tenant(acme.id), "Acme")).id, acme.id);
    for (const Access& access : {Access::of_tenant("other"), Access::of_tenant("")}) {
        for (const std::string& word : {acme.id, std::string("Acme")}) {
            const auto found = by(access, word);
            ASSERT_FALSE(found.ok());
            expect_not_found(found.error());
        }
    }
}

TEST_P(Tenants, NameOrIdTaken_IsAConflictOfThatField) {
    make_tenant("acme");
    domain::Tenant again;
    again.name = "acme";
    auto second = in([&](Session& s) { return insert_tenant(s, platform, again); });
    ASSERT_FALSE(second.ok());
    expect_conflict(second.error(), "name");
    again.id = "acme";
    again.name = "another";
    second = in([&](Session& s) { return insert_tenant(s, platform, again); });
    ASSERT_FALSE(second.ok());
    expect_conflict(second.error(), "id");
    make_tenant("b");
    auto b = stored("b");
    b.name = "acme";
    const auto renamed = in([&](Session& s) { return update_tenant(s, platform, b); });
    ASSERT_FALSE(renamed.ok());
    expect_conflict(renamed.error(), "name");
}

TEST_P(Tenants, UpdatedWithItsEtag_ElseTheUpdateIsLost) {
    auto tenant = make_tenant("acme");
    tenant.enabled = false;
    tenant.limits.tokens_per_minute = 5;
    tenant.created = 1;
    const auto updated = made(in([&](Session& s) { return update_tenant(s, platform, tenant); }));
    EXPECT_EQ(updated.etag, 2u);
    EXPECT_FALSE(updated.enabled);
    EXPECT_EQ(updated.limits.tokens_per_minute, 5);
    EXPECT_GT(updated.created, 1);
    EXPECT_GE(updated.updated, updated.created);
    const auto lost = in([&](Session& s) { return update_tenant(s, platform, tenant); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    EXPECT_FALSE(is_conflict(lost.error()));
    EXPECT_EQ(stored("acme").etag, 2u);
}

TEST_P(Tenants, OfAnother_IsNeitherUpdatedNorMadeNorRemoved) {
    auto tenant = make_tenant("acme");
    make_tenant("other");
    const Access other = Access::of_tenant("other");
    tenant.enabled = false;
    const auto updated = in(other, [&](Session& s) { return update_tenant(s, other, tenant); });
    ASSERT_FALSE(updated.ok());
    expect_not_found(updated.error());
    EXPECT_TRUE(stored("acme").enabled);
    const auto removed = in(other, [&](Session& s) { return remove_tenant(s, other, "acme"); });
    ASSERT_FALSE(removed.ok());
    EXPECT_EQ(removed.error().code, base::ErrorCode::permission);
    const auto inserted = in(other, [&](Session& s) { return insert_tenant(s, other, full()); });
    ASSERT_FALSE(inserted.ok());
    EXPECT_EQ(inserted.error().code, base::ErrorCode::permission);
}

TEST_P(Tenants, ListedInPages_WithFilters) {
    for (const char* name : {"a1", "a2", "b_1", "B2", "c"}) make_tenant(name);
    auto b2 = stored("B2");
    b2.enabled = false;
    made(in([&](Session& s) { return update_tenant(s, platform, b2); }));
    const auto list = [&](const Access& access, const TenantFilter& filter, PageRequest request) {
        return made(in([&](Session& s) { return list_tenants(s, access, filter, request); }));
    };
    std::vector<std::string> seen;
    PageRequest request{2, ""};
    int pages = 0;
    do {
        const auto page = list(platform, {}, request);
        EXPECT_LE(page.items.size(), 2u);
        for (const auto& tenant : page.items) seen.push_back(tenant.id);
        request.cursor = page.next;
        ++pages;
    } while (!request.cursor.empty() && pages < 10);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(seen, (std::vector<std::string>{"B2", "a1", "a2", "b_1", "c"}));
    EXPECT_EQ(list(platform, {true, "", false}, {}).items.size(), 4u);
    EXPECT_EQ(list(platform, {std::nullopt, "b", false}, {}).items.size(), 2u);
    EXPECT_EQ(list(platform, {std::nullopt, "_", false}, {}).items.size(), 1u);
    const auto own = list(Access::of_tenant("a1"), {}, {});
    ASSERT_EQ(own.items.size(), 1u);
    EXPECT_EQ(own.items[0].id, "a1");
    EXPECT_TRUE(list(Access{}, {}, {}).items.empty());
}

TEST_P(Tenants, RemovedWithoutHistory_GoesWithAllItOwns) {
    make_tenant("acme");
    make_tenant("other");
    const auto team = make_team("acme", "dev");
    auto user = make_user("acme", "ada");
    user.team = team.id;
    made(in([&](Session& s) { return update_user(s, platform, user); }));
    domain::Key key;
    key.tenant = "acme";
    key.team = team.id;
    key.user = user.id;
    key.secret_hash = "h1";
    made(in([&](Session& s) { return insert_key(s, platform, key); }));
    domain::Budget budget;
    budget.tenant = "acme";
    budget.subject = "acme";
    made(in([&](Session& s) { return insert_budget(s, platform, budget); }));
    EXPECT_EQ(made(remove("acme")), Removal::deleted);
    for (const char* table : {"teams", "users", "api_keys", "budgets"}) {
        EXPECT_EQ(number(std::string("SELECT COUNT(*) FROM ") + table), 0) << table;
    }
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 1);
    const auto again = remove("acme");
    ASSERT_FALSE(again.ok());
    expect_not_found(again.error());
}

TEST_P(Tenants, RemovedWithHistory_StaysForTheReports_AndItsNameIsFree) {
    make_tenant("acme");
    domain::Key key;
    key.tenant = "acme";
    key.secret_hash = "h1";
    const auto live = made(in([&](Session& s) { return insert_key(s, platform, key); }));
    domain::CreditMovement grant;
    grant.tenant = "acme";
    grant.amount = 5;
    EXPECT_TRUE(made(in([&](Session& s) { return append_credit(s, platform, grant); })));
    EXPECT_EQ(made(remove("acme")), Removal::kept_disabled);
    const auto row = stored("acme");
    EXPECT_FALSE(row.enabled);
    EXPECT_GT(row.removed, 0);
    EXPECT_GT(made(in([&](Session& s) { return key_by_id(s, platform, live.id); })).revoked, 0);
    EXPECT_TRUE(made(in([](Session& s) { return load_tenants(s); })).empty());
    const auto by_name = in([](Session& s) { return tenant_by_name(s, platform, "acme"); });
    ASSERT_FALSE(by_name.ok());
    expect_not_found(by_name.error());
    domain::Tenant successor;
    successor.name = "acme";
    EXPECT_TRUE(in([&](Session& s) { return insert_tenant(s, platform, successor); }).ok());
    const TenantFilter all{std::nullopt, "acme", true};
    EXPECT_EQ(made(in([&](Session& s) { return list_tenants(s, platform, all, {}); })).items.size(),
              2u);
}

TEST_P(Tenants, OfAFile_AreKeptInStep) {
    auto file = of_file("acme", "acme.yaml");
    EXPECT_EQ(upsert(file).outcome, FileOutcome::created);
    EXPECT_EQ(upsert(file).outcome, FileOutcome::unchanged);
    EXPECT_EQ(stored("acme").etag, 1u);
    file.limits.requests_per_day = 7;
    const auto updated = upsert(file);
    EXPECT_EQ(updated.outcome, FileOutcome::updated);
    EXPECT_EQ(updated.id, "acme");
    EXPECT_EQ(stored("acme").etag, 2u);
    EXPECT_EQ(stored("acme").limits.requests_per_day, 7);
    file.id = "renamed-id";  // the same name: the same tenant
    EXPECT_EQ(upsert(file).id, "acme");
}

TEST_P(Tenants, OfTheApi_AreNotTouchedByAFile_UnlessTheFileWins) {
    make_tenant("acme");
    const auto file = of_file("acme", "acme.yaml");
    EXPECT_EQ(upsert(file).outcome, FileOutcome::conflict);
    EXPECT_EQ(stored("acme").origin, "api");
    EXPECT_EQ(stored("acme").metadata, "{}");
    EXPECT_EQ(upsert(file, Precedence::file).outcome, FileOutcome::taken_over);
    EXPECT_EQ(stored("acme").origin, "file:acme.yaml");
    EXPECT_EQ(upsert(file, Precedence::file).outcome, FileOutcome::unchanged);
    make_tenant("beta");
    auto named_beta = of_file("acme", "acme.yaml");
    named_beta.name = "beta";
    EXPECT_EQ(upsert(named_beta, Precedence::file).outcome, FileOutcome::conflict);
    EXPECT_EQ(stored("acme").name, "acme");
}

TEST_P(Tenants, OfAFileThatIsGone_AreDisabled_AndComeBackWithIt) {
    make_tenant("by-api");
    upsert(of_file("acme", "acme.yaml"));
    upsert(of_file("beta", "beta.yaml"));
    const auto mark = [&] {
        return made(in([](Session& s) { return mark_vanished_tenants(s, {"beta"}); }));
    };
    EXPECT_EQ(mark(), std::vector<std::string>{"acme"});
    EXPECT_TRUE(mark().empty());
    EXPECT_FALSE(stored("acme").enabled);
    EXPECT_EQ(stored("acme").origin, "file-gone:acme.yaml");
    EXPECT_TRUE(stored("beta").enabled);
    EXPECT_TRUE(stored("by-api").enabled);
    EXPECT_EQ(upsert(of_file("acme", "acme.yaml")).outcome, FileOutcome::updated);
    EXPECT_TRUE(stored("acme").enabled);
    EXPECT_EQ(stored("acme").origin, "file:acme.yaml");
}

TEST_P(Tenants, RemovedAndThenInAFile_ComesBackUnderItsId) {
    make_tenant("acme");
    domain::CreditMovement grant;
    grant.tenant = "acme";
    grant.amount = 5;
    made(in([&](Session& s) { return append_credit(s, platform, grant); }));
    made(remove("acme"));
    EXPECT_EQ(upsert(of_file("acme", "acme.yaml")).outcome, FileOutcome::created);
    EXPECT_EQ(stored("acme").removed, 0);
    EXPECT_TRUE(stored("acme").enabled);
}

INSTANTIATE_TEST_SUITE_P(Stores, Tenants, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
