#include "app/check_targets.hpp"

#include <gtest/gtest.h>

namespace tollgate::app {
namespace {

using domain::ErrorClass;
using domain::HealthCheck;
using routing::CircuitState;
using namespace std::chrono_literals;

struct Made {
    std::string model = "m", base = "https://one.example/v1", account = "one";
    HealthCheck check = HealthCheck::by_default;
    std::string models_path = "/models";
    domain::PicoUsd price = -1;
};

gateway::EndpointPointer endpoint(const Made& from) {
    auto made = std::make_shared<gateway::Endpoint>();
    domain::Deployment& deployment = made->deployment;
    deployment.provider.type = "openai";
    deployment.provider.models_path = from.models_path;
    deployment.model_name = from.model;
    deployment.account = from.account;
    deployment.health_check = from.check;
    deployment.model.prices.input = deployment.model.prices.output = from.price;
    made->key = "openai/" + from.model + "@" + from.base + " 0123456789abcdef";
    made->health = std::make_shared<gateway::EndpointHealth>();
    return made;
}

std::vector<CheckTarget> targets_of(const std::vector<Made>& endpoints,
                                    gateway::HealthCheckSettings settings) {
    gateway::Snapshot snapshot;
    snapshot.health_checks = settings;
    for (const Made& one : endpoints) snapshot.endpoints.push_back(endpoint(one));
    return check_targets(snapshot);
}

TEST(CheckTargets, OneForEachAccount_WithAllItsDeployments) {
    const auto found = targets_of({{.model = "a"},
                                   {.model = "b"},
                                   {.model = "a"},
                                   {.base = "https://two.example", .account = "two"}},
                                  {.enabled = true});
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].endpoints.size(), 2u) << "the same deployment twice is one";
    EXPECT_EQ(found[0].account, "one");
    EXPECT_EQ(found[0].mode, HealthCheck::models);
    EXPECT_EQ(found[1].account, "two");
    EXPECT_NE(found[0].id, found[1].id);
    EXPECT_EQ(found[0].id.find("one.example"), std::string::npos);
}

TEST(CheckTargets, AnAccountSaysForItself) {
    EXPECT_TRUE(targets_of({{}}, {}).empty()) << "off unless asked for";
    EXPECT_TRUE(targets_of({{.check = HealthCheck::off}}, {.enabled = true}).empty());
    EXPECT_EQ(targets_of({{.check = HealthCheck::models}}, {}).size(), 1u);
    const auto talking = targets_of({{.check = HealthCheck::completion}}, {});
    ASSERT_EQ(talking.size(), 1u);
    EXPECT_EQ(talking[0].mode, HealthCheck::completion);
}

TEST(CheckTargets, WithoutAList_ACompletionWhereThatIsAllowed) {
    EXPECT_TRUE(targets_of({{.models_path = ""}}, {.enabled = true}).empty());
    const auto found = targets_of({{.model = "dear", .models_path = "", .price = 900},
                                   {.model = "cheap", .models_path = "", .price = 3},
                                   {.model = "unknown", .models_path = ""}},
                                  {.enabled = true, .completion = true});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].mode, HealthCheck::completion);
    EXPECT_EQ(found[0].endpoints.front()->deployment.model_name, "cheap");
    EXPECT_EQ(found[0].endpoints.size(), 3u);
}

TEST(CheckTargets, TheDemoAndWhereOnlyUsersHaveKeys_AreNotAsked) {
    gateway::Snapshot snapshot;
    snapshot.health_checks.enabled = true;
    for (const bool echo : {true, false}) {
        auto made = std::make_shared<gateway::Endpoint>(*endpoint({}));
        made->deployment.provider.echo = echo;
        made->needs_own_key = !echo;
        snapshot.endpoints.push_back(std::move(made));
    }
    EXPECT_TRUE(check_targets(snapshot).empty());
}

CheckResult result(CheckVerdict verdict, ErrorClass error_class = ErrorClass::none,
                   bool reached = true) {
    CheckResult made;
    made.verdict = verdict;
    made.error_class = error_class;
    made.reached = reached;
    made.message = "words";
    made.checked = 1'700'000'000;
    return made;
}

TEST(CheckResults, WhatAProbeSaysIsJudged) {
    domain::ProviderProbe probe;
    probe.works = true;
    probe.status = 200;
    EXPECT_EQ(result_of(probe, 1).verdict, CheckVerdict::works);
    probe.works = false;
    for (const auto [error_class, verdict] :
         {std::pair(ErrorClass::credential, CheckVerdict::fails),
          std::pair(ErrorClass::provider_fault, CheckVerdict::fails),
          std::pair(ErrorClass::timeout, CheckVerdict::fails),
          std::pair(ErrorClass::overloaded, CheckVerdict::fails),
          std::pair(ErrorClass::rate_limited, CheckVerdict::works),
          std::pair(ErrorClass::bad_request, CheckVerdict::unclear)}) {
        probe.error_class = error_class;
        EXPECT_EQ(result_of(probe, 1).verdict, verdict) << domain::to_string(error_class);
    }
}

