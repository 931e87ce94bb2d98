// What an entry of model_list becomes: its provider, address, credential and abilities.
#include "assembly/world_test.hpp"

namespace tollgate::assembly {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class Deployments : public World {};

constexpr std::string_view one_openai = R"(
model_list:
  - model_name: gpt
    litellm_params: {model: openai/gpt-5.4}
)";

TEST_F(Deployments, EntryWithoutCredential_IsLeftOutAndTheVariableIsNamed) {
    build(one_openai);
    ASSERT_NE(result_.snapshot, nullptr) << problems();
    EXPECT_EQ(group("gpt"), nullptr);
    ASSERT_EQ(result_.problems.size(), 1u) << problems();
    const config::Problem& problem = result_.problems.front();
    EXPECT_EQ(problem.severity, config::Severity::warning);
    EXPECT_EQ(problem.path, "model_list[0]");
    EXPECT_EQ(problem.line, 3u);
    EXPECT_THAT(problem.message,
                HasSubstr("'gpt' is left out: openai has no credential: set OPENAI_API_KEY"));
}

TEST_F(Deployments, EntryWithTheVariableSet_IsServedAtTheProvidersAddress) {
    environment_.variables["OPENAI_API_KEY"] = "sk-made-up";
    build(one_openai);
    EXPECT_EQ(problems(), "");
    EXPECT_EQ(deployment("gpt").api_key, "sk-made-up");
    EXPECT_EQ(deployment("gpt").base_url, "https://api.openai.com/v1");
    EXPECT_EQ(deployment("gpt").model_name, "gpt-5.4");
    EXPECT_EQ(endpoint("gpt").origin.host, "api.openai.com");
    EXPECT_NE(endpoint("gpt").origin.tls_context, nullptr);
    EXPECT_NE(endpoint("gpt").provider, nullptr);
}

TEST_F(Deployments, UnknownProvider_IsLeftOutByName) {
    build(R"(
model_list:
  - model_name: a
    litellm_params: {model: nosuch/model, api_key: sk-x}
)");
    ASSERT_NE(result_.snapshot, nullptr);
    EXPECT_EQ(group("a"), nullptr);
    EXPECT_THAT(problems(), HasSubstr("'a' is left out: the provider 'nosuch' is not supported"));
}

TEST_F(Deployments, ModelWithoutProvider_ComesFromTheCatalogOrIsLeftOut) {
    environment_.variables["ANTHROPIC_API_KEY"] = "sk-ant-made-up";
    build(R"(
model_list:
  - model_name: a
    litellm_params: {model: claude-sonnet-4-6}
  - model_name: b
    litellm_params: {model: nobody-knows-it}
)");
    EXPECT_EQ(deployment("a").provider.type, "anthropic");
    EXPECT_EQ(deployment("a").model_name, "claude-sonnet-4-6");
    EXPECT_EQ(group("b"), nullptr);
    EXPECT_THAT(problems(), HasSubstr("write PROVIDER/MODEL, e.g. openai/nobody-knows-it"));
}

TEST_F(Deployments, BedrockName_IsKnownWithoutWhatAwsPutsAroundIt) {
    for (const char* model :
         {"converse/anthropic.claude-sonnet-4-5-20250929-v1:0",
          "eu.anthropic.claude-sonnet-4-5-20250929-v9:3",
          "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-v1:0"}) {
        build("model_list:\n  - model_name: a\n    litellm_params: {model: 'bedrock/" +
              std::string(model) + "', api_key: made-up-key, aws_region_name: eu-west-1}\n");
        ASSERT_EQ(problems(), "") << model;
        EXPECT_TRUE(deployment("a").model.in_catalog) << model;
        EXPECT_EQ(deployment("a").model.family, "claude") << model;
        EXPECT_EQ(deployment("a").model_name, model);
        EXPECT_EQ(deployment("a").base_url, "https://bedrock-runtime.eu-west-1.amazonaws.com");
    }
}

TEST_F(Deployments, NameThatLeadsOutOfTheModels_IsRefused) {
    environment_.variables["GEMINI_API_KEY"] = "AIza-made-up";
    build("{}");
    ASSERT_NE(result_.snapshot, nullptr) << problems();
    EXPECT_TRUE(made("gemini/tunedModels/mine-1..2").ok());
    for (const char* name : {"gemini/../cachedContents/x", "gemini/models/../../v1/files/x",
                             "gemini/..", "gemini/a/./b"}) {
        auto endpoints = made(name);
        ASSERT_FALSE(endpoints.ok()) << name;
        EXPECT_THAT(endpoints.error().message, HasSubstr("which no name of a model has"));
    }
}

