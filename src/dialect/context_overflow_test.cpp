#include "dialect/context_overflow.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

struct Wording {
    const char* message;
    std::int64_t prompt, context, fitting;
};

class Wordings : public testing::TestWithParam<Wording> {};

TEST_P(Wordings, Figures_AreRead) {
    auto overflow = read_context_overflow(GetParam().message);
    ASSERT_TRUE(overflow);
    EXPECT_EQ(overflow->prompt_tokens, GetParam().prompt);
    EXPECT_EQ(overflow->context_tokens, GetParam().context);
    EXPECT_EQ(overflow->max_tokens_fitting, GetParam().fitting);
}

INSTANTIATE_TEST_SUITE_P(
    Providers, Wordings,
    testing::Values(
        Wording{"This model's maximum context length is 8192 tokens. However, your messages "
                "resulted in 9000 tokens. Please reduce the length of the messages.",
                9000, 8192, 0},
        Wording{"This model's maximum context length is 8192 tokens. However, you requested 10000 "
                "tokens (8000 in the messages, 2000 in the completion).",
                8000, 8192, 192},
        Wording{"'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum "
                "context length is 32768 tokens and your request has 5000 input tokens (32000 > "
                "32768 - 5000).",
                5000, 32768, 27768},
        Wording{"The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
                9000, 8192, 0},
        Wording{"request (9000 tokens) exceeds the available context size (8192 tokens), try "
                "increasing it",
                9000, 8192, 0},
        Wording{"the request exceeds the available context size (4096 tokens)", 0, 4096, 0},
        Wording{"This endpoint's maximum context length is 131072 tokens. However, you requested "
                "about 140000 tokens (135000 of text input, 1000 of tool input, 4000 in the "
                "output).",
                136000, 131072, 0},
        Wording{"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 "
                "maximum context length",
                40000, 32768, 0},
        Wording{"This model's maximum prompt length is 131072 but the request contains 140000 "
                "tokens.",
                140000, 131072, 0},
        Wording{"Input tokens exceed the configured limit of 272,000 tokens. Your messages "
                "resulted in 300,000 tokens.",
                300000, 272000, 0},
        Wording{"prompt is too long: 205000 tokens > 200000 maximum", 205000, 200000, 0},
        Wording{"input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000",
                190000, 200000, 10000},
        Wording{"`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 8000 `inputs` tokens "
                "and 512 `max_new_tokens`",
                8000, 8193, 193},
        Wording{"The input token count (1200000) exceeds the maximum number of tokens allowed "
                "(1048576).",
                1200000, 1048576, 0},
        Wording{"Requested token count exceeds the model's maximum context length of 8192 tokens. "
                "You requested a total of 9000 tokens: 8000 tokens from the input messages and "
                "1000 tokens for the completion.",
                8000, 8192, 192},
        Wording{"Your input exceeds the context window of this model.", 0, 0, 0},
        Wording{"Range of input length should be [1, 129024]", 0, 129024, 0}));

TEST(ContextOverflow, OtherRefusals_AreNone) {
    EXPECT_FALSE(read_context_overflow("Unsupported parameter: 'max_tokens'"));
    EXPECT_FALSE(read_context_overflow("You exceeded your current quota"));
    EXPECT_FALSE(read_context_overflow(""));
}

}  // namespace
}  // namespace tollgate::dialect
