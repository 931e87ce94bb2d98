// What the dialect targets share. The first byte chooses what the rest of the input is, the second
// switches quirks of the target. Rules: nothing crashes, and whatever leaves us is valid JSON or a
// valid event stream, be the input as odd as it may.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/body_size.hpp"
#include "dialect/dialect.hpp"
#include "http/sse.hpp"
#include "require.hpp"

namespace tollgate::fuzz {

inline void require_json(std::string_view text, const char* rule) {
    json::Document document;
    auto parsed = document.parse(text);
    if (!parsed.ok()) std::fprintf(stderr, "%s\n", parsed.error().message.c_str());
    require(parsed.ok(), rule, text);
}

inline void require_stream(std::string_view bytes) {
    http::SseParser parser;
    http::SseFrame frame;
    parser.feed(bytes);
    while (true) {
        auto more = parser.next(frame);
        require(more.ok(), "our frames are short enough");
        if (!*more) break;
        if (frame.comment_only || frame.data == "[DONE]") continue;
        require_json(frame.data, "frames for clients hold valid JSON");
    }
    require(parser.pending() == 0, "streams for clients consist of whole frames", bytes);
}

inline domain::Deployment target_of(domain::Protocol protocol, std::uint8_t quirks) {
    domain::Deployment target;
    target.model_name = "target-model";
    target.base_url = "https://provider.example/v1";
    target.drop_unsupported = (quirks & 1) != 0;
    domain::ProviderTraits& provider = target.provider;
    provider.type = to_string(protocol);
    provider.protocol = protocol;
    provider.content_list = (quirks & 2) == 0;
    provider.system_first_only = (quirks & 4) != 0;
    provider.reasoning_out = (quirks & 8) != 0 ? "reasoning_content" : "";
    provider.files = provider.audio = (quirks & 16) != 0;
    provider.cache_control = provider.top_k = protocol == domain::Protocol::anthropic;
    provider.tool_name_max = (quirks & 32) != 0 ? 8 : 64;
    provider.stop_max = (quirks & 64) != 0 ? 1 : 4;
    target.model.stop = (quirks & 128) == 0;
    if (protocol == domain::Protocol::bedrock_converse) {
        // What its models accept is told by their names.
        target.model_name = (quirks & 32) != 0   ? "us.amazon.nova-2-lite-v1:0"
                            : (quirks & 64) != 0 ? "openai.gpt-oss-120b-1:0"
                                                 : "us.anthropic.claude-opus-4-6-v1";
        target.model.thinking = domain::ThinkingSupport::both;
        target.model.json_schema = (quirks & 2) == 0;
        provider.tool_id_charset = "a-zA-Z0-9_-";
        provider.tool_id_max = 64;
    }
    return target;
}

class DialectFuzzer {
public:
    explicit DialectFuzzer(domain::Protocol protocol) : protocol_(protocol) {
        codecs_.push_back(dialect::make_anthropic());
        codecs_.push_back(dialect::make_openai_chat());
        codecs_.push_back(dialect::make_openai_responses());
        codecs_.push_back(dialect::make_ollama());
        codecs_.push_back(dialect::make_openai_completions());
        codecs_.push_back(dialect::make_gemini());
        codecs_.push_back(dialect::make_cohere());
        codecs_.push_back(dialect::make_bedrock_converse());
        for (const dialect::Codec& codec : codecs_) {
            const auto spoken =
                codec.client ? codec.client->protocol() : codec.provider->protocol();
            if (spoken == protocol) own_ = &codec;
        }
        options_.model = "asked \"model\"";
        options_.request_id = "req1";
        options_.include_usage = true;
        dialect::AnswerDescription asked;
        asked.tools = {{"apply_patch", domain::CallShape::freeform, {}, "apply_patch"},
                       {"space__tool", domain::CallShape::function, "space", "tool"},
                       {"tool_search", domain::CallShape::tool_search, {}, "tool_search"}};
        options_.description = std::make_shared<const dialect::AnswerDescription>(asked);
    }

    void run(std::string_view input) const {
        if (input.size() < 2) return;
        const auto quirks = static_cast<std::uint8_t>(input[1]);
        const std::string_view text = input.substr(2);
        if (!own_->provider) return request(text, quirks);  // clients alone speak it
        switch (static_cast<std::uint8_t>(input[0]) % (own_->client ? 5 : 4)) {
            case 0: return request(text, quirks);
            case 1: return stream(text, quirks);
            case 2: return answer(text, quirks);
            case 3: return error(text);
            default: return relay(text, quirks);
        }
    }

private:
    enum class Next : std::uint8_t { go_on, finish, stop_here };

    template <typename Feed>
    static Next feed_frames(std::string_view text, Feed&& feed) {
        http::SseParser parser;
        http::SseFrame frame;
        parser.feed(text);
        Next next = Next::go_on;
        while (next == Next::go_on && *parser.next(frame)) {
            if (!frame.comment_only) next = feed(frame.event, frame.data);
        }
        return next;
    }

