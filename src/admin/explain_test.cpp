// POST /api/v1/llm/routing/explain: whose request is decided, and who may ask.
#include "admin/admin_fixture_test.hpp"

namespace tollgate::admin {
namespace {

constexpr auto where = "/api/v1/llm/routing/explain";

class ExplainCall : public AdminTest {
protected:
    // A key of that person is what the gateway knows.
    void know(const std::string& who) {
        gateway::KeyPolicy policy;
        policy.user = user_of(who);
        policy.tenant = stored_key(who).tenant;
        directory().policies.push_back(std::move(policy));
    }
    std::string question(const std::string& who) {
        return R"({"model":"m","user_id":")" + user_of(who) + R"("})";
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, ExplainCall, store::both_stores(), store::store_name);

TEST_P(ExplainCall, WithoutAUser_TheCallersOwnKeyDecides) {
    know("acme/admin");
    const std::string body = R"({"model":"m","prompt":"refactor this"})";
    const auto own = ask("POST", where, key_of("acme/admin"), body);
    ASSERT_EQ(own->status, 200) << own->body;
    EXPECT_EQ((*own)["user"], user_of("acme/admin"));
    EXPECT_EQ((*own)["question"], body);
}

TEST_P(ExplainCall, OfAUser_ItIsDecidedByHisKey) {
    know("acme/admin");
    know("acme/member");
    const auto told = ask("POST", where, key_of("acme/admin"), question("acme/member"));
    ASSERT_EQ(told->status, 200) << told->body;
    EXPECT_EQ((*told)["user"], user_of("acme/member"));
    EXPECT_EQ((*told)["tenant"], tenant_id("acme"));
    // One without a key could not ask.
    const auto keyless = ask("POST", where, key_of("acme/admin"), question("acme/other"));
    EXPECT_EQ(keyless->status, 404) << keyless->body;
    EXPECT_NE(keyless->error("message").find("has no key"), std::string::npos);
}

TEST_P(ExplainCall, AnotherTenantsUser_IsNotThere) {
    know("globex/member");
    const auto told = ask("POST", where, key_of("acme/admin"), question("globex/member"));
    EXPECT_EQ(told->status, 404) << told->body;
    EXPECT_EQ(ask("POST", where, master_key, question("globex/member"))->status, 200);
}

TEST_P(ExplainCall, WhatIsNoQuestion_IsRefused) {
    for (const char* body : {"", "[]", "{\"model\":", "\"m\""}) {
        EXPECT_EQ(ask("POST", where, master_key, body)->status, 400) << body;
    }
    EXPECT_EQ(ask("POST", where, key_of("acme/member"), R"({"model":"m"})")->status, 403);
    EXPECT_EQ(ask("POST", where, "", R"({"model":"m"})")->status, 401);
}

}  // namespace
}  // namespace tollgate::admin
