// A provider's stream and whole answers as events.
#include "dialect/openai_chat.hpp"
#include "dialect/openai_chat_reader.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

constexpr std::string_view end_mark = "[DONE]";

class Decoder : public StreamDecoder {
public:
    Decoder(const domain::Deployment& target, const Translation& translation)
        : reader_(target, translation, arena_) {}

    base::Result<FrameFacts> feed(std::string_view, std::string_view data,
                                  std::vector<domain::Event>& events) override {
        FrameFacts facts;
        if (data.starts_with(end_mark)) {
            facts.end = true;
            reader_.end(events);
            return facts;
        }
        if (data.empty()) return facts;
        base::Result<json::Value> root = document_.parse(data);
        if (!root.ok()) {
            return base::Error{base::ErrorCode::provider,
                               "the provider's stream holds a frame that is not JSON: " +
                                   root.error().message};
        }
        reader_.read(*root, facts, events);
        return facts;
    }

    bool finish(std::vector<domain::Event>& events) override { return reader_.finish(events); }

private:
    json::Document document_;  // reused: no allocation in steady state
    base::Arena arena_;
    Reader reader_;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_stream_decoder(const domain::Deployment& target,
                                                   const Translation& translation) {
    return std::make_unique<Decoder>(target, translation);
}

base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                       const domain::Deployment& target,
                                                       const Translation& translation,
                                                       base::Arena& arena) {
    json::Document document;
    base::Result<json::Value> root = document.parse(body);
    if (!root.ok()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's answer is not JSON: " + root.error().message};
    }
    if (!root->is_object()) {
        return base::Error{base::ErrorCode::provider, "the provider's answer is no JSON object"};
    }
    std::vector<domain::Event> events;
    FrameFacts facts;
    Reader reader(target, translation, arena);
    reader.read(*root, facts, events);
    bool failed = !events.empty() && events.back().kind == domain::EventKind::error;
    if (!failed && (*root)["choices"].size() == 0) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's answer has no choices"};
    }
    if (!failed) reader.end(events);
    return events;
}

}  // namespace tollgate::dialect::openai_chat
