// Steps of provider-run tools as items of a Responses answer, and the pages that its texts name.
#include "dialect/openai_responses_encode.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::HostedRecord;
using domain::HostedStep;
using domain::HostedTool;

void write_annotation(json::Writer& writer, const domain::Source& page) {
    writer.begin_object().string("type", "url_citation");
    writer.integer("start_index", page.begin < 0 ? 0 : page.begin);
    writer.integer("end_index", page.end < 0 ? 0 : page.end).escaped("url", {page.url});
    writer.escaped("title", {page.title}).end_object();
}

void write_search(json::Writer& writer, const HostedRecord& call, std::string_view status) {
    writer.string("type", "web_search_call").string("status", status);
    writer.key("action").begin_object();
    if (call.tool == HostedTool::web_fetch) {
        writer.string("type", "open_page").escaped("url", {call.input});
    } else {
        writer.string("type", "search").escaped("query", {call.input});
    }
    writer.end_object();
}

void write_program(json::Writer& writer, const HostedRecord& call, const HostedRecord& result,
                   std::string_view status) {
    writer.string("type", "code_interpreter_call").string("status", status);
    writer.escaped("code", {call.input}).string("container_id", "").key("outputs");
    writer.begin_array();
    if (!result.output.empty()) {
        writer.begin_object().string("type", "logs").escaped("logs", {result.output});
        writer.end_object();
    }
    writer.end_array();
}

}  // namespace

// A search is whole with its call: its pages stand in the texts' annotations. A program's item
// holds what it printed.
void AnswerEncoder::hosted(const HostedRecord& step, std::string& out) {
    if (step.tool != HostedTool::code_execution) {
        if (step.step == HostedStep::call) hosted_item(step, step, out);
        return;
    }
    if (step.step == HostedStep::call) {
        programs_.push_back(step);
        return;
    }
    for (auto call = programs_.begin(); call != programs_.end(); ++call) {
        if (call->id != step.id) continue;
        hosted_item(*call, step, out);
        programs_.erase(call);
        return;
    }
}

void AnswerEncoder::hosted_item(const HostedRecord& call, const HostedRecord& result,
                                std::string& out) {
    const bool program = call.tool == HostedTool::code_execution;
    const auto place = static_cast<std::int64_t>(output_.size());
    std::string id = program ? "ci_" : "ws_";
    id += options_.request_id;
    id += '_';
    id += std::to_string(place);
    const auto write = [&](json::Writer& writer, std::string_view status) {
        writer.begin_object().string("id", id);
        if (program) {
            write_program(writer, call, result, status);
        } else {
            write_search(writer, call, status);
        }
        writer.end_object();
    };
    json::Writer whole(output_.emplace_back());
    write(whole, result.failed ? "failed" : "completed");
    if (frames_ == Frames::none) return;
    const auto frame = [&](std::string_view type, std::string_view status) {
        json::Writer writer = begin_frame(type, out);
        writer.integer("output_index", place).key("item");
        write(writer, status);
        end_frame(writer, out);
    };
    frame("response.output_item.added", "in_progress");
    std::string_view names = "web_search_call";
    if (program) names = "code_interpreter_call";
    for (std::string_view state : {"in_progress", program ? "interpreting" : "searching",
                                   "completed"}) {
        std::string type = "response.";
        type.append(names).append(".").append(state);
        json::Writer writer = begin_frame(type, out);
        writer.integer("output_index", place).string("item_id", id);
        end_frame(writer, out);
    }
    frame("response.output_item.done", result.failed ? "failed" : "completed");
}

void AnswerEncoder::annotate(Item& item, const HostedRecord& cited, std::string& out) {
    for (const domain::Source& page : cited.sources) {
        if (!item.begun) {
            begin(item, out);
            part_frame("added", item, out);
        }
        if (!item.annotations.empty()) item.annotations += ',';
        json::Writer list(item.annotations);
        write_annotation(list, page);
        const std::int64_t index = item.annotated++;
        if (frames_ == Frames::none) continue;
        json::Writer writer = begin_frame("response.output_text.annotation.added", out);
        writer.string("item_id", item.id);
        writer.integer("output_index", static_cast<std::int64_t>(item.place));
        writer.integer("content_index", 0).integer("annotation_index", index).key("annotation");
        write_annotation(writer, page);
        end_frame(writer, out);
    }
}

}  // namespace tollgate::dialect::openai_responses
