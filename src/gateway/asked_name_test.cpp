// Aliases of keys and teams, and rows of tasks whose models have ended: what a request gets.
#include "gateway/asked_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/route.hpp"

namespace tollgate::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t day_2026_12_10 = 1'796'860'800, day_2026_12_11 = day_2026_12_10 + 86'400;

class AskedNames : public testing::Test {
protected:
    AskedNames() {
        for (const std::string name : {"pool", "spare"}) group(name, name);
    }
    void group(const std::string& name, const std::string& model, const std::string& retires = "",
               const std::string& successor = "") {
        auto made = std::make_shared<Endpoint>();
        made->deployment.model_name = model;
        made->deployment.group = name;
        made->deployment.provider.type = "openai";
        made->deployment.provider.protocol = domain::Protocol::openai_chat;
        made->deployment.model.retires = retires;
        made->deployment.model.deprecated_for = successor;
        made->health = std::make_shared<EndpointHealth>();
        auto group = std::make_unique<Group>();
        group->name = name;
        group->endpoints = {std::move(made)};
        snapshot_.groups.push_back(std::move(group));
        names_.groups.push_back({name, true, {}});
    }
    void ready() {
        std::vector<std::string> problems;
        snapshot_.names = routing::Names(names_, problems);
        EXPECT_THAT(problems, IsEmpty());
    }
    void key_that_may(const std::vector<std::string>& models,
                      std::vector<std::pair<std::string, std::string>> aliases) {
        policy_ = {};
        if (!models.empty()) policy_.allowed.emplace_back(models);
        policy_.own_aliases = aliases.size();
        policy_.aliases = std::move(aliases);
        policy_.tenant = "acme";
    }
    // The models tried, or why not.
    std::vector<std::string> tried(std::string_view model) {
        RouteInput input{.snapshot = snapshot_, .policy = policy_, .model = model};
        input.header = [](std::string_view) { return std::optional<std::string_view>(); };
        input.body = &body_;
        input.input_tokens = [] { return std::int64_t{100}; };
        input.now = net::Clock::now();
        input.unix_now = unix_now_;
        trace_ = {};
        auto made = route(input, &trace_);
        if (!made.ok()) return {made.error().code == base::ErrorCode::permission ? "refused"
                                                                                : "not found"};
        std::vector<std::string> names;
        for (const EndpointPointer& each : made->candidates) {
            names.push_back(each->deployment.model_name);
        }
        return names;
    }

    Snapshot snapshot_;
    routing::NamesInput names_;
    KeyPolicy policy_;
    routing::BodyFeatures features_{.last_user_text = "prove it"};
    routing::KnownBody body_{features_};
    std::int64_t unix_now_ = day_2026_12_10;
    RouteTrace trace_;
};

TEST_F(AskedNames, AnAliasOfAKeyOverAServedName_OpensNoModelThatTheKeyMayNotUse) {
    ready();
    key_that_may({"pool"}, {{"pool", "spare"}});
    EXPECT_THAT(tried("pool"), ElementsAre("refused"));
    key_that_may({"spare"}, {{"pool", "spare"}});
    EXPECT_THAT(tried("pool"), ElementsAre("spare")) << "what it leads to is allowed";
    key_that_may({"pool", "spare"}, {{"pool", "spare"}});
    EXPECT_THAT(tried("pool"), ElementsAre("spare"));
    key_that_may({}, {{"pool", "spare"}});
    EXPECT_THAT(tried("pool"), ElementsAre("spare")) << "a key without a list may use all";
}

TEST_F(AskedNames, AnAliasForANameThatNobodyServes_IsANameLikeOthers) {
    ready();
    key_that_may({"mine"}, {{"mine", "spare"}});
    EXPECT_THAT(tried("mine"), ElementsAre("spare")) << "the list names it";
    EXPECT_THAT(tried("spare"), ElementsAre("refused"));
    key_that_may({"spare"}, {{"mine", "spare"}});
    EXPECT_THAT(tried("mine"), ElementsAre("spare"));
    key_that_may({"pool"}, {{"mine", "spare"}});
    EXPECT_THAT(tried("mine"), ElementsAre("refused"));
    key_that_may({}, {{"mine", "gone"}});
    EXPECT_THAT(tried("mine"), ElementsAre("not found"));
}

