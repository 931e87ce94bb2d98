// Vertex AI, where many makers' models live below one project: Gemini in Google's own protocol,
// Claude in Anthropic's, wrapped (rawPredict), all others in OpenAI's. Stateless, thread-safe;
// borrows the dialects and the beta filter, which must outlive it.
#pragma once
#include <memory>

#include "providers/anthropic.hpp"
#include "providers/openai_compatible.hpp"

namespace tollgate::providers {

class Vertex final : public Provider {
public:
    Vertex(const Dialects& dialects, const BetaFilter& betas);
    ~Vertex() override;

    Description describe() const override;
    // The host of the location: global, the multi-regions us and eu, or a region's own.
    // Fails: invalid_request naming vertex_project or vertex_location.
    base::Result<std::string> default_base_url(const domain::Deployment& target) const override;
    // Without publisher and version: claude-opus-4-6@default is claude-opus-4-6.
    std::string catalog_names(std::string_view model_name) const override;
    // By the model's name: claude-..., MAKER/MODEL for the others, else Gemini.
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    // Below /v1/projects/PROJECT/locations/LOCATION; without a project (an API key's) and for
    // Gemini alone, below /v1. Queries of the client stay behind: unknown ones are refused.
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, domain::Protocol protocol, std::string_view body,
        const dialect::Outline& outline, const http::Headers& client,
        dialect::Translation& translation) const override;
    bool splices_translated(const domain::Deployment& target,
                            domain::Protocol protocol) const override;
    // Claude's counter wants the model's name in the body, and without its version.
    std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                domain::Protocol protocol,
                                                std::string_view client_query,
                                                std::string_view body) const override;
    std::optional<std::int64_t> read_token_count(std::string_view answer) const override;
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    // Reads both shapes: the model's own, and that of the cloud before it.
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
    Anthropic claude_;
    OpenAiCompatible others_;
    std::unique_ptr<dialect::ProviderDialect> chat_;
};

// "us-east5-aiplatform.googleapis.com" for a location.
std::string vertex_host(std::string_view location);

}  // namespace tollgate::providers