    template <typename Feed>
    static Next feed_lines(std::string_view text, Feed&& feed) {
        http::NdjsonParser parser;
        std::string_view line;
        parser.feed(text);
        Next next = Next::go_on;
        while (next == Next::go_on && *parser.next(line)) next = feed("", line);
        if (next == Next::go_on && parser.finish(line)) next = feed("", line);
        return next;
    }

    static std::string whole(const dialect::EncodedRequest& encoded) {
        std::string text;
        for (auto piece : dialect::pieces_of(encoded.body, encoded.lent)) text += piece;
        return text;
    }

    void request(std::string_view text, std::uint8_t quirks) const {
        json::Document document;
        base::Arena arena;
        if (!document.parse(text).ok()) return;
        // What only providers speak is written from Anthropic's requests.
        const auto& client = own_->client ? *own_->client : *codecs_.front().client;
        auto decoded = client.decode_request(document, arena);
        if (!decoded.ok()) return;
        for (const dialect::Codec& codec : codecs_) {
            if (!codec.provider) continue;
            const auto target = target_of(codec.provider->protocol(), quirks);
            auto encoded = codec.provider->encode_request(*decoded, target);
            if (!encoded.ok()) continue;
            require_json(encoded->body, "bodies for providers are valid JSON");
            decoded->lender = text;
            auto lent = codec.provider->encode_request(*decoded, target);
            decoded->lender = {};
            require(lent.ok() && whole(*lent) == encoded->body, "what is lent is what is copied");
        }
        auto outline = dialect::outline(protocol_, text, arena);
        if (!outline.ok() || !own_->client) return;
        dialect::EncoderOptions options;
        options.description = client.describe_answer(*decoded, *outline);
        require_json(client.encode_answer({}, options), "what an answer repeats is valid JSON");
    }

    void stream(std::string_view text, std::uint8_t quirks) const {
        auto decoder = own_->provider->stream_decoder(target_of(protocol_, quirks), {});
        std::vector<std::unique_ptr<dialect::StreamEncoder>> encoders;
        for (const dialect::Codec& codec : codecs_) {
            if (codec.client) encoders.push_back(codec.client->stream_encoder(options_));
        }
        std::vector<domain::Event> events;
        auto pass_on = [&] {
            for (auto& encoder : encoders) {
                std::string out;
                for (const domain::Event& event : events) encoder->encode(event, out);
                require_stream(out);
            }
            events.clear();
        };
        auto feed = [&](std::string_view event, std::string_view data) {
            auto facts = decoder->feed(event, data, events);
            if (!facts.ok()) return Next::stop_here;
            pass_on();
            return facts->end ? Next::finish : Next::go_on;
        };
        const Next last = own_->provider->framing() == dialect::Framing::ndjson
                              ? feed_lines(text, feed)
                              : feed_frames(text, feed);
        if (last == Next::stop_here) return;
        decoder->finish(events);
        pass_on();
    }

    void answer(std::string_view text, std::uint8_t quirks) const {
        base::Arena arena;
        const auto target = target_of(protocol_, quirks);
        auto events = own_->provider->decode_answer(text, target, {}, arena);
        if (!events.ok()) return;
        for (const dialect::Codec& codec : codecs_) {
            if (!codec.client) continue;
            require_json(codec.client->encode_answer(*events, options_),
                         "answers for clients are valid JSON");
        }
    }

    void error(std::string_view text) const {
        auto failure = own_->provider->decode_error(400, text);
        const base::Error error{base::ErrorCode::provider, failure.message};
        for (const dialect::Codec& codec : codecs_) {
            if (!codec.client) continue;
            require_json(codec.client->encode_error(400, error, "req1"),
                         "errors for clients are valid JSON");
            require_stream(codec.client->encode_stream_error(400, error, "req1"));
        }
    }

    void relay(std::string_view text, std::uint8_t quirks) const {
        base::Arena arena;
        auto outline = dialect::outline(protocol_, text, arena);
        if (!outline.ok()) return;
        dialect::Translation translation;
        auto splices = dialect::relay_splices(protocol_, text, *outline,
                                              target_of(protocol_, quirks), translation);
        if (!splices.ok()) return;
        std::string body;
        std::size_t at = 0;
        for (const dialect::Splice& splice : *splices) {
            require(splice.begin >= at && splice.end >= splice.begin && splice.end <= text.size(),
                    "splices are sorted, apart and inside");
            body.append(text.substr(at, splice.begin - at)).append(splice.text);
            at = splice.end;
        }
        body.append(text.substr(at));
        json::Document document;
        if (document.parse(text).ok()) require_json(body, "a relayed body stays valid JSON");
    }

    domain::Protocol protocol_;
    std::vector<dialect::Codec> codecs_;
    const dialect::Codec* own_ = nullptr;
    dialect::EncoderOptions options_;
};

}  // namespace tollgate::fuzz
