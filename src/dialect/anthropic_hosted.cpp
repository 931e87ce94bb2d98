#include "dialect/anthropic_hosted.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using domain::HostedRecord;
using domain::HostedTool;
using json::Value;
using Step = domain::HostedStep;

HostedTool tool_named(std::string_view name) {
    if (name == "bash_code_execution") return HostedTool::code_execution;
    return dialect::hosted_tool(name);
}

void read_call(Value input, HostedRecord& record) {
    for (std::string_view member : {"query", "url", "code", "command"}) {
        if (input[member].is_string()) record.input = input[member].escaped().raw;
    }
}

void read_result(Value content, HostedRecord& record) {
    for (Value page : content.elements()) {
        add_source(record.sources, {std::string(page["url"].escaped().raw),
                                    std::string(page["title"].escaped().raw)});
    }
    record.output = content["stdout"].escaped().raw;
    record.output += content["stderr"].escaped().raw;
    record.failed = content["error_code"].exists();
}

std::string_view name_of(HostedTool tool) {
    switch (tool) {
        case HostedTool::web_fetch: return "web_fetch";
        case HostedTool::code_execution: return "code_execution";
        default: return "web_search";
    }
}

// "srvtoolu_tg1_" + request + "_" + step, of the characters that such ids have.
std::string block_id(std::string_view request_id, std::string_view step_id) {
    std::string id(own_hosted_id);
    const auto add = [&](std::string_view text) {
        for (char c : text) {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            id += letter || (c >= '0' && c <= '9') ? c : '_';
        }
    };
    add(request_id);
    add("_");
    add(step_id);
    return id;
}

void write_pages(json::Writer& writer, const HostedRecord& step, std::string_view id) {
    writer.string("type", "web_search_tool_result").string("tool_use_id", id).key("content");
    if (step.failed) {
        writer.begin_object().string("type", "web_search_tool_result_error");
        writer.string("error_code", "unavailable").end_object();
        return;
    }
    writer.begin_array();
    for (const domain::Source& page : step.sources) {
        writer.begin_object().string("type", "web_search_result").escaped("url", {page.url});
        writer.escaped("title", {page.title.empty() ? page.url : page.title});
        writer.string("encrypted_content", "").key("page_age").null().end_object();
    }
    writer.end_array();
}

void write_printed(json::Writer& writer, const HostedRecord& step, std::string_view id) {
    writer.string("type", "code_execution_tool_result").string("tool_use_id", id);
    writer.key("content").begin_object();
    writer.string("type", "code_execution_result");
    writer.escaped("stdout", {step.failed ? "" : std::string_view(step.output)});
    writer.escaped("stderr", {step.failed ? std::string_view(step.output) : ""});
    writer.integer("return_code", step.failed ? 1 : 0);
    writer.key("content").begin_array().end_array().end_object();
}

}  // namespace

HostedStep read_hosted(Value block, std::string_view input, base::Arena& arena) {
    auto record = std::make_shared<HostedRecord>();
    const std::string_view type = block["type"].text(arena);
    if (type == "server_tool_use") {
        record->tool = tool_named(block["name"].text(arena));
        record->id = block["id"].text();
        json::Document streamed;
        const auto parsed = streamed.parse(input);
        read_call(parsed.ok() ? *parsed : block["input"], *record);
    } else if (type.ends_with("_tool_result")) {
        constexpr std::string_view ending = "_tool_result";
        record->tool = tool_named(type.substr(0, type.size() - ending.size()));
        record->step = Step::result;
        record->id = block["tool_use_id"].text();
        read_result(block["content"], *record);
    } else {
        return nullptr;
    }
    const bool known = record->tool != HostedTool::none && record->tool != HostedTool::other;
    return known ? record : nullptr;
}

HostedStep read_citation(Value citation) {
    if (!citation["type"].equals("web_search_result_location")) return nullptr;
    auto record = std::make_shared<HostedRecord>();
    record->step = Step::citations;
    add_source(record->sources, {std::string(citation["url"].escaped().raw),
                                 std::string(citation["title"].escaped().raw)});
    return record->sources.empty() ? nullptr : record;
}

std::string hosted_input(const HostedRecord& step) {
    std::string out;
    if (step.step != Step::call) return out;
    json::Writer writer(out);
    writer.begin_object();
    const bool search = step.tool == HostedTool::web_search;
    const std::string_view member = search                                  ? "query"
                                    : step.tool == HostedTool::web_fetch ? "url"
                                                                         : "code";
    writer.escaped(member, {step.input}).end_object();
    return out;
}

void write_hosted(json::Writer& writer, const HostedRecord& step, std::string_view request_id,
                  InputPlace place) {
    const std::string id = block_id(request_id, step.id);
    writer.begin_object();
    if (step.step == Step::call) {
        writer.string("type", "server_tool_use").string("id", id);
        writer.string("name", name_of(step.tool)).key("input");
        if (place == InputPlace::inside) {
            writer.raw(hosted_input(step));
        } else {
            writer.begin_object().end_object();
        }
    } else if (step.tool == HostedTool::code_execution) {
        write_printed(writer, step, id);
    } else {
        write_pages(writer, step, id);
    }
    writer.key("caller").begin_object().string("type", "direct").end_object().end_object();
}

}  // namespace tollgate::dialect::anthropic
