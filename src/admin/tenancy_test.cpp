// Tenants, teams, users and keys over HTTP.
#include "admin/admin_fixture_test.hpp"

namespace tollgate::admin {
namespace {

class Tenancy : public AdminTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Tenancy, store::both_stores(), store::store_name);

TEST_P(Tenancy, ATenantWithBudgetAndKey_IsMadeInOneCall) {
    const std::int64_t before = version();
    const auto made = ask("POST", "/api/v1/tenants", master_key,
                          R"({"name":"initech","limits":{"requests_per_minute":60},)"
                          R"("budget":{"limit":12.5,"period":"daily"},"key":{"name":"first"}})");
    ASSERT_EQ(made->status, 201) << made->body;
    EXPECT_EQ((*made)["name"], "initech");
    EXPECT_EQ(made->headers["etag"], "\"1\"");
    EXPECT_EQ(made->headers["location"], "/api/v1/tenants/" + (*made)["id"]);
    EXPECT_FALSE(made->headers["x-request-id"].empty());
    EXPECT_EQ(Answer::text_of(made->json["limits"]["requests_per_minute"]), "60");
    EXPECT_EQ(Answer::text_of(made->json["budget"]["limit"]), "12.5");
    const std::string secret = Answer::text_of(made->json["key"]["key"]);
    EXPECT_TRUE(secret.starts_with("sk-tg-"));
    EXPECT_GT(version(), before);
    EXPECT_EQ(audit_rows("tenant.created"), 1);
    EXPECT_EQ(audit_rows("key.created"), 1);
    EXPECT_EQ(audit_rows("budget.created"), 1);
    // The key works, and sees its own tenant's world alone.
    const auto own = ask("GET", "/api/v1/keys", secret);
    ASSERT_EQ(own->status, 200) << own->body;
    EXPECT_EQ(own->json["data"].size(), 1U);
    EXPECT_EQ(own->body.find(secret), std::string::npos);
}

TEST_P(Tenancy, ATakenName_IsAConflict_AndNothingIsMade) {
    const auto taken = ask("POST", "/api/v1/tenants", master_key,
                           R"({"name":"acme","key":{"name":"first"}})");
    EXPECT_EQ(taken->status, 409) << taken->body;
    EXPECT_EQ(taken->error("code"), "conflict");
    EXPECT_EQ(audit_rows("key.created"), 0);
}

TEST_P(Tenancy, UnknownAndWrongFields_AreAllNamedInOneAnswer) {
    const auto wrong = ask("POST", "/api/v1/tenants", master_key,
                           R"({"nam":"x","enabled":"yes","limits":{"requests_per_minute":-1,)"
                           R"("requests_per_year":1}})");
    EXPECT_EQ(wrong->status, 400);
    const std::string message = wrong->error("message");
    for (const char* part : {"name is required", "enabled must be true or false",
                             "limits.requests_per_minute must be",
                             "limits.requests_per_year is unknown",
                             "unknown field: nam"}) {
        EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    }
    const auto query = ask("GET", "/api/v1/tenants?limt=5&limit=501", master_key);
    EXPECT_EQ(query->status, 400);
    EXPECT_NE(query->error("message").find("unknown query parameter: limt"), std::string::npos);
    EXPECT_NE(query->error("message").find("limit must be"), std::string::npos);
}

TEST_P(Tenancy, PutReplacesAndPatchChangesPart) {
    const std::string path = "/api/v1/tenants/" + tenant_id("acme");
    auto patched = ask("PATCH", path, master_key,
                       R"({"tier":"starter","limits":{"requests_per_hour":5}})");
    ASSERT_EQ(patched->status, 200) << patched->body;
    patched = ask("PATCH", path, master_key, R"({"limits":{"requests_per_minute":3}})");
    EXPECT_EQ((*patched)["tier"], "starter");
    EXPECT_EQ(Answer::text_of(patched->json["limits"]["requests_per_hour"]), "5");
    EXPECT_EQ(Answer::text_of(patched->json["limits"]["requests_per_minute"]), "3");
    // A PUT may send back what it got, with its own changes.
    std::string whole = patched->body;
    whole.replace(whole.find("\"starter\""), 9, "null");
    auto put = ask("PUT", path, master_key, whole);
    ASSERT_EQ(put->status, 200) << put->body;
    EXPECT_EQ((*put)["tier"], "null");
    EXPECT_EQ(Answer::text_of(put->json["limits"]["requests_per_hour"]), "5");
    put = ask("PUT", path, master_key, R"({"name":"acme"})");
    EXPECT_EQ(Answer::text_of(put->json["limits"]["requests_per_hour"]), "null");
    const auto forged = ask("PATCH", path, master_key, R"({"origin":"file:x","etag":"9"})");
    EXPECT_EQ(forged->status, 400);
    EXPECT_NE(forged->error("message").find("origin cannot be set here"), std::string::npos);
}

TEST_P(Tenancy, ALostUpdate_Is412) {
    const std::string path = "/api/v1/tenants/" + tenant_id("acme");
    EXPECT_EQ(ask("PATCH", path, master_key, R"({"time_zone":"UTC"})", "if-match: \"1\"\r\n")->status,
              200);
    const auto lost =
        ask("PATCH", path, master_key, R"({"enabled":false})", "if-match: \"1\"\r\n");
    EXPECT_EQ(lost->status, 412) << lost->body;
    EXPECT_EQ(lost->error("code"), "precondition_failed");
    EXPECT_EQ(ask("DELETE", path, master_key, "", "if-match: \"1\"\r\n")->status, 412);
    EXPECT_EQ(ask("PATCH", path, master_key, R"({"enabled":false})", "if-match: *\r\n")->status,
              200);
}

TEST_P(Tenancy, WhatAFileDefines_IsReadOnly_AndTheFileIsNamed) {
    write([&](store::Session& session) -> base::Result<void> {
        domain::Tenant tenant;
        tenant.id = tenant.name = "filed";
        tenant.origin = "file:/etc/tollgate/tenants/filed.yaml";
        TRY(const auto done, store::upsert_tenant_from_file(session, tenant));
        (void)done;
        return {};
    });
    for (const char* method : {"PATCH", "DELETE"}) {
        const auto refused = ask(method, "/api/v1/tenants/filed", master_key,
                                 method[0] == 'P' ? R"({"enabled":false})" : "");
        EXPECT_EQ(refused->status, 409) << refused->body;
        EXPECT_NE(refused->error("message").find("/etc/tollgate/tenants/filed.yaml"),
                  std::string::npos);
    }
    EXPECT_EQ((*ask("GET", "/api/v1/tenants/filed", master_key))["enabled"], "true");
}

TEST_P(Tenancy, AKeysOwners_MayBeNamed) {
    const std::string& admin = key_of("acme/admin");
    ASSERT_EQ(ask("POST", "/api/v1/users", admin,
                  R"({"name":"Ada L.","email":"Ada@acme.test","external_id":"subject-7"})")
                  ->status,
              201);
    const std::string ada = (*ask("GET", "/api/v1/users/subject-7", admin))["id"];
    for (const char* called : {"subject-7", "ada@ACME.test", "Ada L."}) {
        const auto made = ask("POST", "/api/v1/keys", admin,
                              R"({"team":"core","user":")" + std::string(called) + R"("})");
        ASSERT_EQ(made->status, 201) << made->body;
        EXPECT_EQ((*made)["user"], ada);
        EXPECT_EQ((*made)["team"], team_id("acme"));
        const auto changed =
            ask("PATCH", "/api/v1/keys/" + (*made)["id"], admin, R"({"user":"acme-member"})");
        EXPECT_EQ((*changed)["user"], user_of("acme/member")) << changed->body;
    }
    ASSERT_EQ(ask("POST", "/api/v1/users", admin, R"({"name":"Ada L."})")->status, 201);
    const auto which = ask("POST", "/api/v1/keys", admin, R"({"user":"Ada L."})");
    EXPECT_EQ(which->status, 409) << which->body;
    EXPECT_NE(which->error("message").find("several are called Ada L."), std::string::npos);
    // Another tenant's people are nobody here.
    for (const char* owner : {R"({"user":"globex-member"})", R"({"team":"none"})"}) {
        EXPECT_EQ(ask("POST", "/api/v1/keys", admin, owner)->status, 400) << owner;
    }
}

TEST_P(Tenancy, AKeysLife_CreateRotateBlockRevoke) {
    const auto made = ask("POST", "/api/v1/keys", key_of("acme/admin"),
                          R"({"name":"ci","allowed_models":["claude-*"],"tags":["ci"],)"
                          R"("expires_at":"2099-01-01T00:00:00Z"})");
    ASSERT_EQ(made->status, 201) << made->body;
    const std::string id = (*made)["id"], first = (*made)["key"];
    EXPECT_EQ((*made)["tenant"], tenant_id("acme"));
    EXPECT_EQ((*made)["expires_at"].substr(0, 19), "2099-01-01T00:00:00");
    EXPECT_EQ(ask("GET", "/api/v1/keys/" + id, key_of("acme/admin"))->body.find(first),
              std::string::npos);
    EXPECT_EQ((*ask("GET", "/api/v1/keys/ci", key_of("acme/admin")))["id"], id);
    const auto rotated = ask("POST", "/api/v1/keys/" + id + "/rotate", key_of("acme/admin"),
                             R"({"grace":"1h"})");
    ASSERT_EQ(rotated->status, 200) << rotated->body;
    const std::string second = (*rotated)["key"];
    EXPECT_NE(first, second);
    EXPECT_EQ(ask("GET", "/api/v1/keys", first)->status, 200);
    EXPECT_EQ(ask("GET", "/api/v1/keys", second)->status, 200);
    const auto at_once = ask("POST", "/api/v1/keys/" + id + "/rotate", key_of("acme/admin"),
                             R"({"grace":"0"})");
    const std::string third = (*at_once)["key"];
    EXPECT_EQ(ask("GET", "/api/v1/keys", second)->status, 401);
    EXPECT_EQ((*ask("POST", "/api/v1/keys/" + id + "/block", master_key))["enabled"], "false");
    EXPECT_EQ(ask("GET", "/api/v1/keys", third)->status, 401);
    EXPECT_EQ((*ask("POST", "/api/v1/keys/" + id + "/unblock", master_key))["enabled"], "true");
    EXPECT_EQ(ask("DELETE", "/api/v1/keys/" + id, key_of("acme/admin"))->status, 200);
    EXPECT_EQ(ask("GET", "/api/v1/keys", third)->status, 401);
    EXPECT_EQ(audit_rows("key.rotated"), 2);
    EXPECT_EQ(audit_rows("key.revoked"), 1);
    const auto audit = ask("GET", "/api/v1/audit?resource=key/" + id, key_of("acme/auditor"));
    EXPECT_EQ(audit->json["data"].size(), 6U) << audit->body;
    for (const std::string& secret : {first, second, third}) {
        EXPECT_EQ(audit->body.find(secret), std::string::npos);
    }
}

TEST_P(Tenancy, ChosenKeys_AreTakenWithAWarningWhenWeak) {
    const auto weak = ask("POST", "/api/v1/keys", master_key,
                          R"({"tenant":"acme","key":"sk-eng-key"})");
    ASSERT_EQ(weak->status, 201) << weak->body;
    EXPECT_EQ((*weak)["key"], "sk-eng-key");
    EXPECT_NE((*weak)["warning"], "null");
    const auto company = ask("POST", "/api/v1/tenants", master_key,
                             R"({"name":"initech","key":{"name":"first","key":"sk-1234567"}})");
    ASSERT_EQ(company->status, 201) << company->body;
    const json::Value told = company->json["key"]["warning"];
    EXPECT_TRUE(told.is_string() && !told.text().empty()) << company->body;
    const auto strong = ask("POST", "/api/v1/tenants", master_key,
                            R"({"name":"hooli","key":{"name":"first"}})");
    EXPECT_EQ(Answer::text_of(strong->json["key"]["warning"]), "null") << strong->body;
    const auto again = ask("POST", "/api/v1/keys", master_key,
                           R"({"tenant":"globex","key":"sk-eng-key"})");
    EXPECT_EQ(again->status, 409) << again->body;
    EXPECT_EQ(ask("POST", "/api/v1/keys", master_key, R"({"tenant":"acme","key":"ab"})")->status,
              400);
    EXPECT_EQ(ask("POST", "/api/v1/keys", master_key, "{}")->status, 400);
}

TEST_P(Tenancy, AKeysAllowedRoutes_BindAdministrationToo) {
    const auto keep = [this](const std::string& routes) {
        const auto made = ask("POST", "/api/v1/keys", key_of("acme/admin"),
                              R"({"role":"tenant_admin","allowed_routes":[)" + routes + "]}");
        EXPECT_EQ(made->status, 201) << made->body;
        return (*made)["key"];
    };
    const auto status = [this](const std::string& path, const std::string& key) {
        return ask("GET", path, key)->status;
    };
    const std::string traffic = keep(R"("llm_api_routes")");
    const auto refused = ask("GET", "/key/info", traffic);
    EXPECT_EQ(refused->status, 403);
    EXPECT_NE(refused->error("message").find("/key/info"), std::string::npos) << refused->body;
    EXPECT_EQ(status("/api/v1/keys?limit=5", traffic), 403);
    EXPECT_EQ(status("/api/v1/llm/usage", traffic), 403);
    const std::string info = keep(R"("llm_api_routes","info_routes")");
    EXPECT_EQ(status("/key/info", info), 200);
    EXPECT_EQ(status("/api/v1/keys", info), 403);
    EXPECT_EQ(ask("POST", "/key/generate", info, "{}")->status, 403);
    const std::string management = keep(R"("management_routes")");
    EXPECT_EQ(status("/key/info", management), 200);
    EXPECT_EQ(status("/api/v1/keys?limit=5", management), 200);
    EXPECT_EQ(ask("POST", "/key/generate", management, "{}")->status, 200);
    EXPECT_EQ(status("/api/v1/keys", keep(R"("/api/v1/keys")")), 200);
}

// An operation that no group names could not be given to a key that is bound at all.
TEST(AllowedRoutes, EveryOperation_IsInAGroup) {
    const auto all = policy::RouteList::of({"admin_only_routes", "public_routes"});
    ASSERT_TRUE(all.ok());
    for (const Operation& operation : operations()) {
        EXPECT_TRUE(all->allows(operation.pattern)) << operation.pattern;
    }
}

TEST_P(Tenancy, MeOfAKeyWithoutAUser_IsToldWhatToName) {
    const auto nobody = ask("GET", "/api/v1/users/me", master_key);
    EXPECT_EQ(nobody->status, 404);
    EXPECT_EQ(nobody->error("message"), "there is no user behind this key; name one by id");
}

TEST_P(Tenancy, NobodyGrantsARoleAboveTheirOwn_NorWhatThePlatformSells) {
    const std::string& admin = key_of("acme/admin");
    EXPECT_EQ(ask("POST", "/api/v1/keys", admin, R"({"role":"platform_admin"})")->status, 403);
    EXPECT_EQ(ask("POST", "/api/v1/users", admin, R"({"name":"x","role":"platform_admin"})")->status,
              403);
    EXPECT_EQ(ask("POST", "/api/v1/keys", admin, R"({"tier":"enterprise"})")->status, 403);
    EXPECT_EQ(ask("POST", "/api/v1/keys", master_key,
                  R"({"tenant":"acme","tier":"enterprise"})")->status, 201);
    const std::string own = "/api/v1/tenants/" + tenant_id("acme");
    EXPECT_EQ(ask("PATCH", own, admin, R"({"limits":{"requests_per_day":1}})")->status, 403);
    EXPECT_EQ(ask("PATCH", own, admin, R"({"tier":"enterprise"})")->status, 403);
    EXPECT_EQ(ask("PATCH", own, admin, R"({"metadata":{"cost_center":"7"}})")->status, 200);
}

TEST_P(Tenancy, ReferencesThatLeadNowhere_AreNamed) {
    const auto team = ask("POST", "/api/v1/keys", key_of("acme/admin"),
                          "{\"team\":\"" + team_id("globex") + "\"}");
    EXPECT_EQ(team->status, 400);
    EXPECT_NE(team->error("message").find("team"), std::string::npos);
    EXPECT_EQ(ask("POST", "/api/v1/users", key_of("acme/admin"),
                  R"({"name":"x","team":"nobody"})")->status, 400);
    EXPECT_EQ(ask("PATCH", "/api/v1/tenants/" + tenant_id("acme"), master_key,
                  R"({"tier":"gold"})")->status, 400);
    EXPECT_EQ(ask("PATCH", "/api/v1/tenants/" + tenant_id("acme"), master_key,
                  R"({"time_zone":"Mars/Olympus"})")->status, 400);
}

TEST_P(Tenancy, ListsArePagedByACursor) {
    for (int i = 0; i < 5; ++i) {
        const std::string name = "team-" + std::to_string(i);
        ASSERT_EQ(ask("POST", "/api/v1/teams", key_of("acme/admin"),
                      "{\"name\":\"" + name + "\"}")->status, 201);
    }
    std::set<std::string> seen;
    std::string cursor;
    int pages = 0;
    do {
        const auto page = ask("GET", "/api/v1/teams?limit=2" +
                                         (cursor.empty() ? "" : "&cursor=" + cursor),
                              key_of("acme/auditor"));
        ASSERT_EQ(page->status, 200) << page->body;
        EXPECT_LE(page->json["data"].size(), 2U);
        for (const json::Value team : page->json["data"].elements()) {
            EXPECT_TRUE(seen.insert(team["name"].text()).second);
        }
        cursor = page->json["next_cursor"].text();
        ++pages;
    } while (!cursor.empty() && pages < 10);
    EXPECT_EQ(seen.size(), 6U);
    EXPECT_EQ(ask("GET", "/api/v1/teams?cursor=xx", key_of("acme/admin"))->status, 400);
}

TEST_P(Tenancy, BodiesThatAreNoObjects_AreRefused) {
    EXPECT_EQ(ask("POST", "/api/v1/teams", key_of("acme/admin"), "[1]")->status, 400);
    EXPECT_EQ(ask("POST", "/api/v1/teams", key_of("acme/admin"), "{\"name\":")->status, 400);
    EXPECT_EQ(ask("POST", "/api/v1/teams", key_of("acme/admin"),
                  R"({"name":"a","name":"b"})")->status, 400);
    EXPECT_EQ(ask("POST", "/api/v1/teams", key_of("acme/admin"),
                  "{\"name\":\"" + std::string(2'000'000, 'x') + "\"}")->status, 413);
    EXPECT_EQ(ask("GET", "/api/v1/teams", "")->status, 401);
    EXPECT_EQ(ask("GET", "/api/v1/teams", "sk-unknown")->error("code"), "invalid_api_key");
}

}  // namespace
}  // namespace tollgate::admin