TEST(CheckResults, ComeBackAsTheyWere) {
    const CheckResult told = result(CheckVerdict::fails, ErrorClass::credential);
    const auto back = decode_check_result(encode(told));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->verdict, told.verdict);
    EXPECT_EQ(back->error_class, told.error_class);
    EXPECT_EQ(back->reached, true);
    EXPECT_EQ(back->message, "words");
    EXPECT_EQ(back->checked, told.checked);
    for (const char* wrong : {"", "{}", R"({"version":2})",
                              R"({"version":1,"error_class":99,"checked":1})"}) {
        EXPECT_FALSE(decode_check_result(wrong)) << wrong;
    }
}

class FedHealth : public testing::Test {
protected:
    FedHealth() {
        target.endpoints = {endpoint({.model = "a"}), endpoint({.model = "b"})};
    }
    void feed(const CheckResult& found) {
        feed_health(target, found, settings, now,
                    [this](const auto&, const auto& change) { changes.push_back(change); });
        note_health(target, found, now);
    }
    CircuitState circuit(std::size_t index) const {
        return target.endpoints[index]->health->live.view(now).circuit;
    }
    CheckTarget target;
    domain::CircuitSettings settings;
    net::Instant now = net::Instant() + 100h;
    std::vector<routing::CircuitChange> changes;
};

TEST_F(FedHealth, ARefusedCredential_OpensAllOfTheAccountAtOnce) {
    feed(result(CheckVerdict::fails, ErrorClass::credential));
    EXPECT_EQ(circuit(0), CircuitState::open);
    EXPECT_EQ(circuit(1), CircuitState::open);
    EXPECT_EQ(changes.size(), 2u);
    EXPECT_FALSE(target.endpoints[0]->health->healthy.load());
    EXPECT_EQ(target.endpoints[0]->health->last_error, "words");
}

TEST_F(FedHealth, FailuresCountLikeThoseOfRequests) {
    for (int i = 0; i < 4; ++i) feed(result(CheckVerdict::fails, ErrorClass::timeout));
    EXPECT_EQ(circuit(0), CircuitState::closed);
    feed(result(CheckVerdict::fails, ErrorClass::timeout));
    EXPECT_EQ(circuit(0), CircuitState::open);
    EXPECT_EQ(circuit(1), CircuitState::open);
}

TEST_F(FedHealth, AListThatComes_LetsTheNextRequestTry_AndClosesNothing) {
    feed(result(CheckVerdict::fails, ErrorClass::credential));
    changes.clear();
    now += 1s;
    feed(result(CheckVerdict::works));
    EXPECT_EQ(circuit(0), CircuitState::half_open);
    EXPECT_EQ(circuit(1), CircuitState::half_open);
    EXPECT_TRUE(changes.empty());
    EXPECT_FALSE(target.endpoints[0]->health->healthy.load()) << "its requests have to say so";
}

TEST_F(FedHealth, ACompletion_ClosesTheCircuitOfWhoGaveIt) {
    feed(result(CheckVerdict::fails, ErrorClass::credential));
    changes.clear();
    target.mode = HealthCheck::completion;
    now += 1s;
    feed(result(CheckVerdict::works));
    EXPECT_EQ(circuit(0), CircuitState::closed);
    EXPECT_EQ(circuit(1), CircuitState::half_open);
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].state, CircuitState::closed);
    EXPECT_TRUE(target.endpoints[0]->health->healthy.load());
}

TEST_F(FedHealth, ACompletionThatIsRefused_SaysNothingOfOtherModels) {
    target.mode = HealthCheck::completion;
    for (int i = 0; i < 5; ++i) feed(result(CheckVerdict::fails, ErrorClass::provider_fault));
    EXPECT_EQ(circuit(0), CircuitState::open);
    EXPECT_EQ(circuit(1), CircuitState::closed);
    for (int i = 0; i < 5; ++i) feed(result(CheckVerdict::fails, ErrorClass::timeout, false));
    EXPECT_EQ(circuit(1), CircuitState::open) << "nobody answers there";
}

TEST_F(FedHealth, WhatIsUnclear_ChangesNothing) {
    feed(result(CheckVerdict::unclear, ErrorClass::bad_request));
    EXPECT_EQ(circuit(0), CircuitState::closed);
    EXPECT_EQ(target.endpoints[0]->health->checked_unix.load(), 0);
}

TEST_F(FedHealth, AfterAFailure_TheNextCheckComesSoon_OrWhenTheCircuitMayBeTried) {
    EXPECT_EQ(next_check(target, result(CheckVerdict::works), 300s, now), 300s);
    const CheckResult failed = result(CheckVerdict::fails, ErrorClass::timeout);
    EXPECT_EQ(next_check(target, failed, 300s, now), recheck_after);
    settings.cooldown = settings.cooldown_max = std::chrono::seconds(60);
    for (int i = 0; i < 5; ++i) feed(failed);
    EXPECT_EQ(next_check(target, failed, 300s, now), 60s);
    EXPECT_EQ(next_check(target, failed, 20s, now), 20s);
}

}  // namespace
}  // namespace tollgate::app
