#include "gateway/request_body.hpp"

#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using domain::PartKind;
using domain::Role;

domain::Message message(Role role, std::string_view text, PartKind kind = PartKind::text) {
    domain::Part part;
    part.kind = kind;
    part.text = {text};
    return {.role = role, .parts = {part}};
}

class BodyOfRequest : public ::testing::Test {
protected:
    const routing::BodyFeatures& features() {
        features_ = features_of(request_, 1234, texts_);
        return features_;
    }
    domain::Request request_;
    BodyTexts texts_;
    routing::BodyFeatures features_;
};

TEST_F(BodyOfRequest, LastWords_AreTheUsersWithoutWhatTheClientAdded) {
    request_.messages = {
        message(Role::user, "first"), message(Role::assistant, "yes"),
        message(Role::user, "<system-reminder>today</system-reminder>fix \\\"it\\\"")};
    EXPECT_EQ(features().last_user_text, "fix \"it\"");
    EXPECT_EQ(features_.reminder_text, "today");
    EXPECT_FALSE(features_.tool_loop);
    EXPECT_EQ(features_.input_tokens, 1234);
}

TEST_F(BodyOfRequest, Reminders_StandInTheOrderOfTheConversation) {
    request_.messages = {message(Role::system, "before the words"), message(Role::user, "add it"),
                         message(Role::system, "Plan mode is active."),
                         message(Role::assistant, "here is the plan"),
                         message(Role::user, "approved", PartKind::tool_result),
                         message(Role::system, "You have exited plan mode.")};
    EXPECT_EQ(features().last_user_text, "add it");
    EXPECT_EQ(features_.reminder_text, "Plan mode is active.\nYou have exited plan mode.");
    EXPECT_TRUE(features_.tool_loop);
}

}  // namespace
}  // namespace tollgate::gateway