TEST_F(AskedNames, AliasesBehindOneAnother_AreHeldToWhereTheyEnd) {
    names_.aliases = {{"global", "spare", false}};
    ready();
    domain::TenantRouting own;
    own.tenant = "acme";
    own.aliases = {{"middle", "spare"}};
    snapshot_.routing.tenants["acme"] = own;
    // Of the key, then of the tenant in the interface.
    key_that_may({"pool"}, {{"pool", "middle"}});
    EXPECT_THAT(tried("pool"), ElementsAre("refused"));
    key_that_may({"spare"}, {{"pool", "middle"}});
    EXPECT_THAT(tried("pool"), ElementsAre("spare"));
    // Of the key, then of everybody.
    key_that_may({"pool"}, {{"pool", "global"}});
    EXPECT_THAT(tried("pool"), ElementsAre("refused"));
    key_that_may({"spare"}, {{"pool", "global"}});
    EXPECT_THAT(tried("pool"), ElementsAre("spare"));
    // One of the key's is followed once: two that name each other end.
    key_that_may({}, {{"pool", "spare"}, {"spare", "pool"}});
    EXPECT_THAT(tried("pool"), ElementsAre("spare"));
    EXPECT_THAT(tried("spare"), ElementsAre("pool"));
}

TEST_F(AskedNames, AnAliasOfTheInterface_LeadsNowhereThatThePlatformHasNotAllowed) {
    ready();
    domain::TenantRouting own;
    own.tenant = "acme";
    own.aliases = {{"claude-mine", "spare"}, {"pool-mine", "pool"}};
    snapshot_.routing.tenants["acme"] = own;
    // The list is the tenant's own: names that nobody serves fit it, and open nothing.
    key_that_may({"pool", "claude-*", "pool-mine"}, {});
    policy_.platform_lists = 1;
    EXPECT_THAT(tried("claude-mine"), ElementsAre("pool")) << "as any Claude that nobody knows";
    EXPECT_THAT(tried("pool-mine"), ElementsAre("pool"));
    // The key's list is made by the tenant: it may name the alias.
    policy_.platform_lists = 0;
    EXPECT_THAT(tried("claude-mine"), ElementsAre("spare"));
}

TEST_F(AskedNames, ProvidersOfLastResort_ServeOnlyWhatTheKeyMayUse) {
    ready();
    domain::TenantRouting own;
    own.tenant = "acme";
    own.fallback_providers = {"openai"};
    snapshot_.routing.tenants["acme"] = own;
    for (const auto& group : snapshot_.groups) {
        snapshot_.routing.chat.push_back(group->endpoints.front());
    }
    key_that_may({"pool"}, {});
    EXPECT_THAT(tried("pool"), ElementsAre("pool"));
    key_that_may({}, {});
    EXPECT_THAT(tried("pool"), ElementsAre("pool", "spare"));
}

TEST_F(AskedNames, ALevelThatWidens_ReachesOnlyWhatTheKeyMayUse) {
    ready();
    for (const auto& group : snapshot_.groups) {
        snapshot_.routing.chat.push_back(group->endpoints.front());
    }
    snapshot_.routing.level_widens = true;
    key_that_may({"pool"}, {});
    policy_.key_level = domain::PowerLevel::precision;
    EXPECT_THAT(tried("pool"), ElementsAre("pool"));
    key_that_may({}, {});
    policy_.key_level = domain::PowerLevel::precision;
    EXPECT_THAT(tried("pool"), testing::UnorderedElementsAre("pool", "spare"));
}

TEST_F(AskedNames, WhatATenantsRowDefines_IsTheTenantsModel) {
    ready();
    key_that_may({"pool"}, {{"pool", "spare"}});
    policy_.own_aliases = 0;
    EXPECT_THAT(tried("pool"), ElementsAre("spare"));
}

class EndedModels : public AskedNames {
protected:
    EndedModels() {
        group("first", "first", "2026-12-11", "openai/newer");
        domain::TaskData tasks;
        tasks.tasks = {{.name = "general"},
                       {.name = "reasoning",
                        .terms = {{"prove", 9}},
                        .models = {"first", "pool"},
                        .power_level = domain::PowerLevel::none}};
        snapshot_.routing.tasks = routing::TaskDetector(std::move(tasks));
        snapshot_.routing.task_table = true;
        ready();
    }
};

TEST_F(EndedModels, UntilItsDay_TheFirstOfTheRowIsAsked) {
    EXPECT_THAT(tried("spare"), ElementsAre("first", "pool", "spare"));
    EXPECT_THAT(trace_.notices, IsEmpty());
}

TEST_F(EndedModels, FromItsDayOn_TheRowGoesOnWithTheNext_AndTheTraceNamesTheSuccessor) {
    unix_now_ = day_2026_12_11;
    EXPECT_THAT(tried("spare"), ElementsAre("pool", "spare"));
    EXPECT_THAT(trace_.notices,
                ElementsAre(HasSubstr("openai/first is passed over, its provider switched it off "
                                      "on 2026-12-11; its successor is openai/newer")));
    EXPECT_THAT(tried("auto"), ElementsAre("pool"));
    EXPECT_THAT(tried("first"), ElementsAre("pool", "first")) << "who asks for it gets it tried";
}

}  // namespace
}  // namespace tollgate::gateway
