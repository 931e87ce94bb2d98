#include "commands/resource_call.hpp"

#include <gtest/gtest.h>

#include "commands/fake_administration_test.hpp"

namespace tollgate::commands {
namespace {

base::Result<CallText> call(const Line& line) {
    const World world = world_of_tests();
    return call_of(invocation_of(line), world.read_secret, world.now);
}
std::string body(const Line& line) {
    const auto made = call(line);
    return made.ok() ? made->body : "error: " + made.error().message;
}

TEST(ResourceCall, Values_BecomeWhatTheInterfaceTakes) {
    EXPECT_EQ(body({"keys", "create", "ci",
                    {{"--tenant", "acme"},
                     {"--models", "a,b"},
                     {"--aliases", "fast=m,slow=n"},
                     {"--enabled", "no"},
                     {"--rotation-days", "30"},
                     {"--expires", "2027-01-01"},
                     {"--requests-per-day", "none"},
                     {"--tokens-per-minute", "5"}}}),
              R"({"name":"ci","tenant":"acme","allowed_models":["a","b"],)"
              R"("aliases":{"fast":"m","slow":"n"},"enabled":false,"rotation_days":30,)"
              R"("expires_at":"2027-01-01",)"
              R"("limits":{"requests_per_day":null,"tokens_per_minute":5}})");
    EXPECT_EQ(body({"budgets", "create", "",
                    {{"--limit", "0.1"}, {"--thresholds", "50:notify,100"}}}),
              R"({"limit":0.1,"thresholds":[{"percent":50,"action":"notify"},{"percent":100}]})");
    EXPECT_EQ(body({"tenants", "update", "acme", {{"--tier", ""}, {"--models", ""}}}),
              R"({"tier":null,"allowed_models":[]})");
}

TEST(ResourceCall, Arms_AreNamesSharesAndModels) {
    EXPECT_EQ(body({"experiments", "create", "titles",
                    {{"--models", "cheap"},
                     {"--arms", "now=90:openai/gpt-4o-mini,new=0.5:ollama/qwen3:8b"},
                     {"--confidence", "0.99"}}}),
              R"({"name":"titles","models":["cheap"],)"
              R"("arms":[{"name":"now","model":"openai/gpt-4o-mini","share":90},)"
              R"({"name":"new","model":"ollama/qwen3:8b","share":0.5}],"confidence":0.99})");
    EXPECT_EQ(body({"experiments", "promote", "titles",
                    {{"--arm", "new"}, {"--accept-quality", "true"}}}),
              R"({"arm":"new","accept_quality":true})");
    for (const char* wrong : {"now=openai/gpt", "now=90", "=9:a", "now=x:a", "now=9:"}) {
        EXPECT_EQ(body({"experiments", "create", "titles", {{"--arms", wrong}}}),
                  "error: --arms: '" + std::string(wrong) +
                      "' is not NAME=SHARE:MODEL, such as new=10:openai/gpt-4o-mini");
    }
}

TEST(ResourceCall, WrongValues_NameTheOption) {
    EXPECT_EQ(body({"keys", "create", "ci", {{"--enabled", "maybe"}}}),
              "error: --enabled: 'maybe' is not true or false");
    EXPECT_EQ(body({"keys", "create", "ci", {{"--aliases", "a"}}}),
              "error: --aliases: 'a' is not name=value, with commas between several");
    EXPECT_EQ(body({"budgets", "create", "", {{"--limit", "ten"}}}),
              "error: --limit: 'ten' is not an amount of US dollars, or none");
    EXPECT_EQ(body({"budgets", "create", "", {{"--thresholds", "x:notify"}}}),
              "error: --thresholds: 'x:notify' is not PERCENT:ACTION, such as 80:notify");
    EXPECT_EQ(body({"credits", "add", "lots"}),
              "error: AMOUNT: 'lots' is not an amount of US dollars, or none");
    EXPECT_EQ(body({"keys", "create", "ci", {{"--chosen-key-file", "missing"}}}),
              "error: --chosen-key-file: missing: no such file");
}

TEST(ResourceCall, Secrets_ComeFromFilesAlone) {
    EXPECT_EQ(body({"keys", "create", "ci", {{"--chosen-key-file", "./key"}}}),
              R"({"name":"ci","key":"secret of ./key"})");
    for (const Noun& noun : nouns()) {
        for (const Action& action : noun.actions) {
            for (const Field& field : action.fields) {
                const bool secret = field.path == "key.key" || field.path == "secret" ||
                                    field.path == "api_key" ||
                                    (noun.name == "keys" && field.path == "key");
                EXPECT_EQ(field.type == FieldType::secret_file, secret)
                    << noun.name << " " << action.verb << " " << field.flag;
            }
        }
    }
}

TEST(ResourceCall, ObjectOfAFile_HoldsTheOptionsToo) {
    Line line{"tenants", "create", "acme", {{"--requests-per-hour", "7"}, {"--key,!--no-key", ""}}};
    line.object_text =
        R"({"name":"other","limits":{"requests_per_minute":1},"settings":{"a":[1]},)"
        R"("key":{"name":"mine"}})";
    EXPECT_EQ(body(line),
              R"({"name":"acme","limits":{"requests_per_minute":1,"requests_per_hour":7},)"
              R"("settings":{"a":[1]},"key":{"name":"mine"}})");
    line.object_text = "[1]";
    EXPECT_EQ(body(line), "error: --from-file: expected a JSON object: {\"name\": ...}");
    line.object_text = "{";
    EXPECT_EQ(body(line).rfind("error: --from-file: malformed JSON", 0), 0U);
}

TEST(ResourceCall, PositionalsAndFilters_AreEncoded) {
    EXPECT_EQ(call({"teams", "get", "a/b c", {{"--tenant", "x&y"}}})->target,
              "/api/v1/teams/a%2Fb%20c?tenant=x%26y");
    const Line range{"tenants", "usage", "acme", {{"--from", "2w"}, {"--to", "2026-11-20"}}};
    EXPECT_EQ(call(range)->target,
              "/api/v1/reports/usage?group_by=provider%2Cmodel&step=whole&tenant=acme"
              "&from=2026-11-07T05%3A00%3A00.000Z&to=2026-11-20");
    EXPECT_EQ(call({"tenants", "report", ""})->target, "/api/v1/reports/chargeback");
    EXPECT_EQ(call({"keys", "delete", "k", {{"--tenant", "t"}}})->target,
              "/api/v1/keys/k?tenant=t");
    EXPECT_EQ(call({"keys", "delete", "k"})->body, "");
    EXPECT_EQ(call({"keys", "block", "k"})->body, "{}");
    EXPECT_EQ(call({"byok", "delete", "u 1/openai"})->target,
              "/api/v1/llm/users/u%201/byok/openai");
    EXPECT_FALSE(call({"byok", "delete", "openai"}).ok());
    EXPECT_EQ(body({"providers", "test", "p", {{"--model", "a/b"}}}),
              R"({"provider_id":"p","model":"a/b"})");
}

TEST(ResourceCall, Durations_AreCountedAndOthersAreNot) {
    EXPECT_EQ(duration_seconds("15m"), 900);
    EXPECT_EQ(duration_seconds("24h"), 86'400);
    EXPECT_EQ(duration_seconds("2w"), 1'209'600);
    for (const char* text : {"", "d", "0d", "-1d", "7x", "2026-11-21", "1.5h", "100001d"}) {
        EXPECT_EQ(duration_seconds(text), 0) << text;
    }
    EXPECT_EQ(body({"keys", "update", "k", {{"--expires", "30d"}}}),
              R"({"expires_at":"2026-12-21T05:00:00.000Z"})");
    EXPECT_EQ(body({"keys", "update", "k", {{"--expires", "none"}}}), R"({"expires_at":null})");
}

}  // namespace
}  // namespace tollgate::commands
