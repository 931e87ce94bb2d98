// Steps of provider-run tools as Anthropic spells them: server_tool_use, web_search_tool_result,
// code_execution_tool_result, and citations of pages.
// Internal to dialect/anthropic*.cpp. Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "dialect/hosted.hpp"

namespace tollgate::dialect::anthropic {

// What a hosted block says, null where no other protocol has words for it. `input` is the JSON text
// that was streamed for a server_tool_use, "" : the block holds its input itself.
HostedStep read_hosted(json::Value block, std::string_view input, base::Arena& arena);
// A citation of a page as a text's delta holds it; null for those of documents.
HostedStep read_citation(json::Value citation);

// Writes the block of a step; a call's `input` stays empty where it is streamed behind it.
enum class InputPlace : std::uint8_t { inside, streamed };
void write_hosted(json::Writer& writer, const domain::HostedRecord& step,
                  std::string_view request_id, InputPlace place);
// The input of a call as JSON; "" for other steps.
std::string hosted_input(const domain::HostedRecord& step);

}  // namespace tollgate::dialect::anthropic
