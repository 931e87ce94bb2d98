#include "domain/conversation.hpp"
#include "domain/event.hpp"
#include "domain/target.hpp"

namespace tollgate::domain {

std::string_view to_string(Protocol protocol) {
    switch (protocol) {
        case Protocol::anthropic: return "anthropic";
        case Protocol::openai_chat: return "openai_chat";
        case Protocol::openai_responses: return "openai_responses";
        case Protocol::ollama: return "ollama";
        case Protocol::openai_completions: return "openai_completions";
        case Protocol::gemini: return "gemini";
        case Protocol::bedrock_converse: return "bedrock_converse";
        case Protocol::cohere: return "cohere";
    }
    return "unknown";
}

std::string_view to_string(ErrorClass error_class) {
    switch (error_class) {
        case ErrorClass::none: return "none";
        case ErrorClass::rate_limited: return "rate_limited";
        case ErrorClass::overloaded: return "overloaded";
        case ErrorClass::provider_fault: return "provider_fault";
        case ErrorClass::timeout: return "timeout";
        case ErrorClass::credential: return "credential";
        case ErrorClass::context_overflow: return "context_overflow";
        case ErrorClass::content_policy: return "content_policy";
        case ErrorClass::bad_request: return "bad_request";
    }
    return "unknown";
}

std::string target_name(const Deployment& deployment) {
    return deployment.provider.type + "/" + deployment.model_name;
}

}  // namespace tollgate::domain
