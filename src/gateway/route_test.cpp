// From a name to the endpoints in their order: turns, chains, rules, permission, embeddings, names
// that nobody has.
#include "gateway/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EndpointPointer endpoint(std::string model, std::string provider = "openai") {
    auto made = std::make_shared<Endpoint>();
    made->deployment.model_name = std::move(model);
    made->deployment.provider.type = std::move(provider);
    made->deployment.provider.protocol = domain::Protocol::openai_chat;
    made->health = std::make_shared<EndpointHealth>();
    return made;
}

// Of a model that the catalog knows.
EndpointPointer known(std::string model, domain::ModelMode mode) {
    auto made = std::make_shared<Endpoint>(*endpoint(std::move(model)));
    made->deployment.model.in_catalog = true;
    made->deployment.model.mode = mode;
    return made;
}

std::vector<std::string> names_of(const std::vector<EndpointPointer>& endpoints) {
    std::vector<std::string> names;
    for (const EndpointPointer& each : endpoints) names.push_back(each->deployment.model_name);
    return names;
}

class Route : public testing::Test {
protected:
    Route() {
        policies_.emplace_back();  // of the master key
        snapshot_.make_endpoints = [this](const routing::Candidate& candidate) {
            return make(candidate);
        };
    }

    void group(const std::string& name, std::vector<EndpointPointer> endpoints) {
        auto made = std::make_unique<Group>();
        made->name = name;
        made->endpoints = std::move(endpoints);
        snapshot_.groups.push_back(std::move(made));
        names_.groups.push_back({name, true, {}});
    }
    // Call after the names are set.
    void ready() {
        std::vector<std::string> problems;
        snapshot_.names = routing::Names(names_, problems);
        EXPECT_THAT(problems, IsEmpty());
    }
    std::uint32_t key_that_may(const std::vector<std::string>& models) {
        policies_.emplace_back().allowed.emplace_back(models);
        return static_cast<std::uint32_t>(policies_.size() - 1);
    }
    base::Result<Plan> plan(std::string_view alias, std::uint32_t policy = 0) {
        RouteInput input{.snapshot = snapshot_, .policy = policies_[policy], .model = alias};
        input.mode = mode_;
        input.header = [](std::string_view) { return std::optional<std::string_view>(); };
        input.body = &body_;
        input.input_tokens = [this] { return features_.input_tokens; };
        input.now = net::Clock::now();
        input.shadow_random = shadow_random_;
        input.turn = turn_;
        trace_ = {};
        return route(input, &trace_);
    }
    void rules(std::vector<domain::RoutingRule> rules) {
        std::vector<routing::RuleProblem> problems;
        snapshot_.routing.rules = routing::RuleSet(std::move(rules), {}, problems);
        EXPECT_THAT(problems, IsEmpty());
    }
    std::vector<std::string> tried(std::string_view alias, std::uint32_t policy = 0) {
        auto made = plan(alias, policy);
        return made.ok() ? names_of(made->candidates)
                         : std::vector<std::string>{"error: " + made.error().message};
    }

    std::vector<KeyPolicy> policies_;
    Snapshot snapshot_;
    routing::NamesInput names_;
    std::vector<std::string> unusable_;  // providers whose endpoints cannot be made
    int made_ = 0;
    domain::ModelMode mode_ = domain::ModelMode::chat;
    routing::BodyFeatures features_{.input_tokens = 100};
    routing::KnownBody body_{features_};
    std::uint64_t shadow_random_ = 0;
    std::optional<std::uint64_t>* turn_ = nullptr;
    RouteTrace trace_;

private:
    base::Result<std::vector<EndpointPointer>> make(const routing::Candidate& candidate) {
        ++made_;
        if (std::ranges::find(unusable_, candidate.provider) != unusable_.end()) {
            return base::Error{base::ErrorCode::permission,
                               candidate.provider + " has no credential"};
        }
        if (candidate.is_direct()) {
            return std::vector{endpoint(candidate.model, candidate.provider)};
        }
        const std::string& text = candidate.captured.front();
        return std::vector{endpoint(text + "-a"), endpoint(text + "-b")};
    }
};

