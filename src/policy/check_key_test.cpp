#include "policy/check_key.hpp"

#include <gtest/gtest.h>

namespace tollgate::policy {
namespace {

domain::Key key(std::vector<std::string> routes, std::vector<std::string> addresses) {
    domain::Key made;
    made.allowed_routes = std::move(routes);
    made.allowed_addresses = std::move(addresses);
    return made;
}

bool from(const std::vector<std::string>& allowed, const char* address) {
    return check_key(*key_rules(key({}, allowed)), {"/v1/messages", address}).ok();
}

bool on(const std::vector<std::string>& allowed, const char* path) {
    return check_key(*key_rules(key(allowed, {})), {path, "10.0.0.1:1"}).ok();
}

TEST(CheckKey, WithoutRulesEverythingIsAllowed) {
    EXPECT_TRUE(key_rules(key({}, {}))->empty());
    EXPECT_TRUE(from({}, "unix"));
    EXPECT_TRUE(on({}, "/anything"));
    EXPECT_TRUE(on({"/v1/messages", "*"}, "/anything"));
}

TEST(CheckKey, AddressesOfBothFamilies) {
    const std::vector<std::string> allowed = {"10.1.0.0/16", "192.168.7.9", "2001:db8::/33"};
    EXPECT_TRUE(from(allowed, "10.1.255.255:5123"));
    EXPECT_TRUE(from(allowed, "[::ffff:10.1.2.3]:5123"));  // IPv4 on a dual socket
    EXPECT_TRUE(from(allowed, "192.168.7.9"));
    EXPECT_TRUE(from(allowed, "[2001:db8:7fff::1]:443"));
    EXPECT_FALSE(from(allowed, "10.2.0.0:5123"));
    EXPECT_FALSE(from(allowed, "192.168.7.10:1"));
    EXPECT_FALSE(from(allowed, "[2001:db8:8000::1]:443"));
    EXPECT_FALSE(from(allowed, "unix"));
    EXPECT_FALSE(from(allowed, ""));
    EXPECT_TRUE(from({"0.0.0.0/0"}, "8.8.8.8:1"));
    EXPECT_FALSE(from({"0.0.0.0/0"}, "[2001:db8::1]:1"));
    EXPECT_TRUE(from({"::/0"}, "8.8.8.8:1"));
}

TEST(CheckKey, WrongRangesNameTheFieldAndTheFix) {
    const std::pair<const char*, const char*> cases[] = {
        {"10.0.0.1/8", "bits are set behind the first 8"},
        {"10.0.0.0/33", "no number from 0 to 32"},
        {"::/129", "no number from 0 to 128"},
        {"10.0.0.0/", "no number"},
        {"10.0.0.0/8x", "no number"},
        {"localhost", "does not begin with an address"},
        {"10.0.0.1:80", "does not begin with an address"},
        {"", "does not begin with an address"},
    };
    for (const auto& [text, why] : cases) {
        const auto rules = key_rules(key({}, {text}));
        ASSERT_FALSE(rules.ok()) << text;
        EXPECT_EQ(rules.error().field, "allowed_addresses");
        EXPECT_NE(rules.error().message.find(why), std::string::npos) << rules.error().message;
    }
}

TEST(CheckKey, RoutesByPathPatternAndGroup) {
    EXPECT_TRUE(on({"/v1/messages"}, "/v1/messages"));
    EXPECT_FALSE(on({"/v1/messages"}, "/v1/messages/count_tokens"));
    EXPECT_FALSE(on({"/v1/messages"}, "/v1/message"));
    EXPECT_TRUE(on({"/v1/*"}, "/v1/messages/count_tokens"));
    EXPECT_FALSE(on({"/v1/*"}, "/v2/rerank"));
    EXPECT_TRUE(on({"/keys/{id}/rotate"}, "/keys/7/rotate"));
    EXPECT_FALSE(on({"/keys/{id}/rotate"}, "/keys//rotate"));
    EXPECT_FALSE(on({"/keys/{id}/rotate"}, "/keys/7/8/rotate"));
    EXPECT_TRUE(on({"/a*b*c"}, "/a--b-bc"));
    EXPECT_FALSE(on({"/a*b*c"}, "/a--b-b"));
}

TEST(CheckKey, LiteLlmsGroups) {
    for (const char* path :
         {"/v1/messages", "/v1/messages/count_tokens", "/chat/completions", "/v1/embeddings",
          "/v1/models/claude-sonnet-5", "/v1beta/models/gemini-3-pro:generateContent",
          "/model/anthropic.claude-v9/invoke", "/openai/deployments/gpt/chat/completions"}) {
        EXPECT_TRUE(on({"llm_api_routes"}, path)) << path;
        EXPECT_FALSE(on({"key_management_routes"}, path)) << path;
    }
    for (const char* path : {"/key/generate", "/model/new", "/api/v1/tenants", "/user/new"}) {
        EXPECT_FALSE(on({"llm_api_routes"}, path)) << path;
        EXPECT_FALSE(on({"info_routes"}, path)) << path;
        EXPECT_TRUE(on({"management_routes"}, path)) << path;
    }
    EXPECT_TRUE(on({"info_routes"}, "/key/info"));
    EXPECT_FALSE(on({"anthropic_routes"}, "/v1/chat/completions"));
    EXPECT_FALSE(on({"management_routes"}, "/v1/messages"));
    EXPECT_FALSE(on({"management_routes"}, "/api/v1/llm/chat/completions"));
}

TEST(CheckKey, EveryGroupHasRoutes_AndUnknownOnesAreNamed) {
    for (const std::string& group : route_groups()) {
        const auto list = RouteList::of({group});
        ASSERT_TRUE(list.ok());
        EXPECT_FALSE(list->everything()) << group << " would allow everything";
    }
    const auto wrong = key_rules(key({"llm_routes"}, {}));
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().field, "allowed_routes");
    EXPECT_NE(wrong.error().message.find("llm_api_routes"), std::string::npos);
    EXPECT_FALSE(RouteList::of({"/*a*b*c*d*e"}).ok());
}

TEST(CheckKey, RefusalsArePermissionAndNameWhatToChange) {
    const auto rules = key_rules(key({"/v1/messages"}, {"10.0.0.0/8"}));
    const auto address = check_key(*rules, {"/v1/messages", "8.8.8.8:53"});
    EXPECT_EQ(address.error().code, base::ErrorCode::permission);
    EXPECT_NE(address.error().message.find("8.8.8.8:53"), std::string::npos);
    const auto route = check_key(*rules, {"/v1/responses", "10.0.0.1:1"});
    EXPECT_EQ(route.error().code, base::ErrorCode::permission);
    EXPECT_NE(route.error().message.find("allowed_routes"), std::string::npos);
}

TEST(AddressRange, PublicIsWhatIsNeitherOursNorSpecial) {
    for (const char* address : {"8.8.8.8", "172.15.255.255", "172.32.0.0", "2606:4700::1111"}) {
        EXPECT_TRUE(is_public(*parse_ip(address))) << address;
    }
    for (const char* address :
         {"127.0.0.1",       "10.0.0.1",        "172.16.0.1", "172.31.255.255",
          "192.168.1.1",     "169.254.169.254", "100.64.0.1", "0.0.0.0",
          "224.0.0.1",       "255.255.255.255", "::1",        "::",
          "fe80::1",         "fc00::1",         "ff02::1",    "::ffff:127.0.0.1",
          "64:ff9b::7f00:1", "2002:7f00:1::",   "2001:0:1::", "fd00:ec2::254",
          "::127.0.0.1"}) {
        EXPECT_FALSE(is_public(*parse_ip(address))) << address;
    }
}

}  // namespace
}  // namespace tollgate::policy
