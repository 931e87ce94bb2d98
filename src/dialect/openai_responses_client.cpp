#include "dialect/openai_responses_client.hpp"

#include "dialect/openai_chat.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

class Client final : public ClientDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::openai_responses; }
    base::Result<domain::Request> decode_request(const json::Document& document,
                                                 base::Arena& arena) const override {
        return openai_responses::decode_request(document, arena);
    }
    std::shared_ptr<const AnswerDescription> describe_answer(
        const domain::Request& request, const Outline& outline) const override {
        return openai_responses::describe_answer(request, outline);
    }
    std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions options) const override {
        return make_stream_encoder(std::move(options));
    }
    std::string encode_answer(const std::vector<domain::Event>& events,
                              const EncoderOptions& options) const override {
        return openai_responses::encode_answer(events, options);
    }
    // The envelope is that of OpenAI's other interfaces.
    std::string encode_error(int status, const base::Error& error,
                             std::string_view) const override {
        return openai_chat::encode_error(status, error);
    }
    std::string encode_stream_error(int status, const base::Error& error,
                                    std::string_view request_id) const override {
        return openai_responses::encode_stream_error(status, error, request_id);
    }
    std::string ping() const override { return ": ping\n\n"; }
};

}  // namespace

std::unique_ptr<ClientDialect> make_client() { return std::make_unique<Client>(); }

}  // namespace tollgate::dialect::openai_responses