TEST_F(Route, EqualDeployments_TakeTurns) {
    group("gpt", {endpoint("a"), endpoint("b"), endpoint("c")});
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(tried("gpt"), ElementsAre("b", "c", "a"));
    EXPECT_THAT(tried("gpt"), ElementsAre("c", "a", "b"));
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b", "c"));
}

TEST_F(Route, TurnsOfOneName_DoNotMoveAnother) {
    group("gpt", {endpoint("a"), endpoint("b")});
    group("claude", {endpoint("x"), endpoint("y")});
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b"));
    EXPECT_THAT(tried("claude"), ElementsAre("x", "y"));
    EXPECT_THAT(tried("gpt"), ElementsAre("b", "a"));
}

TEST_F(Route, Fallbacks_FollowInTheirOrder) {
    group("gpt", {endpoint("a")});
    group("second", {endpoint("b")});
    group("third", {endpoint("c")});
    names_.fallbacks = {{"gpt", {"third", "second"}}};
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "c", "b"));
    EXPECT_THAT(tried("second"), ElementsAre("b"));
}

TEST_F(Route, OneEndpointInTwoGroups_IsTriedOnce) {
    const EndpointPointer shared = endpoint("shared");
    group("gpt", {shared});
    group("backup", {shared, endpoint("b")});
    names_.fallbacks = {{"gpt", {"backup"}}};
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("shared", "b"));
}

TEST_F(Route, SpecialChains_AreKeptApart) {
    group("gpt", {endpoint("a")});
    group("long", {endpoint("l")});
    group("open", {endpoint("o")});
    names_.context_window_fallbacks = {{"gpt", {"long"}}};
    names_.content_policy_fallbacks = {{"gpt", {"open"}}};
    ready();
    auto made = plan("gpt");
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(names_of(made->candidates), ElementsAre("a"));
    EXPECT_THAT(names_of(made->context_window), ElementsAre("l"));
    EXPECT_THAT(names_of(made->content_policy), ElementsAre("o"));
}

TEST_F(Route, Chain_IsFollowedFromItsMemberOn) {
    group("a", {endpoint("a")});
    group("b", {endpoint("b")});
    group("c", {endpoint("c")});
    names_.chains = {{"coding", {"a", "b", "c"}}};
    ready();
    EXPECT_THAT(tried("coding"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(tried("b"), ElementsAre("b", "c"));
}

TEST_F(Route, Wildcard_IsMadeAndItsDeploymentsTakeTurns) {
    group("gpt-*", {});
    ready();
    EXPECT_THAT(tried("gpt-5"), ElementsAre("5-a", "5-b"));
    EXPECT_THAT(tried("gpt-5"), ElementsAre("5-b", "5-a"));
    EXPECT_EQ(made_, 2);
}

TEST_F(Route, ProviderByName_IsMade) {
    names_.providers = {{"groq", "groq"}};
    ready();
    EXPECT_THAT(tried("groq/llama"), ElementsAre("llama"));
}

TEST_F(Route, CandidateThatCannotBeMade_IsSkipped) {
    group("gpt", {endpoint("a")});
    names_.providers = {{"groq", "groq"}, {"xai", "xai"}};
    names_.fallbacks = {{"groq/llama", {"gpt"}}};
    unusable_ = {"groq"};
    ready();
    EXPECT_THAT(tried("groq/llama"), ElementsAre("a"));
}

TEST_F(Route, NoCandidateCanBeMade_TheReasonIsTold) {
    names_.providers = {{"groq", "groq"}};
    unusable_ = {"groq"};
    ready();
    auto made = plan("groq/llama");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, base::ErrorCode::not_found);
    EXPECT_EQ(made.error().field, "model");
    EXPECT_EQ(made.error().message, "groq has no credential");
}

TEST_F(Route, SpecialChainThatCannotBeMade_DoesNotFailTheRequest) {
    group("gpt", {endpoint("a")});
    names_.providers = {{"groq", "groq"}};
    names_.context_window_fallbacks = {{"gpt", {"groq/llama"}}};
    unusable_ = {"groq"};
    ready();
    auto made = plan("gpt");
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(names_of(made->candidates), ElementsAre("a"));
    EXPECT_THAT(made->context_window, IsEmpty());
}

TEST_F(Route, ModelThatTheKeyMayNotUse_IsRefused) {
    group("gpt", {endpoint("a")});
    group("claude", {endpoint("c")});
    ready();
    const std::uint32_t policy = key_that_may({"claude"});
    EXPECT_THAT(tried("claude", policy), ElementsAre("c"));
    auto refused = plan("gpt", policy);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
    EXPECT_EQ(refused.error().field, "model");
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("may not use the model 'gpt'"), HasSubstr("/v1/models")));
}

