// What Bedrock's exceptions mean, whether they come as an answer or inside a stream.
// Pure functions. Source: the error pages of Bedrock's runtime API.
#pragma once
#include <string>
#include <string_view>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// The bare name of an exception: "ThrottlingException" of "throttlingException",
// "com.amazonaws.bedrock#ThrottlingException" and "ThrottlingException:http://...".
std::string bedrock_exception_name(std::string_view type);

// `status` 0 for one inside a stream; `type` as Bedrock spells it, "" when it does not say.
ProviderFailure bedrock_failure(int status, std::string_view type, std::string_view message);

// The exception's type and words in a body: {"__type", "message" | "Message"}.
struct BedrockProblem {
    std::string type, message;
};
BedrockProblem read_bedrock_problem(std::string_view body);

}  // namespace tollgate::dialect
