// What a configuration becomes as a whole: names, groups, wildcards, keys, health.
#include "assembly/world_test.hpp"

namespace tollgate::assembly {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class BuildSnapshot : public World {};

constexpr std::string_view echo_only = R"(
general_settings: {master_key: sk-master-of-these-tests}
model_list:
  - {model_name: echo, litellm_params: {model: echo/echo}}
)";

TEST_F(BuildSnapshot, TwoEntriesUnderOneName_AreOneGroupOfTwo) {
    build(R"(
model_list:
  - {model_name: gpt, litellm_params: {model: openai/gpt-5.4, api_key: sk-one}}
  - {model_name: other, litellm_params: {model: openai/gpt-5.4, api_key: sk-one}}
  - {model_name: gpt, litellm_params: {model: openai/gpt-5.4, api_key: sk-two}}
)");
    ASSERT_NE(group("gpt"), nullptr) << problems();
    ASSERT_EQ(group("gpt")->endpoints.size(), 2u);
    EXPECT_EQ(group("gpt")->endpoints[0]->deployment.api_key, "sk-one");
    EXPECT_EQ(group("gpt")->endpoints[1]->deployment.api_key, "sk-two");
    EXPECT_EQ(snapshot().groups.size(), 2u);
    EXPECT_EQ(snapshot().endpoints.size(), 3u);
    EXPECT_EQ(snapshot().version, 7u);
}

TEST_F(BuildSnapshot, OneOfTwoEntriesLeftOut_TheOtherServesTheName) {
    build(R"(
model_list:
  - {model_name: big, litellm_params: {model: openai/gpt-5.4}}
  - {model_name: big, litellm_params: {model: anthropic/claude-sonnet-4-6, api_key: sk-ant}}
)");
    EXPECT_EQ(deployment("big").provider.type, "anthropic");
    EXPECT_THAT(problems(), HasSubstr("openai has no credential"));
}

TEST_F(BuildSnapshot, FallbackToTheSameModelOfAnotherAccount_IsKept) {
    build(R"(
providers:
  east: {type: openai, api_base: "https://east.example/v1", api_key: sk-east}
  west: {type: openai, api_base: "https://west.example/v1", api_key: sk-west}
model_list:
  - {model_name: first, litellm_params: {model: openai/m, api_key: sk-one}}
  - {model_name: second, litellm_params: {model: openai/m, api_key: sk-two}}
  - {model_name: third, litellm_params: {model: openai/m, api_key: sk-one}}
  - {model_name: fourth, litellm_params: {model: east/m}}
  - {model_name: fifth, litellm_params: {model: west/m}}
router_settings:
  fallbacks: [{first: [second, third, fourth, fifth, west/m]}]
)");
    std::vector<std::string> tried;
    for (const routing::Candidate& candidate : snapshot().names.resolve("first").candidates) {
        tried.push_back(candidate.is_direct() ? candidate.provider + "/" + candidate.model
                                              : snapshot().groups[candidate.group]->name);
    }
    // `third` is `first` again, and `west/m` is `fifth`.
    EXPECT_THAT(tried, testing::ElementsAre("first", "second", "fourth", "fifth")) << problems();
}

TEST_F(BuildSnapshot, Wildcard_IsFilledInAndRemembered) {
    build(R"(
model_list:
  - {model_name: "claude-*", litellm_params: {model: "anthropic/claude-*", api_key: sk-ant}}
)");
    EXPECT_EQ(problems(), "");
    auto first = made("claude-haiku-4-5"), second = made("claude-haiku-4-5");
    ASSERT_TRUE(first.ok() && second.ok());
    ASSERT_EQ(first->size(), 1u);
    EXPECT_EQ(first->front(), second->front());
    EXPECT_EQ(first->front()->deployment.model_name, "claude-haiku-4-5");
    EXPECT_EQ(first->front()->deployment.group, "claude-*");
    EXPECT_TRUE(first->front()->deployment.model.in_catalog);
    EXPECT_THAT(snapshot().names.listed(), Not(Contains("claude-*")));
}

TEST_F(BuildSnapshot, WildcardOfSeveralEntries_IsServedByAllThatCan) {
    build(R"(
model_list:
  - {model_name: "gpt-*", litellm_params: {model: "openai/gpt-*", api_key: sk-one}}
  - {model_name: "gpt-*", litellm_params: {model: "groq/gpt-*"}}
  - {model_name: "gpt-*", litellm_params: {model: "openai/gpt-*", api_key: sk-two}}
)");
    auto endpoints = made("gpt-5.4");
    ASSERT_TRUE(endpoints.ok()) << endpoints.error().message;
    ASSERT_EQ(endpoints->size(), 2u);
    EXPECT_EQ((*endpoints)[0]->deployment.api_key, "sk-one");
    EXPECT_EQ((*endpoints)[1]->deployment.api_key, "sk-two");
    EXPECT_THAT(problems(), HasSubstr("'gpt-*' cannot be served: groq has no credential"));
}

