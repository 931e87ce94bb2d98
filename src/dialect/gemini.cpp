#include "dialect/gemini.hpp"

#include <algorithm>

#include "dialect/context_overflow.hpp"
#include "dialect/gemini_client.hpp"
#include "dialect/gemini_request.hpp"
#include "dialect/plain_words.hpp"

namespace tollgate::dialect {
namespace {

using domain::ErrorClass;
using domain::Event;
using domain::Protocol;

class GeminiDialect final : public ProviderDialect {
public:
    Protocol protocol() const override { return Protocol::gemini; }
    Framing framing() const override { return Framing::sse; }

    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return gemini::encode_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                  const Translation& translation) const override {
        return std::make_unique<gemini::Decoder>(target, translation);
    }
    // Also reads the list of responses that a stream is without `alt=sse`.
    base::Result<std::vector<Event>> decode_answer(std::string_view body,
                                                   const domain::Deployment& target,
                                                   const Translation& translation,
                                                   base::Arena& arena) const override {
        gemini::Decoder decoder(target, translation);
        std::vector<Event> events;
        TRY([[maybe_unused]] auto facts, decoder.feed({}, body, events));
        decoder.end_whole(events);
        if (!decoder.ended()) {
            return base::Error{base::ErrorCode::provider,
                               "the provider's answer holds no candidate"};
        }
        // Views of what the decoder made itself die with it.
        for (Event& event : events) {
            event.text.raw = arena.store(event.text.raw);
            event.signature.raw = arena.store(event.signature.raw);
            event.id = arena.store(event.id);
            event.name = arena.store(event.name);
            event.model = arena.store(event.model);
            event.error_type = arena.store(event.error_type);
        }
        return events;
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        json::Document document;
        const auto parsed = document.parse(body);
        if (!parsed.ok()) {
            ProviderFailure failure = gemini::read_failure(status, {});
            failure.message = plain_words(body);
            return failure;
        }
        json::Value root = *parsed;
        for (json::Value each : root.elements()) {  // streams without alt=sse fail in a list
            root = each;
            break;
        }
        return gemini::read_failure(status, root["error"]);
    }
};

}  // namespace

namespace gemini {
namespace {

ErrorClass class_of_status(int status) {
    switch (status) {
        case 401: case 403: return ErrorClass::credential;
        case 408: case 504: return ErrorClass::timeout;
        case 429: return ErrorClass::rate_limited;
        case 503: case 529: return ErrorClass::overloaded;
        default: break;
    }
    return status >= 400 && status < 500 ? ErrorClass::bad_request : ErrorClass::provider_fault;
}

// google.rpc.Code by name; `none` for words that say nothing.
ErrorClass class_of_word(std::string_view word) {
    struct Meaning {
        std::string_view word;
        ErrorClass error_class;
    };
    constexpr Meaning meanings[] = {
        {"RESOURCE_EXHAUSTED", ErrorClass::rate_limited},
        {"UNAVAILABLE", ErrorClass::overloaded},
        {"UNAUTHENTICATED", ErrorClass::credential},
        {"PERMISSION_DENIED", ErrorClass::credential},
        {"DEADLINE_EXCEEDED", ErrorClass::timeout},
        {"CANCELLED", ErrorClass::provider_fault},
        {"ABORTED", ErrorClass::provider_fault},
        {"INTERNAL", ErrorClass::provider_fault},
        {"UNKNOWN", ErrorClass::provider_fault},
        {"DATA_LOSS", ErrorClass::provider_fault},
        {"INVALID_ARGUMENT", ErrorClass::bad_request},
        {"FAILED_PRECONDITION", ErrorClass::bad_request},
        {"OUT_OF_RANGE", ErrorClass::bad_request},
        {"NOT_FOUND", ErrorClass::bad_request},
        {"ALREADY_EXISTS", ErrorClass::bad_request},
        {"UNIMPLEMENTED", ErrorClass::bad_request},
    };
    for (const Meaning& meaning : meanings) {
        if (meaning.word == word) return meaning.error_class;
    }
    return ErrorClass::none;
}

bool contains(std::string_view text, std::string_view words) {
    return text.find(words) != std::string_view::npos;
}

// Refusals of the account rather than of the request come as 400, too.
bool blames_the_account(std::string_view message, std::string_view reason) {
    return reason == "API_KEY_INVALID" || reason == "API_KEY_SERVICE_BLOCKED" ||
           contains(message, "API key not valid") || contains(message, "API key expired") ||
           contains(message, "API Key not found") || contains(message, "User location is not") ||
           contains(message, "enable billing");
}

}  // namespace

ProviderFailure read_failure(int status, json::Value error) {
    ProviderFailure failure;
    failure.message = error.is_string() ? error.text() : error["message"].text();
    failure.type = error["status"].text();
    if (status == 0) status = static_cast<int>(error["code"].integer().value_or(500));
    failure.error_class = class_of_word(failure.type);
    if (failure.error_class == ErrorClass::none) failure.error_class = class_of_status(status);
    std::string reason;
    for (json::Value detail : error["details"].elements()) {
        if (detail["reason"].is_string()) reason = detail["reason"].text();
    }
    if (failure.error_class != ErrorClass::bad_request) return failure;
    if (blames_the_account(failure.message, reason)) {
        failure.error_class = ErrorClass::credential;
    } else if (const auto overflow = read_context_overflow(failure.message)) {
        failure.error_class = ErrorClass::context_overflow;
        failure.prompt_tokens = overflow->prompt_tokens;
        failure.context_tokens = overflow->context_tokens;
        failure.max_tokens_fitting = overflow->max_tokens_fitting;
    }
    return failure;
}

}  // namespace gemini

Codec make_gemini() { return {make_gemini_client(), std::make_unique<GeminiDialect>()}; }

}  // namespace tollgate::dialect
