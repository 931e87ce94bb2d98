// Providers, models, routing rules and the keys that users bring, over HTTP.
#include "admin/admin_fixture_test.hpp"
#include "store/user_keys.hpp"

namespace tollgate::admin {
namespace {

constexpr auto secret = "sk-planted-secret-0123456789";

class ProviderCalls : public AdminTest {
protected:
    std::string make_provider(const std::string& name, const std::string& more = "") {
        const auto made =
            ask("POST", "/api/v1/llm/providers", master_key,
                R"({"name":")" + name + R"(","type":"openai")" + more + "}");
        EXPECT_EQ(made->status, 201) << made->body;
        return (*made)["id"];
    }
    std::string key_path(const std::string& who) {
        return "/api/v1/llm/users/" + user_of(who) + "/byok";
    }
    std::unique_ptr<Answer> bring(const std::string& who, const std::string& key,
                                  const std::string& query = "") {
        return ask("POST", key_path(who) + query, key_of(who),
                   R"({"provider_type":"openai","api_key":")" + key + R"("})");
    }
    domain::UserProviderKey stored_own(const std::string& who) {
        domain::UserProviderKey key;
        read([&](store::Session& session) -> base::Result<void> {
            TRY(key, store::user_key(session, store::Access::everything(), tenant_id("acme"),
                                     user_of(who), "openai"));
            return {};
        });
        return key;
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, ProviderCalls, store::both_stores(), store::store_name);

TEST_P(ProviderCalls, AProvidersLife) {
    const auto made = ask("POST", "/api/v1/llm/providers", master_key,
                          R"({"name":"OpenAI EU","type":"openai","api_key":")" +
                              std::string(secret) +
                              R"(","priority":80,"config":{"timeout":30}})");
    ASSERT_EQ(made->status, 201) << made->body;
    EXPECT_EQ((*made)["slug"], "openai-eu");
    EXPECT_EQ((*made)["api_key"], "sk-...****");
    EXPECT_EQ((*made)["priority"], "80");
    EXPECT_NE((*made)["message"], "");
    const std::string path = "/api/v1/llm/providers/" + (*made)["id"];
    EXPECT_EQ(made->headers["location"], path);
    const auto list = ask("GET", "/api/v1/llm/providers?enabled_only=true", master_key);
    ASSERT_TRUE(list->json.is_array()) << list->body;
    EXPECT_EQ((*list->json.elements().begin())["name"].text(), "OpenAI EU");
    const auto paged = ask("GET", "/api/v1/llm/providers?limit=10", master_key);
    EXPECT_EQ(paged->json["data"].size(), 1U);
    const auto lost = ask("PATCH", path, master_key, R"({"enabled":false})",
                          "if-match: \"9\"\r\n");
    EXPECT_EQ(lost->status, 412);
    const auto off = ask("PATCH", path, master_key, R"({"enabled":false})",
                         "if-match: " + made->headers["etag"] + "\r\n");
    EXPECT_EQ(off->status, 200) << off->body;
    EXPECT_EQ((*off)["status"], "disabled");
    EXPECT_EQ((*off)["api_key"], "sk-...****") << "what is not named stays";
    // What was shown may be sent back as it was.
    const auto shown = ask("GET", path, master_key);
    const auto put = ask("PUT", path, master_key,
                         R"({"name":"OpenAI EU","type":"openai","api_key":"sk-...****"})");
    EXPECT_EQ(put->status, 200) << put->body;
    EXPECT_EQ((*put)["api_key"], "sk-...****");
    EXPECT_EQ((*put)["priority"], "0");
    const auto cleared = ask("PATCH", path, master_key, R"({"api_key":null})");
    EXPECT_EQ((*cleared)["api_key"], "null");
    EXPECT_EQ(ask("DELETE", path, master_key)->status, 200);
    EXPECT_EQ(ask("GET", path, master_key)->status, 404);
    EXPECT_EQ(audit_rows("provider.created"), 1);
    EXPECT_EQ(audit_rows("provider.updated"), 3);
    EXPECT_EQ(audit_rows("provider.deleted"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM audit_log WHERE details LIKE '%planted%'"), 0);
    // Channels are told of it; nobody has to acknowledge it.
    EXPECT_EQ(number("SELECT COUNT(*) FROM alerts WHERE event = 'provider.created'"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM alerts WHERE event = 'provider.updated'"), 3);
    EXPECT_EQ(number("SELECT COUNT(*) FROM alerts WHERE event = 'provider.deleted'"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM alerts WHERE acknowledged = 0"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM alerts WHERE CAST(details AS TEXT) LIKE '%planted%'"),
              0);
}

TEST_P(ProviderCalls, WhatIsWrong_IsNamed) {
    for (const auto& [body, word] : std::vector<std::pair<std::string, std::string>>{
             {R"({"type":"openai"})", "name"},
             {R"({"name":"x"})", "type"},
             {R"({"name":"x","type":"nonsense"})", "not known"},
             {R"({"name":"!!","type":"openai"})", "letter"},
             {R"({"name":"x","type":"openai","colour":1})", "colour"},
             {R"({"name":"x","type":"openai","config":[]})", "config"}}) {
        const auto answer = ask("POST", "/api/v1/llm/providers", master_key, body);
        EXPECT_EQ(answer->status, 400) << body;
        EXPECT_NE(answer->error("message").find(word), std::string::npos) << answer->body;
    }
    make_provider("x");
    EXPECT_EQ(ask("POST", "/api/v1/llm/providers", master_key, R"({"name":"x","type":"openai"})")
                  ->status,
              409);
    // Where a tenant's requests go to is not the tenant's to choose.
    const auto inside = ask("POST", "/api/v1/llm/providers", key_of("acme/admin"),
                            R"({"name":"y","type":"openai","api_base_url":"http://10.0.0.1"})");
    EXPECT_EQ(inside->status, 403) << inside->body;
}

TEST_P(ProviderCalls, ATest_SaysHowTheProviderIs) {
    const std::string good = make_provider("good", R"(,"api_key":"sk-good-key-of-test")");
    const std::string bad = make_provider("bad", R"(,"api_key":"sk-bad-key-of-test")");
    const auto works = ask("POST", "/api/v1/llm/test", master_key,
                           R"({"provider_id":")" + good + R"(","model":"m"})");
    EXPECT_EQ(works->status, 200) << works->body;
    EXPECT_EQ((*works)["status"], "success");
    EXPECT_EQ((*works)["latency_ms"], "12");
    const auto fails = ask("POST", "/api/v1/llm/test", master_key,
                           R"({"provider_id":")" + bad + R"("})");
    EXPECT_EQ((*fails)["status"], "error");
    EXPECT_EQ((*fails)["message"], "Incorrect API key provided");
    EXPECT_EQ((*ask("GET", "/api/v1/llm/providers/" + good, master_key))["health_status"],
              "healthy");
    const auto seen = ask("GET", "/api/v1/llm/providers/bad", master_key);
    EXPECT_EQ((*seen)["health_status"], "unhealthy");
    EXPECT_NE((*seen)["last_health_check"], "null");
}

TEST_P(ProviderCalls, AProviderThatRulesName_IsDeletedOnlyByForce) {
    const std::string id = make_provider("groq-eu");
    const auto rules = ask("PUT", "/api/v1/llm/routing/rules", master_key,
                           R"({"strategy":"cost","fallback_providers":[")" + id +
                               R"(","openai"],"model_aliases":{"fast":"groq-eu/llama"},)"
                               R"("config":{"max_retries":2}})");
    ASSERT_EQ(rules->status, 200) << rules->body;
    EXPECT_EQ(rules->json["fallback_providers"].raw(), R"(["groq-eu","openai"])");
    const auto refused = ask("DELETE", "/api/v1/llm/providers/" + id, master_key);
    EXPECT_EQ(refused->status, 409) << refused->body;
    EXPECT_NE(refused->error("message").find("force"), std::string::npos);
    EXPECT_EQ(ask("DELETE", "/api/v1/llm/providers/" + id + "?force=true", master_key)->status,
              200);
    const auto after = ask("GET", "/api/v1/llm/routing/rules", master_key);
    EXPECT_EQ(after->json["fallback_providers"].raw(), R"(["openai"])");
    EXPECT_EQ(after->json["model_aliases"].raw(), "{}");
}

TEST_P(ProviderCalls, RoutingRules_HaveDefaultsAndBounds) {
    const std::string path = "/api/v1/llm/routing/rules";
    const auto none = ask("GET", path, master_key);
    EXPECT_EQ((*none)["strategy"], "balanced");
    EXPECT_EQ((*none)["etag"], "0");
    EXPECT_EQ(none->json["power_levels"]["eco"]["cost_weight"].raw(), "0.7");
    for (const auto& [body, word] : std::vector<std::pair<std::string, std::string>>{
             {R"({"strategy":"magic"})", "strategy"},
             {R"({"config":{"cost_weight":0.5,"latency_weight":0.5,"quality_weight":0.5}})",
              "sum to 1"},
             {R"({"config":{"cost_weight":1}})", "sum to 1"},
             {R"({"config":{"max_retries":99}})", "max_retries"},
             {R"({"config":{"speed":1}})", "speed"},
             {R"({"fallback_providers":["nobody"]})", "nobody"}}) {
        const auto answer = ask("PATCH", path, master_key, body);
        EXPECT_EQ(answer->status, 400) << body;
        EXPECT_NE(answer->error("message").find(word), std::string::npos) << answer->body;
    }
    const auto kept =
        ask("PUT", path, master_key,
            R"({"strategy":"custom","config":{"cost_weight":0.2,"latency_weight":0.3,)"
            R"("quality_weight":0.5}})");
    ASSERT_EQ(kept->status, 200) << kept->body;
    EXPECT_EQ(ask("PATCH", path, master_key, R"({"strategy":"cost"})", "if-match: \"0\"\r\n")
                  ->status,
              412);
    // The tenant sees the platform's until it has its own.
    const auto seen = ask("GET", path, key_of("acme/auditor"));
    EXPECT_EQ((*seen)["strategy"], "custom");
    EXPECT_EQ(ask("PUT", path, key_of("acme/admin"), R"({"strategy":"latency"})")->status, 200);
    EXPECT_EQ((*ask("GET", path, key_of("acme/auditor")))["strategy"], "latency");
    EXPECT_EQ((*ask("GET", path, key_of("globex/auditor")))["strategy"], "custom");
}

TEST_P(ProviderCalls, AModelsLife_AndListsByCost) {
    const std::string id = make_provider("p");
    const auto model = [&](const std::string& name, const std::string& more) {
        return ask("POST", "/api/v1/llm/models", master_key,
                   R"({"provider_id":")" + id + R"(","name":")" + name + "\"" + more + "}");
    };
    const auto made = model("dear", R"(,"cost_per_1m_input_tokens":5,"cost_per_1m_output_tokens":15,)"
                                    R"("context_length":128000,"quality_score":0.95,)"
                                    R"("metadata":{"supports_vision":true}})");
    EXPECT_EQ(made->status, 400) << "one brace too many";
    const auto dear = model("dear", R"(,"cost_per_1m_input_tokens":5,"cost_per_1m_output_tokens":15,)"
                                    R"("context_length":128000,"quality_score":0.95,)"
                                    R"("metadata":{"supports_vision":true})");
    ASSERT_EQ(dear->status, 201) << dear->body;
    EXPECT_EQ((*dear)["cost_per_1m_input"], "5");
    EXPECT_EQ((*dear)["quality_score"], "0.95");
    EXPECT_EQ(model("cheap", R"(,"cost_per_1m_input":0.1,"cost_per_1m_output":0.2)")->status, 201);
    EXPECT_EQ(model("dear", "")->status, 409);
    EXPECT_EQ(model("bad", R"(,"quality_score":2)")->status, 400);
    const auto list =
        ask("GET", "/api/v1/llm/models?provider_id=" + id + "&sort_by=cost", master_key);
    ASSERT_EQ(list->json.size(), 2U) << list->body;
    EXPECT_EQ((*list->json.elements().begin())["name"].text(), "cheap");
    EXPECT_EQ((*list->json.elements().begin())["provider_name"].text(), "p");
    const auto provider = ask("GET", "/api/v1/llm/providers/p", master_key);
    EXPECT_EQ((*provider)["models"], "2");
    EXPECT_EQ((*provider)["avg_cost_per_1m"], "5.075");
    EXPECT_EQ(provider->json["enabled_models"].size(), 2U);
    const std::string path = "/api/v1/llm/models/" + (*dear)["id"];
    const auto off = ask("PATCH", path, master_key, R"({"enabled":false})");
    EXPECT_EQ((*off)["enabled"], "false");
    EXPECT_EQ((*off)["cost_per_1m_output"], "15");
    EXPECT_EQ(ask("GET", "/api/v1/llm/models?enabled_only=true", master_key)->json.size(), 1U);
    ASSERT_EQ(ask("PATCH", "/api/v1/llm/routing/rules", master_key,
                  R"({"model_aliases":{"best":"p/dear"}})")
                  ->status,
              200);
    EXPECT_EQ(ask("DELETE", path, master_key)->status, 409);
    EXPECT_EQ(ask("DELETE", path + "?force=true", master_key)->status, 200);
    EXPECT_EQ(audit_rows("model.created"), 2);
    EXPECT_EQ(audit_rows("model.deleted"), 1);
}

TEST_P(ProviderCalls, ASync_AddsChangesAndSwitchesOff) {
    const std::string id = make_provider("p");
    const std::string body = R"({"provider_id":")" + id + R"("})";
    domain::OfferedModel first, second;
    first.name = "a/one";
    first.input_price = first.output_price = 1'000'000'000;
    first.tools = true;
    second.name = "a/two";
    providers().list = {first, second};
    const auto added = ask("POST", "/api/v1/llm/models/sync", master_key, body);
    ASSERT_EQ(added->status, 200) << added->body;
    EXPECT_EQ(added->json["added"].raw(), R"(["a/one","a/two"])");
    EXPECT_EQ(ask("GET", "/api/v1/llm/models?enabled_only=true", master_key)->json.size(), 0U);
    const auto same = ask("POST", "/api/v1/llm/models/sync", master_key, body);
    EXPECT_EQ(same->json["added"].size() + same->json["changed"].size(), 0U) << same->body;
    const auto models = ask("GET", "/api/v1/llm/models?sort_by=name", master_key);
    const std::string one = (*models->json.elements().begin())["id"].text();
    EXPECT_EQ(ask("PATCH", "/api/v1/llm/models/" + one, master_key, R"({"enabled":true})")->status,
              200);
    EXPECT_EQ(ask("POST", "/api/v1/llm/models", master_key,
                  R"({"provider_id":"p","name":"by-hand"})")
                  ->status,
              201);
    first.input_price = 2'000'000'000;
    providers().list = {first};
    const auto changed = ask("POST", "/api/v1/llm/models/sync", master_key, body);
    EXPECT_EQ(changed->json["changed"].raw(), R"(["a/one"])");
    EXPECT_EQ(changed->json["gone"].raw(), R"(["by-hand"])") << "two was never switched on";
    const auto after = ask("GET", "/api/v1/llm/models/" + one, master_key);
    EXPECT_EQ((*after)["cost_per_1m_input"], "2");
    EXPECT_EQ((*after)["enabled"], "true") << "what an admin switched on stays on";
    providers().list = {};
    const auto gone = ask("POST", "/api/v1/llm/models/sync", master_key, body);
    EXPECT_EQ(gone->json["gone"].raw(), R"(["a/one","by-hand"])");
    EXPECT_EQ((*ask("GET", "/api/v1/llm/models/" + one, master_key))["enabled"], "false");
    EXPECT_EQ(audit_rows("models.synced"), 3);
}

TEST_P(ProviderCalls, AUsersKey_IsTriedKeptAndShownMasked) {
    const auto kept = bring("acme/member", secret);
    ASSERT_EQ(kept->status, 201) << kept->body;
    EXPECT_EQ(providers().probes, 1);
    EXPECT_EQ((*kept)["provider_type"], "openai");
    EXPECT_EQ((*kept)["power_level"], "balanced");
    EXPECT_EQ((*kept)["message"], "the key works");
    const auto list = ask("GET", key_path("acme/member"), key_of("acme/member"));
    const json::Value own = list->json["byok_providers"]["openai"];
    EXPECT_EQ(own["api_key"].text(), "sk-...****") << list->body;
    EXPECT_EQ(own["requests_this_month"].raw(), "0");
    EXPECT_TRUE(own["last_used_at"].is_null());
    const auto key = stored_own("acme/member");
    EXPECT_EQ(vault()->open({tenant_id("acme"), user_of("acme/member"), "openai"},
                            key.api_key_token)
                  .value(),
              secret);
    EXPECT_EQ(key.key_id, vault()->newest_id());
    // Another one in its place, whose etag must be the one that was read.
    EXPECT_EQ(bring("acme/member", "sk-another-key-999")->status, 201);
    EXPECT_EQ(audit_rows("byok_key_added"), 1);
    EXPECT_EQ(audit_rows("byok_key_updated"), 1);
    const std::string path = key_path("acme/member") + "/openai";
    const auto off = ask("PATCH", path, key_of("acme/member"), R"({"enabled":false})");
    EXPECT_EQ((*off)["enabled"], "false") << off->body;
    EXPECT_EQ(audit_rows("byok_key_toggled"), 1);
    const auto preferred =
        ask("PUT", path, key_of("acme/member"),
            R"({"preferences":{"preferred_models":["gpt-4o"],"max_cost_per_request":0.5}})");
    EXPECT_EQ(preferred->status, 200) << preferred->body;
    EXPECT_EQ((*preferred)["enabled"], "true");
    const auto again = ask("GET", key_path("acme/member"), key_of("acme/member"));
    EXPECT_EQ(again->json["byok_providers"]["openai"]["preferences"].raw(),
              R"({"preferred_models":["gpt-4o"],"max_cost_per_request":0.5})");
    EXPECT_EQ(ask("DELETE", path, key_of("acme/member"))->status, 200);
    EXPECT_EQ(ask("DELETE", path, key_of("acme/member"))->status, 404);
    EXPECT_EQ(audit_rows("byok_key_deleted"), 1);
}

TEST_P(ProviderCalls, AKeyThatDoesNotWork_IsRefusedInTheProvidersWords) {
    const auto refused = bring("acme/member", "sk-bad-key-of-test");
    EXPECT_EQ(refused->status, 422) << refused->body;
    EXPECT_NE(refused->error("message").find("Incorrect API key provided"), std::string::npos);
    const auto down = bring("acme/member", "sk-down-key-of-test");
    EXPECT_EQ(down->status, 503) << down->body;
    EXPECT_NE(down->error("message").find("validate=false"), std::string::npos);
    const auto list = ask("GET", key_path("acme/member"), key_of("acme/member"));
    EXPECT_EQ(list->json["byok_providers"].size(), 0U);
    EXPECT_EQ(bring("acme/member", "sk-bad-key-of-test", "?validate=false")->status, 201);
    const auto unknown = ask("POST", key_path("acme/member"), key_of("acme/member"),
                             R"({"provider_type":"nonsense","api_key":"sk-12345678"})");
    EXPECT_EQ(unknown->status, 400) << unknown->body;
    // A type without a model in the catalog: its list is asked for instead.
    const auto listed = ask("POST", key_path("acme/member"), key_of("acme/member"),
                            R"({"provider_type":"openrouter","api_key":"sk-bad-12345678"})");
    EXPECT_EQ(listed->status, 422) << listed->body;
}

TEST_P(ProviderCalls, Admins_SeeMaskedSwitchOffAndDelete_NothingElse) {
    ASSERT_EQ(bring("acme/member", secret)->status, 201);
    const std::string path = key_path("acme/member") + "/openai";
    for (const std::string& admin : {key_of("acme/admin"), std::string(master_key)}) {
        const auto list = ask("GET", key_path("acme/member"), admin);
        EXPECT_EQ(list->json["byok_providers"]["openai"]["api_key"].text(), "sk-...****");
        EXPECT_EQ(ask("POST", key_path("acme/member"), admin,
                      R"({"provider_type":"openai","api_key":"sk-12345678"})")
                      ->status,
                  403);
        EXPECT_EQ(ask("PATCH", path, admin, R"({"api_key":"sk-12345678"})")->status, 403);
        EXPECT_EQ(ask("PATCH", path, admin, R"({"enabled":true})")->status, 403);
        EXPECT_EQ(ask("PATCH", path, admin, R"({"enabled":false})")->status, 200);
    }
    EXPECT_EQ(ask("GET", key_path("acme/member"), key_of("acme/other"))->status, 404);
    EXPECT_EQ(ask("DELETE", path, key_of("globex/admin"))->status, 404);
    EXPECT_EQ(ask("DELETE", path, key_of("acme/admin"))->status, 200);
}

TEST_P(ProviderCalls, ACopiedRow_CannotBeOpened) {
    ASSERT_EQ(bring("acme/member", secret)->status, 201);
    const auto key = stored_own("acme/member");
    const auto opened =
        vault()->open({tenant_id("acme"), user_of("acme/other"), "openai"}, key.api_key_token);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, base::ErrorCode::permission);
}

TEST_P(ProviderCalls, Rotation_BringsEveryRowUnderTheNewestKey) {
    const std::string old_key = crypto::FernetKey::make_text();
    vault() = std::make_shared<policy::KeyVault>(std::move(policy::KeyVault::of(old_key)).value());
    ASSERT_EQ(bring("acme/member", secret)->status, 201);
    ASSERT_EQ(bring("acme/other", "sk-another-key-999")->status, 201);
    const std::string provider = make_provider("p", R"(,"api_key":"sk-good-key-of-test")");
    const std::string new_key = crypto::FernetKey::make_text();
    vault() = std::make_shared<policy::KeyVault>(
        std::move(policy::KeyVault::of(new_key + "," + old_key)).value());
    const auto done = ask("POST", "/api/v1/secrets/rotate", master_key);
    ASSERT_EQ(done->status, 200) << done->body;
    EXPECT_EQ((*done)["rewrapped"], "3");
    EXPECT_EQ((*done)["failed"], "0");
    vault() = std::make_shared<policy::KeyVault>(std::move(policy::KeyVault::of(new_key)).value());
    EXPECT_EQ(vault()->open({tenant_id("acme"), user_of("acme/member"), "openai"},
                            stored_own("acme/member").api_key_token)
                  .value(),
              secret);
    EXPECT_EQ((*ask("POST", "/api/v1/llm/test", master_key,
                    R"({"provider_id":"p","model":"m"})"))["status"],
              "success");
    const auto again = ask("POST", "/api/v1/secrets/rotate", master_key);
    EXPECT_EQ((*again)["rewrapped"], "0");
    EXPECT_EQ((*again)["current"], "3");
    EXPECT_EQ(ask("POST", "/api/v1/secrets/rotate", master_key, R"({"new_key":true})")->status,
              400)
        << "the list is configured, not a file";
    EXPECT_EQ(audit_rows("secrets.rotated"), 2);
}

TEST_P(ProviderCalls, NoSecret_IsInAnyAnswerAuditOrColumn) {
    testing::internal::CaptureStderr();
    std::string said;
    const auto keep = [&](std::unique_ptr<Answer> answer) {
        said += answer->body;
        for (const auto& [name, value] : answer->headers) said += name + value;
    };
    keep(bring("acme/member", secret));
    keep(bring("acme/member", std::string(secret) + "-bad"));
    keep(ask("POST", "/api/v1/llm/providers", master_key,
             R"({"name":"p","type":"openai","api_key":")" + std::string(secret) + R"("})"));
    keep(ask("PATCH", "/api/v1/llm/providers/p", master_key,
             R"({"api_key":")" + std::string(secret) + R"(-2","colour":1})"));
    for (const std::string& path :
         {std::string("/api/v1/llm/providers"), std::string("/api/v1/llm/providers/p"),
          std::string("/api/v1/audit"), key_path("acme/member")}) {
        keep(ask("GET", path, master_key));
    }
    EXPECT_EQ(said.find("planted"), std::string::npos) << said;
    for (const auto& [table, column] : std::vector<std::pair<std::string, std::string>>{
             {"audit_log", "details"}, {"user_provider_keys", "api_key_encrypted"},
             {"user_provider_keys", "masked"}, {"llm_providers", "api_key_encrypted"},
             {"llm_providers", "health_message"}}) {
        EXPECT_EQ(number("SELECT COUNT(*) FROM " + table + " WHERE " + column +
                         " LIKE '%planted%'"),
                  0)
            << table;
    }
    const std::string logged = testing::internal::GetCapturedStderr();
    EXPECT_EQ(logged.find("planted"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::admin
