#include "dialect/anthropic.hpp"

namespace tollgate::dialect {
namespace {

class Client final : public ClientDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::anthropic; }
    base::Result<domain::Request> decode_request(const json::Document& document,
                                                 base::Arena& arena) const override {
        return anthropic::decode_request(document, arena);
    }
    std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions options) const override {
        return anthropic::make_stream_encoder(std::move(options));
    }
    std::string encode_answer(const std::vector<domain::Event>& events,
                              const EncoderOptions& options) const override {
        return anthropic::encode_answer(events, options);
    }
    std::string encode_error(int status, const base::Error& error,
                             std::string_view request_id) const override {
        return anthropic::encode_error(status, error, request_id);
    }
    std::string encode_stream_error(int status, const base::Error& error,
                                    std::string_view request_id) const override {
        return "event: error\ndata: " + anthropic::encode_error(status, error, request_id) + "\n\n";
    }
    std::string ping() const override { return "event: ping\ndata: {\"type\":\"ping\"}\n\n"; }
};

class Provider final : public ProviderDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::anthropic; }
    Framing framing() const override { return Framing::sse; }
    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return anthropic::encode_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment&,
                                                  const Translation& translation) const override {
        return anthropic::make_stream_decoder(translation);
    }
    base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                           const domain::Deployment&,
                                                           const Translation& translation,
                                                           base::Arena& arena) const override {
        return anthropic::decode_answer(body, translation, arena);
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        return anthropic::decode_error(status, body);
    }
};

}  // namespace

Codec make_anthropic() { return Codec{std::make_unique<Client>(), std::make_unique<Provider>()}; }

}  // namespace tollgate::dialect
