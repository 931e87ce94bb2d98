#include "dialect/bedrock_converse.hpp"

#include "dialect/bedrock_failure.hpp"
#include "dialect/converse_client.hpp"

namespace tollgate::dialect {
namespace {

class Provider final : public ProviderDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::bedrock_converse; }
    Framing framing() const override { return Framing::aws_event_stream; }
    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return converse::encode_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                  const Translation& translation) const override {
        return std::make_unique<converse::StreamReader>(target, translation);
    }
    base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                           const domain::Deployment& target,
                                                           const Translation& translation,
                                                           base::Arena& arena) const override {
        return converse::decode_answer(body, target, translation, arena);
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        const BedrockProblem problem = read_bedrock_problem(body);
        return bedrock_failure(status, problem.type, problem.message);
    }
};

}  // namespace

Codec make_bedrock_converse() {
    return {make_converse_client(), std::make_unique<Provider>()};
}

}  // namespace tollgate::dialect
