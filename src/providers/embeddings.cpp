#include "providers/embeddings.hpp"

#include "providers/header_list.hpp"

namespace tollgate::providers {
namespace {

using dialect::embeddings::Shape;
using dialect::embeddings::Target;
using domain::Protocol;

constexpr std::size_t gemini_texts_max = 100;
constexpr std::size_t vertex_texts_max = 250;
constexpr std::size_t cohere_texts_max = 96;
constexpr std::size_t ollama_texts_max = 512;  // of our own: a bound on one answer's size

base::Error unknown(const domain::Deployment& target, std::string_view known) {
    return base::invalid("the model '" + target.model_name + "' has no embeddings at " +
                             target.provider.type + " that are known here (known: " +
                             std::string(known) + ")",
                         "model");
}

// us.cohere.embed-v4:0 and an ARN's last part are cohere.embed-v4:0.
bool names(std::string_view model, std::string_view part) {
    return model.find(part) != std::string_view::npos;
}

base::Result<Target> bedrock(const domain::Deployment& target, Target made) {
    const std::string_view model = target.model_name;
    made.model.clear();
    if (names(model, "cohere.embed")) {
        made.shape = Shape::cohere;
        made.texts_max = cohere_texts_max;
        // Embed 3 has one size.
        made.dimensions_field = names(model, "embed-v4") ? "output_dimension" : "";
        return made;
    }
    made.shape = Shape::titan;
    made.texts_max = 1;
    if (names(model, "titan-embed-text-v2")) return made;
    if (names(model, "titan-embed-image")) {
        made.dimensions_field = "embeddingConfig";
        return made;
    }
    made.dimensions_field.clear();
    if (names(model, "titan-embed")) return made;
    return unknown(target, "amazon.titan-embed-*, cohere.embed-*");
}

Target google(const domain::Deployment& target, Target made) {
    made.dimensions_field = "outputDimensionality";
    if (target.provider.type != "vertex_ai") {
        made.shape = Shape::gemini;
        made.texts_max = gemini_texts_max;
        constexpr std::string_view prefix = "models/";
        if (made.model.starts_with(prefix)) made.model.erase(0, prefix.size());
        return made;
    }
    made.shape = Shape::vertex_predict;
    // Gemini's own embedding models take one text per request there.
    made.texts_max = target.model_name.starts_with("gemini") ? 1 : vertex_texts_max;
    return made;
}

// "/v1/chat/completions?x" with its end replaced; what follows '?' stays.
std::string with_end(std::string path, std::string_view end, std::string_view instead) {
    const std::size_t query = std::min(path.find('?'), path.size());
    const std::string_view before(path.data(), query);
    if (!before.ends_with(end)) return std::string(instead) + path.substr(query);
    return std::string(before.substr(0, before.size() - end.size())) + std::string(instead) +
           path.substr(query);
}

std::string after_last(std::string path, char mark, std::string_view instead) {
    path.resize(std::min(path.find('?'), path.size()));
    path.resize(path.rfind(mark) + 1);
    return path + std::string(instead);
}

}  // namespace

base::Result<Target> embeddings_target(const domain::Deployment& target) {
    Target made;
    made.model = target.model_name;
    made.extra_body = target.extra_body;
    made.drop_unsupported = target.drop_unsupported;
    switch (target.provider.protocol) {
        case Protocol::openai_chat:
        case Protocol::openai_responses:
            if (target.provider.type == "mistral") {
                made.dimensions_field = "output_dimension";
                made.user = false;  // refuses fields that it does not know
            }
            return made;
        case Protocol::ollama:
            made.shape = Shape::ollama;
            made.texts_max = ollama_texts_max;
            return made;
        case Protocol::gemini: return google(target, std::move(made));
        case Protocol::bedrock_converse: return bedrock(target, std::move(made));
        case Protocol::cohere:
            made.shape = Shape::cohere;
            made.texts_max = cohere_texts_max;
            // Embed 3 has one size.
            made.dimensions_field = names(target.model_name, "-v3") ? "" : "output_dimension";
            return made;
        case Protocol::anthropic:
        case Protocol::openai_completions: break;
    }
    return base::invalid("the provider " + target.provider.type +
                             " has no embeddings: name a model of another provider, e.g. "
                             "openai/text-embedding-3-small",
                         "model");
}

std::string embeddings_path(const Provider& provider, const domain::Deployment& target,
                            Shape shape, std::size_t count) {
    const auto chat = [&](Protocol protocol) {
        return provider.relay_path(target, protocol, "", false);
    };
    switch (shape) {
        case Shape::openai:
            return with_end(chat(Protocol::openai_chat), "/chat/completions", "/embeddings");
        case Shape::gemini:
            return after_last(chat(Protocol::gemini), ':',
                              count == 1 ? "embedContent" : "batchEmbedContents");
        case Shape::vertex_predict: return after_last(chat(Protocol::gemini), ':', "predict");
        case Shape::ollama: return with_end(chat(Protocol::ollama), "/chat", "/embed");
        case Shape::titan: break;
        case Shape::cohere:
            if (target.provider.protocol != Protocol::cohere) break;
            return with_end(chat(Protocol::cohere), "/chat", "/embed");
    }
    return after_last(chat(Protocol::bedrock_converse), '/', "invoke");
}

}  // namespace tollgate::providers