// The ARN's region is a part of the host that gets the credential.
TEST_F(Deployments, ArnOfAKeyHolder_NamesNoHostOfItsOwn) {
    environment_.variables["AWS_BEARER_TOKEN_BEDROCK"] = "made-up-bearer-key";
    environment_.variables["AWS_REGION"] = "us-east-1";
    build("{}");
    ASSERT_NE(result_.snapshot, nullptr) << problems();
    auto good = made("bedrock/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude");
    ASSERT_TRUE(good.ok()) << good.error().message;
    EXPECT_EQ(good->front()->origin.host, "bedrock-runtime.eu-west-1.amazonaws.com");
    auto bad = made("bedrock/arn:aws:bedrock:evil.example/x:1:inference-profile/claude");
    ASSERT_FALSE(bad.ok()) << bad->front()->origin.host;
    EXPECT_THAT(bad.error().message, HasSubstr("is no AWS region"));
}

TEST_F(Deployments, AddressThatIsNone_FailsTheBuild) {
    build(R"(
model_list:
  - model_name: a
    litellm_params: {model: openai/x, api_key: sk-x, api_base: "ftp://files.example"}
)");
    EXPECT_EQ(result_.snapshot, nullptr);
    EXPECT_THAT(problems(), HasSubstr("error"));
}

TEST_F(Deployments, CredentialOfTheEnvironment_IsNotSentToAnotherAddress) {
    environment_.variables["OPENAI_API_KEY"] = "sk-made-up";
    build(R"(
providers:
  elsewhere: {type: openai, api_base: "https://proxy.example/v1"}
model_list:
  - model_name: by_entry
    litellm_params: {model: openai/gpt-5.4, api_base: "http://10.0.0.7:8000/v1"}
  - model_name: by_account
    litellm_params: {model: elsewhere/gpt-5.4}
)");
    EXPECT_EQ(deployment("by_entry").api_key, "");
    EXPECT_EQ(deployment("by_entry").base_url, "http://10.0.0.7:8000/v1");
    EXPECT_EQ(deployment("by_account").api_key, "");
    auto direct = made("elsewhere/gpt-5.4");
    ASSERT_TRUE(direct.ok()) << direct.error().message;
    EXPECT_EQ(direct->front()->deployment.api_key, "");
}

TEST_F(Deployments, CredentialOfAnAccount_IsNotSentToAnotherAddress) {
    build(R"(
providers:
  openai: {api_key: sk-of-account}
  corp: {type: openai, api_base: "https://llm.corp.example/v1", api_key: sk-of-corp}
model_list:
  - model_name: own
    litellm_params: {model: openai/gpt-5.4}
  - model_name: other
    litellm_params: {model: openai/gpt-5.4, api_base: "https://proxy.example/v1"}
  - model_name: same_server
    litellm_params: {model: corp/m, api_base: "https://llm.corp.example/v2"}
)");
    EXPECT_EQ(deployment("own").api_key, "sk-of-account");
    EXPECT_EQ(deployment("other").api_key, "");
    EXPECT_EQ(deployment("same_server").api_key, "sk-of-corp");
}

TEST_F(Deployments, CredentialOfTheEnvironment_GoesToTheAddressThatTheEnvironmentNames) {
    environment_.variables["OPENAI_API_KEY"] = "sk-made-up";
    environment_.variables["OPENAI_BASE_URL"] = "https://gateway.example/v1/";
    build(one_openai);
    EXPECT_EQ(deployment("gpt").base_url, "https://gateway.example/v1");
    EXPECT_EQ(deployment("gpt").api_key, "sk-made-up");
}

TEST_F(Deployments, OwnAddressWrittenOut_IsTheProvidersStill) {
    constexpr std::string_view yaml = R"(
model_list:
  - model_name: gpt
    litellm_params: {model: openai/gpt-5.4, api_base: "https://api.openai.com/v1"}
)";
    build(yaml);
    EXPECT_EQ(group("gpt"), nullptr);
    EXPECT_THAT(problems(), HasSubstr("set OPENAI_API_KEY"));
    environment_.variables["OPENAI_API_KEY"] = "sk-made-up";
    build(yaml);
    EXPECT_EQ(deployment("gpt").api_key, "sk-made-up");
}

