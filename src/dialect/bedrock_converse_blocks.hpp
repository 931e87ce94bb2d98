// Content blocks as Converse spells them. Internal to dialect/bedrock_converse*.cpp.
// Not thread-safe; one per request being encoded.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dialect/anthropic_turns.hpp"
#include "dialect/bedrock_model.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::converse {

class BlockWriter {
public:
    BlockWriter(json::Writer& writer, const domain::Deployment& target, Translation& translation)
        : writer_(writer),
          target_(target),
          translation_(translation),
          family_(bedrock_family(target)) {}

    // One message. `last`: nothing follows it. Fails: invalid_request for what the target cannot
    // carry.
    base::Result<void> turn(const anthropic::Turn& turn, bool last);
    void system(const domain::Part& part);
    // A cachePoint after what bears `mark`, where the model has them; `tools`: in toolConfig.
    void cache_point(json::Raw mark, bool tools = false);

private:
    base::Result<void> part(const domain::Part& part, bool trim);
    void text(json::Escaped text);
    base::Result<void> image(const domain::Part& part);
    base::Result<void> document(const domain::Part& part);
    base::Result<void> document_inside(const domain::Part& part);
    base::Result<void> audio(const domain::Part& part);
    // {"bytes"} or {"s3Location"}; false when it is neither.
    bool source(const domain::Media& media);
    std::string document_name(const domain::Media& media);
    void tool_call(const domain::Part& part);
    base::Result<void> tool_result(const domain::Part& part);
    base::Result<void> result_content(const domain::Part& part);
    base::Result<void> refuse(std::string_view what, std::string_view why);
    bool takes_media_in_results() const {
        return family_ == BedrockFamily::claude || family_ == BedrockFamily::nova;
    }

    json::Writer& writer_;
    const domain::Deployment& target_;
    Translation& translation_;
    const BedrockFamily family_;
    std::vector<std::string> document_names_;
    std::vector<const domain::Part*> later_;  // media of tool results, for the user's own blocks
    std::size_t blocks_ = 0;                  // written in this message
    bool text_written_ = false, document_written_ = false;  // in this message
};

}  // namespace tollgate::dialect::converse
