// The table of provider errors, row by row: what is tried again, and what the client sees.
#include "gateway/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using base::ErrorCode;
using domain::ErrorClass;
using domain::Protocol;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

AttemptFailure refusal(ErrorClass error_class, int status, std::string message = "its words") {
    AttemptFailure failure;
    failure.error_class = error_class;
    failure.status = status;
    failure.message = std::move(message);
    failure.provider = "openai/gpt-5.4";
    return failure;
}

constexpr const char* attempts = "openai/gpt-5.4: its words; groq/llama: other words";

FinalAnswer seen_by(Protocol client, const AttemptFailure& last, bool anybody_answered = true,
                    milliseconds retry_after = milliseconds(-1)) {
    return final_answer(last, client, attempts, anybody_answered, retry_after);
}

TEST(Failure, Classes_AreRetriedAndFailedOverAsTheTableSays) {
    struct Row {
        ErrorClass error_class;
        bool over, here;
    };
    const Row rows[] = {
        {ErrorClass::rate_limited, true, true},     {ErrorClass::overloaded, true, true},
        {ErrorClass::provider_fault, true, true},   {ErrorClass::timeout, true, true},
        {ErrorClass::credential, true, false},      {ErrorClass::context_overflow, false, false},
        {ErrorClass::content_policy, false, false}, {ErrorClass::bad_request, false, false},
        {ErrorClass::none, false, false},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(fails_over(row.error_class), row.over) << to_string(row.error_class);
        EXPECT_EQ(retries_here(row.error_class), row.here) << to_string(row.error_class);
    }
}

TEST(FinalAnswer, RateLimited_Is429WithTheSmallestRetryAfter) {
    const auto answer = seen_by(Protocol::openai_chat, refusal(ErrorClass::rate_limited, 429), true,
                                milliseconds(2'100));
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.error.code, ErrorCode::rate_limited);
    EXPECT_EQ(answer.error.retry_after, seconds(3));
    EXPECT_THAT(answer.error.message, AllOf(HasSubstr("openai/gpt-5.4"), HasSubstr("its words")));
    // Inside a stream no status was sent: the class decides.
    EXPECT_EQ(seen_by(Protocol::anthropic, refusal(ErrorClass::rate_limited, 0)).status, 429);
}

TEST(FinalAnswer, RetryAfterOfNothing_IsASecondAndNotAnInvitationToHurry) {
    const auto answer =
        seen_by(Protocol::anthropic, refusal(ErrorClass::rate_limited, 429), true, milliseconds(0));
    EXPECT_EQ(answer.error.retry_after, seconds(1));
    const auto silent = seen_by(Protocol::anthropic, refusal(ErrorClass::rate_limited, 429));
    EXPECT_EQ(silent.error.retry_after, seconds(0));
}

TEST(FinalAnswer, Overloaded_KeepsTheStatusThatTheProviderSent) {
    for (const int status : {529, 503}) {
        const auto answer = seen_by(Protocol::anthropic, refusal(ErrorClass::overloaded, status));
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.error.code, ErrorCode::overloaded);
    }
}

TEST(FinalAnswer, OverloadedInsideAStream_Is529ToAnthropicClientsAnd503ToOthers) {
    const AttemptFailure last = refusal(ErrorClass::overloaded, 0);
    EXPECT_EQ(seen_by(Protocol::anthropic, last).status, 529);
    EXPECT_EQ(seen_by(Protocol::openai_chat, last).status, 503);
    EXPECT_EQ(seen_by(Protocol::openai_completions, last).status, 503);
    EXPECT_EQ(seen_by(Protocol::openai_chat, last).error.retry_after, seconds(5));
}

TEST(FinalAnswer, AnsweredFault_KeepsItsStatusAndWords) {
    for (const int status : {500, 502, 504}) {
        const auto answer =
            seen_by(Protocol::openai_chat, refusal(ErrorClass::provider_fault, status));
        EXPECT_EQ(answer.status, status);
        EXPECT_FALSE(answer.relay_body);
        EXPECT_THAT(answer.error.message,
                    AllOf(HasSubstr(std::to_string(status)), HasSubstr("its words")));
    }
}

TEST(FinalAnswer, NothingAnswered_Is502OrWhenNobodyCouldBeReached503) {
    AttemptFailure last = refusal(ErrorClass::provider_fault, 0, "connection refused");
    const auto unreached = seen_by(Protocol::anthropic, last, false);
    EXPECT_EQ(unreached.status, 503);
    EXPECT_EQ(unreached.error.code, ErrorCode::unavailable);
    EXPECT_EQ(unreached.error.retry_after, seconds(5));
    EXPECT_THAT(unreached.error.message, HasSubstr(attempts));
    const auto nonsense = seen_by(Protocol::anthropic, last, true);
    EXPECT_EQ(nonsense.status, 502);
    EXPECT_EQ(nonsense.error.code, ErrorCode::provider);
    EXPECT_THAT(nonsense.error.message, HasSubstr(attempts));
}

TEST(FinalAnswer, Timeout_Is504) {
    const auto answer = seen_by(Protocol::openai_chat, refusal(ErrorClass::timeout, 0), false);
    EXPECT_EQ(answer.status, 504);
    EXPECT_EQ(answer.error.code, ErrorCode::timeout);
    EXPECT_THAT(answer.error.message, HasSubstr(attempts));
}

