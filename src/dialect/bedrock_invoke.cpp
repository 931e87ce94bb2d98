// Anthropic Messages inside Bedrock's InvokeModel: requests and whole answers are Anthropic's,
// streams come in Bedrock's framing, failures are Bedrock's.
#include "base/base64.hpp"
#include "dialect/anthropic.hpp"
#include "dialect/bedrock_failure.hpp"

namespace tollgate::dialect {
namespace {

using domain::Event;

class Decoder final : public StreamDecoder {
public:
    explicit Decoder(const Translation& translation)
        : inner_(anthropic::make_stream_decoder(translation)) {}

    base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                  std::vector<Event>& events) override {
        if (event.starts_with(':')) return failure(event.substr(1), data, events);
        if (event != "chunk") return FrameFacts{};  // initial-response and what may come
        TRY_VOID(unwrap(data));
        const std::string_view inside(frame_);
        const std::string_view json = inside.substr(data_begin_, data_end_ - data_begin_);
        TRY(FrameFacts facts, inner_->feed(event, json, events));
        facts.raw = inside;
        return facts;
    }

    bool finish(std::vector<Event>& events) override { return ended_ || inner_->finish(events); }

private:
    // Makes frame_ the server-sent event that Anthropic would have sent.
    base::Result<void> unwrap(std::string_view data) {
        const auto parsed = outer_.parse(data);
        plain_.clear();
        arena_.reset();
        const bool readable = parsed.ok() && (*parsed)["bytes"].is_string() &&
                              base::base64_decode((*parsed)["bytes"].text(arena_), plain_);
        if (!readable) {
            return broken("the provider sent a chunk without readable bytes");
        }
        const auto event = event_.parse(plain_);
        if (!event.ok() || !event->is_object()) {
            return broken("the provider sent a chunk that holds no JSON object");
        }
        frame_ = "event: ";
        frame_ += (*event)["type"].text();
        frame_ += "\ndata: ";
        data_begin_ = frame_.size();
        if ((*event)["amazon-bedrock-invocationMetrics"].exists()) {
            without_metrics(*event);
        } else if (plain_.find_first_of("\r\n") == std::string::npos) {
            frame_ += plain_;
        } else {
            json::append_compact(frame_, plain_);  // a frame's data is one line
        }
        data_end_ = frame_.size();
        frame_ += "\n\n";
        return {};
    }

    void without_metrics(json::Value event) {
        json::Writer writer(frame_);
        writer.begin_object();
        const auto range = event.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            if (it.key().equals("amazon-bedrock-invocationMetrics")) continue;
            writer.foreign_key(it.key().text());
            writer.in_place([&](std::string& out) { json::append_compact(out, (*it).raw()); });
        }
        writer.end_object();
    }

    base::Result<FrameFacts> failure(std::string_view type, std::string_view data,
                                     std::vector<Event>& events) {
        const BedrockProblem problem = read_bedrock_problem(data);
        const ProviderFailure failure = bedrock_failure(0, type, problem.message);
        frame_ = "event: error\ndata: ";
        json::Writer writer(frame_);
        writer.begin_object().string("type", "error").key("error").begin_object();
        writer.string("type", anthropic::type_of_class(failure.error_class));
        writer.string("message", failure.message).end_object().end_object();
        frame_ += "\n\n";
        message_.clear();
        json::append_escaped(message_, failure.message);
        type_ = failure.type;
        Event event;
        event.kind = domain::EventKind::error;
        event.error_class = failure.error_class;
        event.error_type = type_;
        event.text = {message_};
        events.push_back(event);
        ended_ = true;
        FrameFacts facts;
        facts.end = true;
        facts.raw = frame_;
        return facts;
    }

    static base::Error broken(std::string why) {
        return {base::ErrorCode::provider, std::move(why)};
    }

    std::unique_ptr<StreamDecoder> inner_;
    json::Document outer_, event_;
    base::Arena arena_;
    std::string plain_, frame_, message_, type_;
    std::size_t data_begin_ = 0, data_end_ = 0;  // of the event's JSON in frame_
    bool ended_ = false;
};

class Provider final : public ProviderDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::anthropic; }
    Framing framing() const override { return Framing::aws_event_stream; }
    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return anthropic::encode_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment&,
                                                  const Translation& translation) const override {
        return std::make_unique<Decoder>(translation);
    }
    base::Result<std::vector<Event>> decode_answer(std::string_view body,
                                                   const domain::Deployment&,
                                                   const Translation& translation,
                                                   base::Arena& arena) const override {
        return anthropic::decode_answer(body, translation, arena);
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        const BedrockProblem problem = read_bedrock_problem(body);
        return bedrock_failure(status, problem.type, problem.message);
    }
};

}  // namespace

Codec make_bedrock_invoke() { return {nullptr, std::make_unique<Provider>()}; }

}  // namespace tollgate::dialect
