#include "dialect/bedrock_failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "dialect/context_overflow.hpp"
#include "dialect/plain_words.hpp"

namespace tollgate::dialect {
namespace {

using domain::ErrorClass;

bool holds(std::string_view text, std::string_view part) {
    return std::ranges::search(text, part, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a | 32 : a) == b;
           }).begin() != text.end();
}

std::optional<ErrorClass> class_of_exception(std::string_view name) {
    struct Row {
        std::string_view name;
        ErrorClass error_class;
    };
    constexpr std::array<Row, 20> rows = {{
        {"ThrottlingException", ErrorClass::rate_limited},
        {"TooManyRequestsException", ErrorClass::rate_limited},
        {"ServiceQuotaExceededException", ErrorClass::rate_limited},
        {"ModelNotReadyException", ErrorClass::overloaded},
        {"ServiceUnavailableException", ErrorClass::overloaded},
        {"InternalServerException", ErrorClass::provider_fault},
        {"InternalFailure", ErrorClass::provider_fault},
        {"ModelErrorException", ErrorClass::provider_fault},
        {"ModelStreamErrorException", ErrorClass::provider_fault},
        {"ModelTimeoutException", ErrorClass::timeout},
        // The account's matter, not the client's: another provider may serve the request.
        {"AccessDeniedException", ErrorClass::credential},
        {"ResourceNotFoundException", ErrorClass::credential},
        {"UnrecognizedClientException", ErrorClass::credential},
        {"InvalidSignatureException", ErrorClass::credential},
        {"IncompleteSignatureException", ErrorClass::credential},
        {"MissingAuthenticationTokenException", ErrorClass::credential},
        {"ExpiredTokenException", ErrorClass::credential},
        {"InvalidClientTokenId", ErrorClass::credential},
        {"ValidationException", ErrorClass::bad_request},
        {"ConflictException", ErrorClass::bad_request},
    }};
    const auto* found = std::ranges::find(rows, name, &Row::name);
    if (found == rows.end()) return std::nullopt;
    return found->error_class;
}

ErrorClass class_of_status(int status) {
    switch (status) {
        case 401: case 403: return ErrorClass::credential;
        case 408: return ErrorClass::timeout;
        case 424: return ErrorClass::provider_fault;
        case 429: return ErrorClass::rate_limited;
        case 503: return ErrorClass::overloaded;
        default: break;
    }
    const bool caller = status >= 400 && status < 500;
    return caller ? ErrorClass::bad_request : ErrorClass::provider_fault;
}

std::int64_t number_after(std::string_view text, std::string_view words) {
    const auto at = text.find(words);
    if (at == std::string_view::npos) return 0;
    std::int64_t value = 0;
    const char* begin = text.data() + at + words.size();
    std::from_chars(begin, text.data() + text.size(), value);
    return value;
}

// The words of Bedrock's own models; those of Claude and of open models are everybody's.
bool read_overflow(std::string_view message, ProviderFailure& failure) {
    if (const auto overflow = read_context_overflow(message)) {
        failure.error_class = ErrorClass::context_overflow;
        failure.prompt_tokens = overflow->prompt_tokens;
        failure.context_tokens = overflow->context_tokens;
        failure.max_tokens_fitting = overflow->max_tokens_fitting;
        return true;
    }
    constexpr std::string_view too_much_output = "maximum tokens you requested exceeds the model "
                                                 "limit of ";
    if (const auto limit = number_after(message, too_much_output); limit > 0) {
        failure.error_class = ErrorClass::context_overflow;
        failure.max_tokens_fitting = limit;
        return true;
    }
    const bool too_long = holds(message, "input is too long") ||
                          holds(message, "too many input tokens") ||
                          holds(message, "input tokens exceeded") ||
                          holds(message, "too many tokens: total number of tokens") ||
                          holds(message, "number of input tokens exceeds maximum length");
    if (!too_long) return false;
    failure.error_class = ErrorClass::context_overflow;
    failure.context_tokens = number_after(message, "Max input tokens: ");
    failure.prompt_tokens = number_after(message, "request input token count: ");
    return true;
}

// A validation error that only the administrator can mend.
bool read_configuration(std::string_view message, ProviderFailure& failure) {
    if (holds(message, "on-demand throughput isn") && holds(message, "t supported")) {
        failure.message += " Use the id of an inference profile as the model, for example "
                           "bedrock/us.MODEL, bedrock/eu.MODEL or bedrock/global.MODEL, or set "
                           "model_id to a profile's ARN.";
    } else if (holds(message, "the provided model identifier is invalid")) {
        failure.message += " Check the model's id, its region (aws_region_name), and whether it "
                           "is reached by an inference profile there (us.MODEL, eu.MODEL).";
    } else {
        return false;
    }
    failure.error_class = ErrorClass::credential;
    return true;
}

}  // namespace

std::string bedrock_exception_name(std::string_view type) {
    if (const auto hash = type.rfind('#'); hash != std::string_view::npos) {
        type.remove_prefix(hash + 1);
    }
    std::string name(type.substr(0, type.find(':')));
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
        name[0] = static_cast<char>(name[0] - 'a' + 'A');
    }
    return name;
}

ProviderFailure bedrock_failure(int status, std::string_view type, std::string_view message) {
    ProviderFailure failure;
    failure.type = bedrock_exception_name(type);
    failure.message = message;
    const auto named = class_of_exception(failure.type);
    failure.error_class = named ? *named : class_of_status(status);
    if (failure.error_class == ErrorClass::rate_limited && status == 503) {
        failure.error_class = ErrorClass::overloaded;
    }
    if (failure.error_class != ErrorClass::bad_request) return failure;
    if (read_overflow(message, failure) || read_configuration(message, failure)) return failure;
    if (holds(message, "content filtering policy") || holds(message, "content policy") ||
        holds(message, "blocked by content")) {
        failure.error_class = ErrorClass::content_policy;
    }
    return failure;
}

BedrockProblem read_bedrock_problem(std::string_view body) {
    BedrockProblem problem;
    json::Document document;
    const auto root = document.parse(body);
    if (!root.ok() || !root->is_object()) {
        problem.message = plain_words(body);
        return problem;
    }
    problem.type = (*root)["__type"].text();
    if (problem.type.empty()) problem.type = (*root)["error"]["type"].text();
    for (const json::Value words : {(*root)["message"], (*root)["Message"],
                                    (*root)["errorMessage"], (*root)["error"]["message"]}) {
        if (words.is_string() && !words.string_empty()) {
            problem.message = words.text();
            break;
        }
    }
    return problem;
}

}  // namespace tollgate::dialect