TEST_F(Route, AliasOfAForbiddenModel_IsRefusedToo) {
    group("gpt", {endpoint("a")});
    group("claude", {endpoint("c")});
    names_.aliases = {{"fast", "gpt", false}};
    ready();
    const std::uint32_t policy = key_that_may({"claude"});
    EXPECT_EQ(plan("fast", policy).error().code, base::ErrorCode::permission);
}

TEST_F(Route, NameOfTheTenantsOwn_LeadsWhereItSays) {
    group("gpt", {endpoint("a")});
    group("house", {endpoint("h")});
    ready();
    const std::uint32_t policy = key_that_may({"house"});
    policies_[policy].aliases = {{"house", "gpt"}};
    EXPECT_THAT(tried("house", policy), ElementsAre("a"));
    EXPECT_THAT(tried("house"), ElementsAre("h")) << "other keys know nothing of it";
}

TEST_F(Route, UnknownModel_IsNotFoundWithTheNearestNames) {
    group("gpt-large", {endpoint("a")});
    group("mistral", {endpoint("m")});
    ready();
    auto made = plan("gpt-lrage");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, base::ErrorCode::not_found);
    EXPECT_THAT(made.error().message, AllOf(HasSubstr("gpt-lrage"), HasSubstr("gpt-large")));
}

domain::RoutingRule rule(std::string name, std::vector<std::string> models) {
    domain::RoutingRule made;
    made.id = made.name = std::move(name);
    made.use.models = std::move(models);
    return made;
}

TEST_F(Route, ARequestThatIsDecidedTwice_TakesOneTurn) {
    group("gpt", {endpoint("a"), endpoint("b"), endpoint("c")});
    ready();
    std::optional<std::uint64_t> turn;
    turn_ = &turn;
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b", "c")) << "the same request again";
    turn.reset();
    EXPECT_THAT(tried("gpt"), ElementsAre("b", "c", "a")) << "the next request has the next turn";
}

TEST_F(Route, TheCopyOfAShadow_GoesByTheDrawThatIsGiven) {
    group("gpt", {endpoint("a")});
    group("copy", {endpoint("c")});
    ready();
    domain::RoutingRule copied = rule("copied", {"gpt"});
    copied.use.shadow = domain::ShadowUse{"copy", 0.5};
    rules({copied});
    for (const auto& [drawn, copies] : {std::pair{499'999, true}, std::pair{500'000, false}}) {
        shadow_random_ = static_cast<std::uint64_t>(drawn);
        const auto made = plan("gpt");
        ASSERT_TRUE(made.ok()) << made.error().message;
        EXPECT_EQ(made->shadow != nullptr, copies) << drawn;
    }
}

class RouteEmbeddings : public Route {
protected:
    RouteEmbeddings() {
        mode_ = domain::ModelMode::embedding;
        group("talker", {known("gpt", domain::ModelMode::chat)});
        group("vectors", {known("small", domain::ModelMode::embedding)});
        group("others", {known("large", domain::ModelMode::embedding)});
        group("unknown", {endpoint("house-model")});
        snapshot_.routing.levels = domain::built_in_levels();
    }
};