TEST_F(Deployments, KeyOfTheEntry_IsAboveAllOthers) {
    environment_.variables["OPENAI_API_KEY"] = "sk-of-environment";
    build(R"(
providers:
  openai: {api_key: sk-of-account}
model_list:
  - model_name: a
    litellm_params: {model: openai/gpt-5.4, api_key: sk-of-entry, api_base: "http://h.example/v1"}
)");
    EXPECT_EQ(deployment("a").api_key, "sk-of-entry");
}

TEST_F(Deployments, Account_GivesAddressHeadersAndDeadline) {
    build(R"(
providers:
  corp:
    type: anthropic
    api_base: https://llm.corp.example/
    api_key: sk-corp
    headers: {x-team: platform, x-cost-center: "7"}
    timeout: 90
    drop_params: true
model_list:
  - model_name: claude
    litellm_params:
      model: corp/claude-sonnet-4-6
      extra_headers: {X-Team: research}
  - model_name: strict
    litellm_params: {model: corp/claude-sonnet-4-6, timeout: 30, drop_params: false}
)");
    const domain::Deployment& claude = deployment("claude");
    EXPECT_EQ(claude.provider.type, "anthropic");
    EXPECT_EQ(claude.base_url, "https://llm.corp.example");
    EXPECT_EQ(claude.api_key, "sk-corp");
    EXPECT_EQ(claude.headers_timeout, std::chrono::seconds(90));
    EXPECT_TRUE(claude.drop_unsupported);
    // The entry's own header stands above the account's, in whatever case it is written.
    EXPECT_THAT(claude.extra_headers,
                ElementsAre(Pair("X-Team", "research"), Pair("x-cost-center", "7")));
    EXPECT_EQ(deployment("strict").headers_timeout, std::chrono::seconds(30));
    EXPECT_FALSE(deployment("strict").drop_unsupported);
}

TEST_F(Deployments, CertificateSettings_AreThoseOfTheAccountThatServes) {
    build(R"(
providers:
  lab: {type: openai, api_base: "https://lab.example", api_key: sk-lab, verify_tls: false}
model_list:
  - model_name: by_prefix
    litellm_params: {model: lab/m}
  - model_name: by_custom
    litellm_params: {model: m, custom_llm_provider: lab}
  - model_name: not_by_accident
    litellm_params: {model: lab/m, custom_llm_provider: openai, api_key: sk-x}
)");
    const auto unverified = shared_.tls(false, "");
    ASSERT_TRUE(unverified.ok());
    EXPECT_EQ(endpoint("by_prefix").origin.tls_context, *unverified);
    EXPECT_EQ(endpoint("by_custom").origin.tls_context, *unverified);
    EXPECT_EQ(deployment("not_by_accident").model_name, "lab/m");
    EXPECT_NE(endpoint("not_by_accident").origin.tls_context, *unverified);
}

TEST_F(Deployments, LocalProvider_NeedsNoCredential) {
    build(R"(
model_list:
  - model_name: local
    litellm_params: {model: ollama/qwen3, api_base: "http://127.0.0.1:11434", num_ctx: 32768}
)");
    EXPECT_EQ(problems(), "");
    EXPECT_EQ(deployment("local").num_ctx, 32768);
    EXPECT_TRUE(deployment("local").provider.local);
    EXPECT_EQ(endpoint("local").origin.tls_context, nullptr);
}

TEST_F(Deployments, AddressWithAVariable_IsFilledInOrTheVariableNamed) {
    environment_.variables["CLOUDFLARE_API_KEY"] = "made-up";
    constexpr std::string_view yaml = R"(
model_list:
  - model_name: a
    litellm_params: {model: cloudflare/llama}
)";
    build(yaml);
    EXPECT_EQ(group("a"), nullptr);
    EXPECT_THAT(problems(), HasSubstr("its URL needs the variable CLOUDFLARE_ACCOUNT_ID"));
    environment_.variables["CLOUDFLARE_ACCOUNT_ID"] = "acc1";
    build(yaml);
    EXPECT_THAT(deployment("a").base_url, HasSubstr("/acc1/"));
}

