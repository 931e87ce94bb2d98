// OpenAI Responses towards providers: the streamed answer, frame by frame.
// dialect::make_openai_responses() (dialect.hpp) makes the whole dialect.
#pragma once
#include "dialect/openai_responses_answer.hpp"

namespace tollgate::dialect {

class ResponsesStreamDecoder final : public StreamDecoder {
public:
    ResponsesStreamDecoder(const domain::Deployment& target, const Translation& translation)
        : answer_(target, translation) {}

    base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                  std::vector<domain::Event>& events) override;
    bool finish(std::vector<domain::Event>& events) override;

private:
    void dispatch(std::string_view type, json::Value frame, Events& events);

    ResponsesAnswer answer_;
    json::Document document_;
    base::Arena arena_;
    bool end_mark_ = false;  // [DONE]
};

}  // namespace tollgate::dialect
