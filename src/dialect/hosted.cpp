#include "dialect/hosted.hpp"

#include <algorithm>

namespace tollgate::dialect {
namespace {

using domain::Event;
using domain::EventKind;
using domain::HostedTool;
using json::Value;

json::Raw given_list(Value value) {
    return value.is_array() && value.size() > 0 ? value.raw() : json::Raw();
}

// OpenAI Chat puts the place one level deeper; the neutral form is that of the others.
json::Raw read_location(Value location, base::Arena& arena) {
    if (!location.is_object()) return {};
    const Value inner = location["approximate"];
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("type", "approximate");
    for (std::string_view name : {"city", "region", "country", "timezone"}) {
        const Value value = (inner.is_object() ? inner : location)[name];
        if (value.is_string()) writer.escaped(name, value.escaped());
    }
    writer.end_object();
    return arena.store(out);
}

void append_pages(Value results, std::string& out) {
    for (Value page : results.elements()) {
        if (!page["url"].is_string()) continue;
        out += "\\n- ";
        out += page["title"].escaped().raw;
        out += " (";
        out += page["url"].escaped().raw;
        out += ")";
    }
}

std::string block_words(Value block) {
    std::string out;
    const Value type = block["type"], content = block["content"];
    const std::string_view name = type.escaped().raw;
    if (name == "server_tool_use") {
        const Value input = block["input"];
        const std::string_view what = input["query"].escaped().raw;
        if (!what.empty()) out.append("[Searched the web for: ").append(what).append("]");
        if (input["url"].is_string()) {
            out.append("[Read the page ").append(input["url"].escaped().raw).append("]");
        }
        for (std::string_view program : {"code", "command"}) {
            if (!input[program].is_string()) continue;
            out.append("[Ran this program:\\n").append(input[program].escaped().raw).append("]");
        }
    } else if (name == "web_search_tool_result") {
        append_pages(content, out);
        if (!out.empty()) out.insert(0, "[Pages found:").append("]");
    } else if (name == "web_fetch_tool_result") {
        const Value document = content["content"];
        out += document["source"]["data"].escaped().raw;
        const bool words = document["source"]["type"].equals("text") && !out.empty();
        out = words ? "[The page said:\\n" + out + "]" : std::string();
    } else if (name.ends_with("code_execution_tool_result")) {
        for (std::string_view stream : {"stdout", "stderr"}) out += content[stream].escaped().raw;
        if (!out.empty()) out.insert(0, "[The program printed:\\n").append("]");
    }
    return out;
}

}  // namespace

HostedTool hosted_tool(std::string_view kind) {
    const auto begins = [&](std::string_view word) { return kind.starts_with(word); };
    if (kind.empty()) return HostedTool::none;
    if (begins("web_search") || begins("google_search")) return HostedTool::web_search;
    if (begins("web_fetch") || begins("url_context")) return HostedTool::web_fetch;
    if (begins("code_execution") || begins("code_interpreter")) return HostedTool::code_execution;
    return HostedTool::other;
}

void describe_hosted(Value spelled, base::Arena& arena, domain::Tool& tool) {
    tool.hosted = hosted_tool(tool.hosted_kind);
    if (tool.hosted != HostedTool::web_search) return;
    // A search of OpenAI's own copy of the web: no other search is that.
    if (spelled["external_web_access"].boolean() == false) tool.hosted = HostedTool::other;
    domain::SearchOptions& search = tool.search;
    if (spelled["max_uses"].integer()) search.uses_max = spelled["max_uses"].raw();
    const Value filters = spelled["filters"];
    const Value limits = filters.is_object() ? filters : spelled;
    search.allowed_domains = given_list(limits["allowed_domains"]);
    search.blocked_domains = given_list(limits["blocked_domains"]);
    search.user_location = read_location(spelled["user_location"], arena);
    search.context_size = spelled["search_context_size"].text(arena);
}

void note_options(const domain::Tool& tool, const SearchWords& words, Translation& translation) {
    const domain::SearchOptions& search = tool.search;
    if (!search.uses_max.empty() && !words.uses_max) translation.drop("max_uses");
    if (!search.user_location.empty() && !words.user_location) translation.drop("user_location");
    if (!search.context_size.empty() && !words.context_size) {
        translation.drop("search_context_size");
    }
    if (!search.allowed_domains.empty() && !words.allowed_domains) {
        translation.drop("allowed_domains");
    }
    if (!search.blocked_domains.empty() && !words.blocked_domains) {
        translation.drop("blocked_domains");
    }
}

bool offers(const domain::Request& request, HostedTool tool) {
    return std::any_of(request.tools.begin(), request.tools.end(),
                       [&](const domain::Tool& each) { return each.hosted == tool; });
}

void append_hosted(HostedStep step, std::uint32_t index, std::vector<Event>& events) {
    Event event;
    event.kind = EventKind::block_start;
    event.block = domain::BlockKind::hosted;
    event.index = index;
    event.hosted = std::move(step);
    events.push_back(event);
    event.kind = EventKind::block_end;
    events.push_back(std::move(event));
}

void add_source(std::vector<domain::Source>& sources, domain::Source source) {
    const bool known = std::any_of(sources.begin(), sources.end(), [&](const auto& other) {
        return other.url == source.url;
    });
    if (!known && !source.url.empty()) sources.push_back(std::move(source));
}

domain::Source read_citation(Value annotation) {
    domain::Source source;
    if (!annotation["type"].equals("url_citation")) return source;
    const Value inner = annotation["url_citation"];
    const Value said = inner.is_object() ? inner : annotation;
    source.url = said["url"].escaped().raw;
    source.title = said["title"].escaped().raw;
    source.begin = said["start_index"].integer().value_or(-1);
    source.end = said["end_index"].integer().value_or(-1);
    return source;
}

bool is_own_hosted(Value block) {
    const Value type = block["type"];
    const Value id = type.equals("server_tool_use") ? block["id"] : block["tool_use_id"];
    return id.escaped().raw.starts_with(own_hosted_id);
}

std::string hosted_words(Value block) {
    std::string words = block_words(block);
    // Some targets join the texts of a turn without anything between them.
    return words.empty() ? words : "\\n" + words + "\\n";
}

}  // namespace tollgate::dialect