TEST_F(Deployments, ModelInfo_StandsAboveTheCatalog) {
    environment_.variables["OPENAI_API_KEY"] = "sk-made-up";
    build(R"(
model_list:
  - model_name: gpt
    litellm_params:
      model: openai/gpt-5.4
      input_cost_per_token: 0.000002
      max_tokens: 500
      temperature: 0.3
      extra_body: {store: false}
    model_info: {id: east-1, max_input_tokens: 1000, max_output_tokens: 200, supports_vision: false}
  - model_name: plain
    litellm_params: {model: openai/gpt-5.4}
)");
    const domain::Deployment& gpt = deployment("gpt");
    const domain::Deployment& plain = deployment("plain");
    EXPECT_TRUE(gpt.model.in_catalog);
    EXPECT_EQ(gpt.id, "east-1");
    EXPECT_EQ(gpt.group, "gpt");
    EXPECT_EQ(gpt.model.context_tokens, 1000);
    EXPECT_EQ(gpt.model.output_tokens_max, 200);
    EXPECT_FALSE(gpt.model.vision);
    EXPECT_EQ(gpt.model.prices.input, 2'000'000);
    EXPECT_EQ(gpt.model.prices.output, plain.model.prices.output);
    EXPECT_GT(plain.model.context_tokens, 100'000);
    EXPECT_TRUE(plain.model.vision);
    EXPECT_EQ(gpt.default_max_tokens, 500);
    EXPECT_THAT(gpt.default_body, ElementsAre(Pair("temperature", "0.3")));
    EXPECT_THAT(gpt.extra_body, ElementsAre(Pair("store", "false")));
}

TEST_F(Deployments, FieldThatEntryAndProviderBothSet_IsSentOnce) {
    environment_.variables["MINIMAX_API_KEY"] = "made-up";
    build(R"(
model_list:
  - model_name: own
    litellm_params: {model: minimax/m, extra_body: {reasoning_split: false}}
  - model_name: plain
    litellm_params: {model: minimax/m}
)");
    EXPECT_THAT(deployment("own").extra_body, ElementsAre(Pair("reasoning_split", "false")));
    EXPECT_THAT(deployment("plain").extra_body, ElementsAre(Pair("reasoning_split", "true")));
}

TEST_F(Deployments, ModelOfAnotherProvidersCatalog_KeepsLimitsButNotRefusals) {
    build(R"(
model_list:
  - model_name: a
    litellm_params: {model: openrouter/renamed, api_key: sk-x}
    model_info: {base_model: claude-sonnet-4-6}
)");
    EXPECT_TRUE(deployment("a").model.in_catalog);
    EXPECT_EQ(deployment("a").model.tier, "sonnet");
    EXPECT_TRUE(deployment("a").model.tools);
    EXPECT_TRUE(deployment("a").model.vision);
}

TEST_F(Deployments, CodexAndProModels_ArePatternsOfOpenAiAlone) {
    build(R"(
model_list:
  - {model_name: codex, litellm_params: {model: openai/gpt-5.9-codex-max, api_key: sk-x}}
  - {model_name: pro, litellm_params: {model: openai/gpt-6-pro, api_key: sk-x}}
  - {model_name: o3, litellm_params: {model: openai/o3-pro-2031-01-01, api_key: sk-x}}
  - {model_name: chat, litellm_params: {model: openai/gpt-5.9, api_key: sk-x}}
  - {model_name: router, litellm_params: {model: openrouter/gpt-5.9-codex-max, api_key: sk-x}}
)");
    EXPECT_EQ(problems(), "");
    EXPECT_TRUE(deployment("codex").model.responses_only);
    EXPECT_TRUE(deployment("pro").model.responses_only);
    EXPECT_TRUE(deployment("o3").model.responses_only);
    EXPECT_FALSE(deployment("chat").model.responses_only);
    EXPECT_FALSE(deployment("router").model.responses_only);
    const dialect::Outline outline;
    EXPECT_EQ(endpoint("codex").provider->protocol_for(deployment("codex"), outline,
                                                         domain::Protocol::anthropic),
              domain::Protocol::openai_responses);
    EXPECT_EQ(endpoint("chat").provider->protocol_for(deployment("chat"), outline,
                                                        domain::Protocol::anthropic),
              domain::Protocol::openai_chat);
}

TEST_F(Deployments, IdentifiersOfUsers_AreKeyedByTheMasterKey) {
    constexpr std::string_view yaml = R"(
model_list:
  - model_name: a
    litellm_params: {model: openai/x, api_key: sk-x}
)";
    generated_key_ = "sk-tg-one";
    build(yaml);
    const std::string one = deployment("a").identity_key;
    generated_key_ = "sk-tg-two";
    build(yaml);
    EXPECT_FALSE(one.empty());
    EXPECT_NE(one, deployment("a").identity_key);
    EXPECT_EQ(one.find("sk-tg"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::assembly
