#include "gateway/cache_request.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace tollgate::gateway {
namespace {

std::vector<json::TopField> fields_of(std::string_view body) {
    std::vector<json::TopField> fields;
    EXPECT_TRUE(json::scan_top_level(body, fields).ok());
    return fields;
}

CacheKey key_of(std::string_view body,
                const std::function<void(CacheKeyInput&)>& change = [](CacheKeyInput&) {},
                std::uint64_t seed = 7) {
    const std::vector<json::TopField> fields = fields_of(body);
    CacheKeyInput input;
    input.tenant = "acme";
    input.name = "m";
    input.fields = &fields;
    change(input);
    return cache_key(input, seed);
}

constexpr std::string_view body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

TEST(CacheKey, OrderWhiteSpaceAndWhoAsks_DoNotMatter) {
    const CacheKey key = key_of(body);
    EXPECT_EQ(key, key_of(R"({ "messages" : [ {"role":"user", "content":"hi"} ],
                              "model":"m" })"));
    EXPECT_EQ(key, key_of(R"({"model":"m","user":"u1","metadata":{"user_id":"x"},
                              "session_id":"s","safety_identifier":"i","power_level":"eco",
                              "messages":[{"role":"user","content":"hi"}]})"));
}

TEST(CacheKey, Shared_NeedsNoSecretAndKnowsItsConfiguration) {
    const std::vector<json::TopField> fields = fields_of(body);
    CacheKeyInput input;
    input.tenant = "acme";
    input.name = "m";
    input.configuration = "one";
    input.snapshot = 1;
    input.fields = &fields;
    const CacheKey key = shared_cache_key(input);
    input.snapshot = 2;
    EXPECT_EQ(shared_cache_key(input), key) << "how often an instance has loaded, others know not";
    input.configuration = "two";
    EXPECT_NE(shared_cache_key(input), key);
    input.configuration = "one";
    input.tenant = "other";
    EXPECT_NE(shared_cache_key(input), key);
    input.tenant = "acme";
    const std::vector<json::TopField> spaced =
        fields_of(R"({ "messages": [{"role":"user","content":"hi"}], "model": "m", "user": "u"})");
    input.fields = &spaced;
    EXPECT_EQ(shared_cache_key(input), key);
}

TEST(CacheKey, WhatIsAsked_Matters) {
    const CacheKey key = key_of(body);
    for (const char* other :
         {R"({"model":"n","messages":[{"role":"user","content":"hi"}]})",
          R"({"model":"m","messages":[{"role":"user","content":"h i"}]})",
          R"({"model":"m","messages":[{"role":"system","content":"hi"}]})",
          R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true})",
          R"({"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0})",
          R"({"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[]})"}) {
        EXPECT_NE(key, key_of(other)) << other;
    }
}

TEST(CacheKey, WhoAnswersAndForWhom_Matters) {
    const CacheKey key = key_of(body);
    using Change = std::function<void(CacheKeyInput&)>;
    for (const Change& change :
         {Change([](CacheKeyInput& input) { input.tenant = "other"; }),
          Change([](CacheKeyInput& input) { input.protocol = domain::Protocol::openai_chat; }),
          Change([](CacheKeyInput& input) { input.snapshot = 1; }),
          Change([](CacheKeyInput& input) { input.name = "n"; }),
          Change([](CacheKeyInput& input) { input.route = "night/cost"; }),
          Change([](CacheKeyInput& input) { input.level = "eco"; }),
          Change([](CacheKeyInput& input) { input.provider = "openai"; }),
          Change([](CacheKeyInput& input) { input.betas = "context-1m"; })}) {
        EXPECT_NE(key, key_of(body, change));
    }
    EXPECT_NE(key, key_of(body, [](CacheKeyInput&) {}, 8)) << "the seed";
    // A part's end belongs to it.
    const auto parts = [](std::string_view route, std::string_view level) {
        return key_of(body, [=](CacheKeyInput& input) {
            input.route = route;
            input.level = level;
        });
    };
    EXPECT_NE(parts("ab", "c"), parts("a", "bc"));
}

TEST(CanBeRepeated, WhatTheProviderRemembers_CannotBe) {
    EXPECT_TRUE(can_be_repeated(fields_of(body)));
    EXPECT_TRUE(can_be_repeated(fields_of(R"({"previous_response_id":null,"background":false})")));
    EXPECT_FALSE(can_be_repeated(fields_of(R"({"previous_response_id":"resp_1"})")));
    EXPECT_FALSE(can_be_repeated(fields_of(R"({"container":"c1"})")));
    EXPECT_FALSE(can_be_repeated(fields_of(R"({"background":true})")));
}

TEST(CacheWishes, Words_AreTaken) {
    auto wishes = cache_wishes("");
    ASSERT_TRUE(wishes.ok());
    EXPECT_FALSE(wishes->no_cache || wishes->no_store || wishes->ttl);
    wishes = cache_wishes("no-cache");
    ASSERT_TRUE(wishes.ok());
    EXPECT_TRUE(wishes->no_cache);
    wishes = cache_wishes(" no-store , ttl=30");
    ASSERT_TRUE(wishes.ok());
    EXPECT_TRUE(wishes->no_store);
    EXPECT_EQ(wishes->ttl, std::chrono::seconds(30));
}

TEST(CacheWishes, Others_AreRefusedByName) {
    for (const char* header : {"nocache", "ttl=", "ttl=0", "ttl=-1", "ttl=1.5", "ttl=9999999999",
                               "ttl=10s", "no-cache;no-store"}) {
        const auto wishes = cache_wishes(header);
        ASSERT_FALSE(wishes.ok()) << header;
        EXPECT_EQ(wishes.error().field, "x-tollgate-cache");
        EXPECT_EQ(wishes.error().code, base::ErrorCode::invalid_request);
    }
}

}  // namespace
}  // namespace tollgate::gateway
