// Provider-run tools between protocols: which words mean the same tool, what a client said about
// its web search, and what of it a target has no word for. Pure functions.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// What a hosted tool's kind in any protocol means: web_search_20250305, web_search_preview,
// google_search; code_execution_20250825, code_interpreter; web_fetch_20250910, url_context.
domain::HostedTool hosted_tool(std::string_view kind);

// Fills `hosted` and `search` of a tool from its hosted_kind and the JSON the client sent for it:
// Anthropic's members, those of OpenAI's Responses, or those of web_search_options.
void describe_hosted(json::Value spelled, base::Arena& arena, domain::Tool& tool);

// The options of a web search that a target has words for.
struct SearchWords {
    bool uses_max = false, allowed_domains = false, blocked_domains = false;
    bool user_location = false, context_size = false;
};
// Notes the options that the target has no word for; the search goes on without them.
void note_options(const domain::Tool& tool, const SearchWords& words, Translation& translation);

// True where the request offers the tool.
bool offers(const domain::Request& request, domain::HostedTool tool);

// --- answers -------------------------------------------------------------------------------------
using HostedStep = std::shared_ptr<const domain::HostedRecord>;
// Appends a hosted block that is whole: its start and its end.
void append_hosted(HostedStep step, std::uint32_t index, std::vector<domain::Event>& events);
// A page, unless it is there already.
void add_source(std::vector<domain::Source>& sources, domain::Source source);
// A url_citation as OpenAI's Responses (flat) and Chat (nested) spell it; no URL: none.
domain::Source read_citation(json::Value annotation);

// Ids of hosted blocks that the gateway made for an Anthropic client begin so; they mean nothing to
// Anthropic itself.
constexpr std::string_view own_hosted_id = "srvtoolu_tg1_";
// A server_tool_use or ..._tool_result block of our making.
bool is_own_hosted(json::Value block);
// The splices by which a body's messages tell in words what such blocks say.
// Fails: invalid_request when there is one and the messages are malformed.
base::Result<std::vector<Splice>> tell_own_hosted(const json::TopField& messages);
// The same where the messages were parsed already; `base` is where their text begins in the body.
std::vector<Splice> tell_own_hosted(json::Value messages, std::size_t base);
// What an Anthropic block of a provider-run tool says, as the inside of a JSON string for targets
// that know no such block; "" when it says nothing.
std::string hosted_words(json::Value block);

}  // namespace tollgate::dialect
