// What a caller could try to get past a bound, or to make others pay for.
#include "admin/admin_fixture_test.hpp"

namespace tollgate::admin {
namespace {

class Hardening : public AdminTest {
protected:
    std::string text_of_error(const std::string& method, const std::string& path,
                              const std::string& key, const std::string& body, int status) {
        const auto answer = ask(method, path, key, body);
        EXPECT_EQ(answer->status, status) << answer->body;
        return answer->error("message");
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Hardening, store::both_stores(), store::store_name);

TEST_P(Hardening, AKeyWhoseRulesCannotBeRead_IsNotMade) {
    const std::string& admin = key_of("acme/admin");
    for (const char* wrong : {"10.0.0.0/99", "10.0.0.1/8", ":::"}) {
        const std::string said = text_of_error(
            "POST", "/api/v1/keys", admin,
            R"({"allowed_addresses":[")" + std::string(wrong) + R"("]})", 400);
        EXPECT_NE(said.find("allowed_addresses"), std::string::npos) << said;
    }
    const std::string said = text_of_error("POST", "/api/v1/keys", admin,
                                           R"({"allowed_routes":["no such group"]})", 400);
    EXPECT_NE(said.find("no such group"), std::string::npos) << said;
}

TEST_P(Hardening, ABudgetHasAFewThresholds) {
    std::string thresholds;
    for (int percent = 1; percent <= 21; ++percent) {
        thresholds += (percent > 1 ? "," : "") + std::string(R"({"percent":)") +
                      std::to_string(percent) + "}";
    }
    const std::string said = text_of_error(
        "POST", "/api/v1/budgets", key_of("acme/admin"),
        R"({"kind":"user","subject":")" + user_of("acme/member") + R"(","limit":1,)" +
            R"("thresholds":[)" + thresholds + "]}",
        400);
    EXPECT_NE(said.find("thresholds has more than 20 entries"), std::string::npos) << said;
}

TEST_P(Hardening, ASubjectHasAFewBudgets) {
    const std::string& admin = key_of("acme/admin");
    const auto budget_of = [&](const std::string& who) {
        return R"({"kind":"user","limit":1,"subject":")" + user_of(who) + R"("})";
    };
    std::string last;
    for (int i = 0; i < 32; ++i) {
        const auto made = ask("POST", "/api/v1/budgets", admin, budget_of("acme/member"));
        ASSERT_EQ(made->status, 201) << made->body;
        last = (*made)["id"];
    }
    const std::string said =
        text_of_error("POST", "/api/v1/budgets", admin, budget_of("acme/member"), 409);
    EXPECT_NE(said.find("has 32 budgets already"), std::string::npos) << said;
    EXPECT_EQ(ask("POST", "/api/v1/budgets", admin, budget_of("acme/other"))->status, 201);
    EXPECT_EQ(ask("DELETE", "/api/v1/budgets/" + last, admin)->status, 200);
    EXPECT_EQ(ask("POST", "/api/v1/budgets", admin, budget_of("acme/member"))->status, 201);
}

TEST_P(Hardening, AnExpiryFarAway_IsShownAsItWasGiven) {
    const auto made = ask("POST", "/api/v1/keys", key_of("acme/admin"),
                          R"({"expires_at":"9999-12-31T00:00:00Z"})");
    ASSERT_EQ(made->status, 201) << made->body;
    EXPECT_EQ((*made)["expires_at"], "9999-12-31T00:00:00.000Z");
}

TEST_P(Hardening, ChosenIds_AreNoCountersOfOthers) {
    const std::string& admin = key_of("acme/admin");
    for (const char* id : {"ann:bob", "me"}) {
        const std::string said = text_of_error(
            "POST", "/api/v1/users", admin,
            R"({"name":"x","id":")" + std::string(id) + R"("})", 400);
        EXPECT_NE(said.find("id must not"), std::string::npos) << said;
    }
    const std::string said = text_of_error(
        "POST", "/budget/new", admin, R"({"budget_id":"file:acme:daily","max_budget":1})", 400);
    EXPECT_NE(said.find("budget_id must not"), std::string::npos) << said;
}

TEST_P(Hardening, ATenantWithItsModelsGiven_DoesNotNameThemAnew) {
    const std::string& admin = key_of("acme/admin");
    const std::string path = "/api/v1/tenants/" + tenant_id("acme");
    const std::string renamed = R"({"aliases":{"small":"large"}})";
    EXPECT_EQ(ask("PATCH", path, admin, renamed)->status, 200);
    EXPECT_EQ(ask("PATCH", path, master_key, R"({"allowed_models":["small"],"aliases":{}})")
                  ->status,
              200);
    const std::string said = text_of_error("PATCH", path, admin, renamed, 403);
    EXPECT_NE(said.find("aliases is the platform's"), std::string::npos) << said;
    EXPECT_EQ(ask("PATCH", path, master_key, renamed)->status, 200);
}

TEST_P(Hardening, LimitsThatThePlatformSet_AreNotTheTenantsToLoosen) {
    const std::string& admin = key_of("acme/admin");
    const auto set = [&](const std::string& key, const std::string& model) {
        const auto made = ask("POST", "/api/v1/limits", key,
                              R"({"tenant":"acme","kind":"model","subject":")" + model +
                                  R"(","limits":{"requests_per_minute":5}})");
        EXPECT_EQ(made->status, 201) << made->body;
        return std::pair("/api/v1/limits/" + (*made)["id"], (*made)["by_admin"]);
    };
    const std::string looser = R"({"limits":{"requests_per_minute":5000}})";
    const auto [of_platform, by_platform] = set(master_key, "gpt-5");
    EXPECT_EQ(by_platform, "true");
    for (const char* method : {"PATCH", "PUT"}) {
        const std::string said = text_of_error(method, of_platform, admin, looser, 403);
        EXPECT_NE(said.find("this limit of the model gpt-5 is the platform's"), std::string::npos)
            << said;
    }
    text_of_error("DELETE", of_platform, admin, "", 403);
    // Its own it may change, until the platform does.
    const auto [own, by_tenant] = set(admin, "small");
    EXPECT_EQ(by_tenant, "false");
    EXPECT_EQ(ask("PATCH", own, admin, looser)->status, 200);
    text_of_error("PATCH", own, admin, R"({"by_admin":true})", 400);
    const auto taken = ask("PATCH", own, master_key, R"({"limits":{"requests_per_minute":1}})");
    EXPECT_EQ((*taken)["by_admin"], "true") << taken->body;
    text_of_error("PATCH", own, admin, looser, 403);
    text_of_error("DELETE", own, admin, "", 403);
    EXPECT_EQ(ask("DELETE", own, master_key)->status, 200);
}

TEST_P(Hardening, WhereAChannelLeads_IsMaskedEverywhereButInTheStore) {
    const std::string& admin = key_of("acme/admin");
    const std::string target = "https://me:pw@hooks.slack.test/services/T01/B02/verysecret9876";
    const std::string masked = "https://…@hooks.slack.test/…9876";
    const std::string path = "/api/v1/alerts/channels";
    const auto stored = [&] {
        std::string found;
        read([&](store::Session& session) {
            return session.each("SELECT target FROM alert_channels", {},
                                [&](const store::Row& row) -> base::Result<void> {
                                    found = row.string(0);
                                    return {};
                                });
        });
        return found;
    };
    const auto made = ask("POST", path, admin,
                          R"({"name":"ops","kind":"slack","target":")" + target + R"("})");
    ASSERT_EQ(made->status, 201) << made->body;
    EXPECT_EQ((*made)["target"], masked);
    EXPECT_EQ(stored(), target);
    const std::string own = path + "/" + (*made)["id"];
    // What was shown may be sent back; nothing else that is masked is an address.
    const auto put = ask("PUT", own, admin, ask("GET", own, admin)->body);
    EXPECT_EQ(put->status, 200) << put->body;
    EXPECT_EQ(stored(), target);
    const std::string said = text_of_error(
        "PATCH", own, admin, R"({"target":"https://hooks.slack.test/…1234"})", 400);
    EXPECT_NE(said.find("target: is masked"), std::string::npos) << said;
    EXPECT_EQ(ask("PATCH", own, admin, R"({"target":"https://other.test/a"})")->json["target"]
                  .text(),
              "https://other.test/…");
    EXPECT_EQ(stored(), "https://other.test/a");
    EXPECT_EQ(ask("GET", path, admin)->body.find("/a\""), std::string::npos);
    EXPECT_EQ(ask("DELETE", own, admin)->status, 200);
    EXPECT_EQ(audit_rows("alert_channel.updated"), 2);
    EXPECT_EQ(number("SELECT COUNT(*) FROM audit_log WHERE details LIKE '%verysecret%'"), 0);
}

TEST_P(Hardening, TheShareOfATinyCap_IsANumber) {
    const std::string user = user_of("acme/member");
    const std::string settings = "/api/v1/llm/users/" + user + "/settings";
    ASSERT_EQ(ask("PATCH", settings, master_key,
                  R"({"preferences":{"monthly_cap":0.000000001}})")
                  ->status,
              200);
    const std::string day = std::to_string(store::now_micros() / 86'400'000'000 * 86'400'000'000);
    const std::string acme = tenant_id("acme");
    const store::Parameter wanted[] = {std::string_view(acme), std::string_view(user)};
    ASSERT_TRUE(execute("INSERT INTO usage_by_dimension (tenant_id, dimension, value, day, "
                        "cost_nano) VALUES ($1, 'user', $2, " + day + ", 4000000000000000000)",
                        wanted).ok());
    const auto account = ask("GET", "/api/v1/llm/credits?user_id=" + user, master_key);
    ASSERT_EQ(account->status, 200) << account->body;
    EXPECT_EQ((*account)["usage_this_month"], "4000000000") << account->body;
    EXPECT_EQ((*account)["percentage_used"], "9000000000") << account->body;
}

}  // namespace
}  // namespace tollgate::admin