TEST_F(RouteEmbeddings, WhoCannotEmbed_IsLeftOutWithAReason) {
    group("mixed", {known("gpt", domain::ModelMode::chat),
                    known("small", domain::ModelMode::embedding), endpoint("house-model")});
    ready();
    EXPECT_THAT(tried("mixed"), ElementsAre("small", "house-model"));
    ASSERT_EQ(trace_.excluded.size(), 1u);
    EXPECT_EQ(trace_.excluded.front().name, "openai/gpt");
    EXPECT_THAT(trace_.excluded.front().excluded, HasSubstr("makes no embeddings"));
}

TEST_F(RouteEmbeddings, NobodyLeft_SaysWhatTheModelIs) {
    ready();
    const auto made = plan("talker");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, base::ErrorCode::invalid_request);
    EXPECT_EQ(made.error().field, "model");
    EXPECT_THAT(made.error().message,
                AllOf(HasSubstr("openai/gpt"), HasSubstr("answers conversations")));
}

TEST_F(RouteEmbeddings, ARule_SendsThemWhereItSays) {
    ready();
    domain::RoutingRule large = rule("large", {"others", "talker"});
    large.use.fallback = {"vectors"};
    large.use.fallback_on = {{domain::ErrorClass::rate_limited, {"vectors", "talker"}}};
    large.match.models = {"vec*"};
    large.attempts.max_attempts = 2;
    rules({large});
    const auto made = plan("vectors");
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(names_of(made->candidates), ElementsAre("large", "small"));
    ASSERT_EQ(made->fallback_on.size(), 1u);
    EXPECT_THAT(names_of(made->fallback_on.front().second), ElementsAre("small"));
    EXPECT_EQ(made->route, "large/round_robin");
    ASSERT_TRUE(made->attempts);
    EXPECT_EQ(made->attempts->max_attempts, 2);
}

TEST_F(RouteEmbeddings, ARuleOfTokens_LooksAtTheirSize) {
    ready();
    domain::RoutingRule large = rule("large", {"others"});
    large.match.tokens = {domain::TokenRange{5'000, {}}};
    rules({large});
    EXPECT_THAT(tried("vectors"), ElementsAre("small"));
    features_.input_tokens = 6'000;
    EXPECT_THAT(tried("vectors"), ElementsAre("large"));
}

TEST_F(RouteEmbeddings, ARuleWhoseModelsOnlyTalk_IsPassedOver) {
    ready();
    domain::RoutingRule copied = rule("copied", {"others"});
    copied.use.shadow = domain::ShadowUse{"talker", 1};
    rules({rule("everything", {"talker", "unknown"}), copied});
    EXPECT_THAT(tried("vectors"), ElementsAre("large"));
    ASSERT_EQ(trace_.rules.size(), 2u);
    EXPECT_THAT(trace_.rules.front().failed, HasSubstr("known to make embeddings"));
    EXPECT_EQ(plan("vectors")->shadow, nullptr);
    mode_ = domain::ModelMode::chat;
    EXPECT_THAT(tried("vectors"), ElementsAre("gpt", "house-model"));
}

TEST_F(RouteEmbeddings, TheTablesOfTasksAndExperiments_AreNotForThem) {
    ready();
    snapshot_.routing.task_table = true;
    snapshot_.routing.note_tasks = true;
    domain::ExperimentSpec spec;
    spec.name = "ab";
    spec.models = {"vectors"};
    spec.arms = {{.name = "one", .model = "talker"}, {.name = "two", .model = "talker"}};
    snapshot_.routing.experiments = {spec};
    EXPECT_THAT(tried("vectors"), ElementsAre("small"));
    EXPECT_EQ(trace_.task, "");
    EXPECT_EQ(plan("auto").error().code, base::ErrorCode::not_found);
}

}  // namespace
}  // namespace tollgate::gateway
