// Tools, tool choice and answer format of an OpenAI Chat Completions body.
// Pure; internal to the openai_chat dialect.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::openai_chat {

// What of a request's tools reaches the target.
struct ToolPlan {
    std::vector<const domain::Tool*> tools;
    // Request::tools_known while these are all the functions of the request; 0: some are left out.
    std::uint64_t known = 0;
    const domain::Tool* search = nullptr;  // the target's own web search, asked for by a field
    std::string choice;  // JSON value of tool_choice, "" when none is sent
    bool forced = false;  // the model must call a tool
    bool serial = false;  // parallel_tool_calls: false
};
// Fails: invalid_request for tools that the target cannot carry.
base::Result<ToolPlan> plan_tools(const domain::Request& request, const domain::Deployment& target,
                                  Translation& translation);
// Writes the value of "tools". REQUIRES: plan.tools is not empty.
void write_tools(json::Writer& writer, const ToolPlan& plan, const domain::Request& request,
                 const domain::Deployment& target, Translation& translation);

// The field that asks for the target's own web search; its value is written behind the name.
// REQUIRES: plan.search is set.
std::string_view search_field(const ToolPlan& plan, const domain::Deployment& target);
void write_search(json::Writer& writer, const ToolPlan& plan, const domain::Deployment& target);

// Writes the value of "response_format". REQUIRES: format.kind is not text.
void write_response_format(json::Writer& writer, const domain::OutputFormat& format,
                           const domain::Deployment& target);
bool carries_json_schema(const domain::Deployment& target);
// Where the target knows only JSON objects: the escaped text that tells the model the schema.
std::string schema_instruction(const domain::OutputFormat& format);

}  // namespace tollgate::dialect::openai_chat