TEST(FinalAnswer, RefusedCredential_Is502NamingTheProviderAndNever401) {
    for (const int status : {401, 403}) {
        AttemptFailure last = refusal(ErrorClass::credential, status, "invalid x-api-key");
        last.body = R"({"error":{"message":"invalid x-api-key"}})";
        const auto answer = seen_by(Protocol::anthropic, last);
        EXPECT_EQ(answer.status, 502);
        EXPECT_EQ(answer.error.code, ErrorCode::provider);
        EXPECT_FALSE(answer.relay_body) << "its status would not fit its body";
        EXPECT_THAT(answer.error.message,
                    AllOf(HasSubstr("openai/gpt-5.4"), HasSubstr("administrator")));
    }
}

TEST(FinalAnswer, ContextOverflow_HasTheFormOnWhichClaudeCodeCompacts) {
    AttemptFailure last = refusal(ErrorClass::context_overflow, 400, "too many tokens");
    last.prompt_tokens = 210'000;
    last.context_tokens = 200'000;
    const auto answer = seen_by(Protocol::anthropic, last);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error.code, ErrorCode::invalid_request);
    EXPECT_EQ(answer.error.message,
              "prompt is too long: 210000 tokens > 200000 maximum "
              "(capability_rejected: prompt_too_long)");
    const auto other = seen_by(Protocol::openai_chat, last);
    EXPECT_EQ(other.status, 400);
    EXPECT_THAT(other.error.message,
                AllOf(HasSubstr("too many tokens"), Not(HasSubstr("capability_rejected"))));
}

TEST(FinalAnswer, ContextOverflowWithAStatusOfItsOwn_Is400ToClaudeCode) {
    AttemptFailure last = refusal(ErrorClass::context_overflow, 413, "too large");
    last.prompt_tokens = 9;
    last.context_tokens = 8;
    EXPECT_EQ(seen_by(Protocol::anthropic, last).status, 400);
    last.status = 0;  // said inside a stream
    EXPECT_EQ(seen_by(Protocol::anthropic, last).status, 400);
    EXPECT_EQ(seen_by(Protocol::openai_chat, last).status, 400);
}

TEST(FinalAnswer, ContentPolicy_Is400) {
    const auto answer = seen_by(Protocol::anthropic, refusal(ErrorClass::content_policy, 400));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error.code, ErrorCode::invalid_request);
    EXPECT_EQ(seen_by(Protocol::openai_chat, refusal(ErrorClass::content_policy, 0)).status, 400);
}

TEST(FinalAnswer, OtherRefusals_KeepTheProvidersStatusAndWords) {
    struct Row {
        int status;
        ErrorCode code;
    };
    for (const Row& row : {Row{400, ErrorCode::invalid_request}, Row{404, ErrorCode::not_found},
                           Row{422, ErrorCode::invalid_request}, Row{402, ErrorCode::billing},
                           Row{413, ErrorCode::too_large}, Row{415, ErrorCode::invalid_request}}) {
        const auto answer =
            seen_by(Protocol::openai_chat, refusal(ErrorClass::bad_request, row.status));
        EXPECT_EQ(answer.status, row.status);
        EXPECT_EQ(answer.error.code, row.code) << row.status;
        EXPECT_THAT(answer.error.message, HasSubstr("its words"));
        EXPECT_EQ(answer.error.retry_after, seconds(0));
    }
}

TEST(FinalAnswer, BodyOfTheClientsDialect_IsRelayedAsItIs) {
    AttemptFailure last = refusal(ErrorClass::bad_request, 422);
    last.body = R"({"type":"error","error":{"type":"invalid_request_error","message":"no"}})";
    const auto answer = seen_by(Protocol::anthropic, last);
    EXPECT_TRUE(answer.relay_body);
    EXPECT_EQ(answer.status, 422);
    last.error_class = ErrorClass::context_overflow;
    last.status = 400;
    EXPECT_TRUE(seen_by(Protocol::anthropic, last).relay_body) << "Anthropic's own words";
}

TEST(FinalAnswer, PageOfAProxy_IsNotRelayed) {
    for (const char* body : {"<html>Bad Gateway</html>", "\n<!DOCTYPE html>", "no upstream"}) {
        AttemptFailure last = refusal(ErrorClass::provider_fault, 502);
        last.body = body;
        const auto answer = seen_by(Protocol::anthropic, last);
        EXPECT_FALSE(answer.relay_body) << body;
        EXPECT_EQ(answer.status, 502);
    }
}

TEST(FinalAnswer, RequestThatNoTargetCanCarry_IsOurOwnError) {
    AttemptFailure last;
    last.ours = true;
    last.error_class = ErrorClass::bad_request;
    last.own_error = {ErrorCode::invalid_request, "tools.0: no counterpart", "tools.0"};
    const auto answer = seen_by(Protocol::openai_chat, last, false);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error.message, "tools.0: no counterpart");
    EXPECT_EQ(answer.error.field, "tools.0");
}

TEST(HttpStatus, EveryCode_HasTheStatusOfTheInterface) {
    struct Row {
        ErrorCode code;
        int status;
    };
    for (const Row& row :
         {Row{ErrorCode::invalid_request, 400}, Row{ErrorCode::authentication, 401},
          Row{ErrorCode::billing, 402}, Row{ErrorCode::permission, 403},
          Row{ErrorCode::not_found, 404}, Row{ErrorCode::method_not_allowed, 405},
          Row{ErrorCode::request_timeout, 408}, Row{ErrorCode::too_large, 413},
          Row{ErrorCode::rate_limited, 429}, Row{ErrorCode::internal, 500},
          Row{ErrorCode::provider, 502}, Row{ErrorCode::unavailable, 503},
          Row{ErrorCode::overloaded, 529}, Row{ErrorCode::timeout, 504}}) {
        EXPECT_EQ(http_status(row.code), row.status);
    }
}

}  // namespace
}  // namespace tollgate::gateway
