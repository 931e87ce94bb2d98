#include "dialect/refused.hpp"

#include <gtest/gtest.h>

#include "dialect/identity.hpp"

namespace tollgate::dialect {
namespace {

base::Result<void> with_extra(std::string_view name, std::string_view value) {
    domain::Request request;
    request.extras.push_back({name, value});
    return refuse_untranslatable(request);
}

TEST(RefuseUntranslatable, SeveralAnswersOrLogprobs_NameTheField) {
    EXPECT_EQ(with_extra("n", "2").error().field, "n");
    EXPECT_EQ(with_extra("logprobs", "true").error().field, "logprobs");
    EXPECT_EQ(with_extra("top_logprobs", "5").error().field, "top_logprobs");
    EXPECT_EQ(with_extra("logit_bias", R"({"1":2})").error().field, "logit_bias");
}

TEST(RefuseUntranslatable, NeutralValuesAndUnknownFields_Pass) {
    EXPECT_TRUE(with_extra("n", "1").ok());
    EXPECT_TRUE(with_extra("logprobs", "false").ok());
    EXPECT_TRUE(with_extra("top_logprobs", "0").ok());
    EXPECT_TRUE(with_extra("logit_bias", "{}").ok());
    EXPECT_TRUE(with_extra("prediction", "null").ok());
    EXPECT_TRUE(with_extra("anything_new", "[1]").ok());
}

TEST(CannotCarry, PolicyDecides_RefusedOrDropped) {
    domain::Deployment target;
    target.provider.type = "groq";
    target.model_name = "llama";
    Translation translation;
    auto refused = cannot_carry(target, translation, "image", "messages", "takes no images");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().field, "messages");
    EXPECT_NE(refused.error().message.find("groq/llama"), std::string::npos);
    EXPECT_TRUE(translation.dropped.empty());

    target.drop_unsupported = true;
    EXPECT_TRUE(cannot_carry(target, translation, "image", "messages", "takes no images").ok());
    EXPECT_TRUE(cannot_carry(target, translation, "image", "messages", "takes no images").ok());
    EXPECT_EQ(translation.dropped, std::vector<std::string>{"image"});
}

TEST(Identity, SessionsOfOneUser_HaveOneIdentifier) {
    std::string first = user_identifier("key", R"({"device_id":"d","session_id":"one"})");
    EXPECT_EQ(first, user_identifier("key", R"({"device_id":"d","session_id":"two"})"));
    EXPECT_NE(first, user_identifier("key", R"({"device_id":"e","session_id":"one"})"));
    EXPECT_NE(first, user_identifier("other", R"({"device_id":"d","session_id":"one"})"));
    EXPECT_EQ(user_identifier("k", "user_a_account_b_session_1"),
              user_identifier("k", "user_a_account_b_session_2"));
    EXPECT_EQ(first.size(), 32u);
}

}  // namespace
}  // namespace tollgate::dialect