TEST_F(BuildSnapshot, WildcardWithoutCredential_SaysSoAtStartAndToTheClient) {
    build(R"(
model_list:
  - {model_name: "mistral/*", litellm_params: {model: "mistral/*"}}
)");
    ASSERT_NE(result_.snapshot, nullptr);
    EXPECT_THAT(problems(), HasSubstr("'mistral/*' cannot be served: mistral has no credential"));
    auto endpoints = made("mistral/large");
    ASSERT_FALSE(endpoints.ok());
    EXPECT_THAT(endpoints.error().message, HasSubstr("set MISTRAL_API_KEY"));
}

TEST_F(BuildSnapshot, WildcardOverAllProviders_IsNotChecked) {
    build(R"(
model_list:
  - {model_name: "*", litellm_params: {model: "*"}}
)");
    EXPECT_EQ(problems(), "");
}

TEST_F(BuildSnapshot, ProviderByName_IsServedOnlyWithItsCredential) {
    environment_.variables["GROQ_API_KEY"] = "made-up";
    build(echo_only);
    auto groq = made("groq/llama");
    ASSERT_TRUE(groq.ok()) << groq.error().message;
    EXPECT_EQ(groq->front()->deployment.model_name, "llama");
    EXPECT_FALSE(made("mistral/large").ok());
}

TEST_F(BuildSnapshot, AliasToNowhere_IsAWarning) {
    build(R"(
model_list:
  - {model_name: echo, litellm_params: {model: echo/echo}}
router_settings: {model_group_alias: {fast: nothing-here}}
)");
    ASSERT_NE(result_.snapshot, nullptr);
    EXPECT_THAT(problems(), HasSubstr("nothing-here"));
}

TEST_F(BuildSnapshot, ListedModels_AreThoseToChatWith) {
    build(R"(
model_list:
  - {model_name: gpt, litellm_params: {model: openai/gpt-5.4, api_key: sk-x}}
  - model_name: vectors
    litellm_params: {model: openai/text-embedding-3-small, api_key: sk-x}
    model_info: {mode: embedding}
)");
    ASSERT_EQ(snapshot().listed.size(), 1u);
    EXPECT_EQ(snapshot().listed.front().id, "gpt");
    EXPECT_EQ(snapshot().listed.front().owner, "openai");
    EXPECT_EQ(snapshot().listed.front().context_tokens, deployment("gpt").model.context_tokens);
}

TEST_F(BuildSnapshot, HealthOutlivesAReload_ButNotAnotherCredential) {
    const auto with_key = [](const std::string& key) {
        return "model_list: [{model_name: a, litellm_params: {model: openai/x, api_key: " + key +
               "}}]";
    };
    build(with_key("sk-one"));
    const auto before = endpoint("a").health;
    before->healthy = false;
    build(with_key("sk-one"));
    EXPECT_EQ(endpoint("a").health, before);
    build(with_key("sk-two"));
    EXPECT_NE(endpoint("a").health, before);
    EXPECT_TRUE(endpoint("a").health->healthy);
}

TEST_F(BuildSnapshot, RoutingSettings_ReachTheAttemptsLoop) {
    build(R"(
model_list: [{model_name: echo, litellm_params: {model: echo/echo}}]
routing: {max_attempts: 5, connect_timeout: 2, idle_timeout: 33, expose_provider_limits: true}
server: {limits: {in_flight: 12, queue: 40, queue_per_tenant: 7, queue_timeout: 3}}
logging: {access: false}
)");
    EXPECT_EQ(snapshot().attempts.max_attempts, 5);
    EXPECT_EQ(snapshot().attempts.connect, std::chrono::seconds(2));
    EXPECT_EQ(snapshot().attempts.idle, std::chrono::seconds(33));
    EXPECT_TRUE(snapshot().expose_provider_limits);
    EXPECT_EQ(snapshot().admission.running_max, 12);
    EXPECT_EQ(snapshot().admission.waiting_max, 40);
    EXPECT_EQ(snapshot().admission.waiting_per_tenant_max, 7);
    EXPECT_EQ(snapshot().admission.wait_max, std::chrono::seconds(3));
    EXPECT_FALSE(snapshot().access_log);
}

}  // namespace
}  // namespace tollgate::assembly
