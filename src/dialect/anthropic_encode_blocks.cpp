#include "dialect/anthropic_encode_blocks.hpp"

#include "dialect/hosted.hpp"
#include "dialect/refused.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::anthropic {

using base::Result;
using domain::MediaSource;
using domain::Part;
using domain::PartKind;

HostedSpelling hosted_spelling(const domain::Deployment& target, domain::HostedTool tool) {
    const domain::ProviderTraits& provider = target.provider;
    const bool vertex = provider.envelope == domain::Envelope::vertex;
    // Other servers of this protocol run no tools by themselves, and Vertex only the search.
    const bool own = provider.type == "anthropic" || provider.type == "azure_ai";
    switch (tool) {
        case domain::HostedTool::web_search:
            if (own || vertex) return {"web_search_20250305", "web_search"};
            break;
        case domain::HostedTool::web_fetch:
            if (own) return {"web_fetch_20250910", "web_fetch"};
            break;
        case domain::HostedTool::code_execution:
            if (own) return {"code_execution_20250825", "code_execution"};
            break;
        case domain::HostedTool::none:
        case domain::HostedTool::other: break;
    }
    return {};
}

void BlockWriter::mark(json::Raw cache_control) {
    if (!cache_control.empty()) writer_.raw("cache_control", cache_control);
}

void BlockWriter::text(json::Escaped text, json::Raw cache_control) {
    writer_.begin_object().string("type", "text").escaped("text", text);
    mark(cache_control);
    writer_.end_object();
}

void BlockWriter::system(const Part& part) {
    if (native_ && !part.verbatim.empty()) {
        writer_.raw(part.verbatim);
    } else if (!is_blank(part.text)) {
        text(part.text, part.cache_control);
    }
}

Result<void> BlockWriter::turn(const Turn& turn, bool last) {
    writer_.begin_object();
    writer_.string("role", turn.role == domain::Role::user        ? "user"
                           : turn.role == domain::Role::assistant ? "assistant"
                                                                  : "system");
    writer_.key("content").begin_array();
    for (const Item& each : turn.items) {
        const bool trim =
            last && turn.role == domain::Role::assistant && &each == &turn.items.back();
        TRY_VOID(item(each, trim));
    }
    writer_.end_array().end_object();
    return {};
}

Result<void> BlockWriter::item(const Item& item, bool trim) {
    if (item.part != nullptr) return part(*item.part, trim);
    text(json::Escaped{item.text}, {});
    return {};
}

Result<void> BlockWriter::part(const Part& part, bool trim) {
    // Text with a name is what a provider-run tool gave: a block of its own here.
    const bool speech = (part.kind == PartKind::text && part.name.empty()) ||
                        part.kind == PartKind::refusal;
    if (native_ && !part.verbatim.empty() && !(speech && trim)) {
        writer_.raw(part.verbatim);
        return {};
    }
    switch (part.kind) {
        case PartKind::text:
        case PartKind::refusal:
            text(trim ? without_trailing_space(part.text) : part.text, part.cache_control);
            return {};
        case PartKind::image:
        case PartKind::document: return media(part);
        case PartKind::tool_call: tool_call(part); return {};
        case PartKind::tool_result: return tool_result(part);
        case PartKind::thinking:
            writer_.begin_object().string("type", "thinking").escaped("thinking", part.text);
            writer_.escaped("signature", part.signature).end_object();
            return {};
        case PartKind::redacted_thinking:
            writer_.begin_object().string("type", "redacted_thinking");
            writer_.escaped("data", part.text).end_object();
            return {};
        case PartKind::audio:
            return cannot_carry(target_, translation_, "audio", "messages",
                                "Anthropic models take no audio");
        case PartKind::hosted:
            return cannot_carry(target_, translation_, part.name, "messages",
                                "blocks of another provider's own tools have no counterpart");
    }
    return {};
}

Result<void> BlockWriter::media(const Part& part) {
    const domain::Media& media = part.media;
    const std::string_view what = part.kind == PartKind::image ? "image" : "document";
    if (media.source == MediaSource::file_id) {
        return cannot_carry(target_, translation_, what, "messages",
                            "a file uploaded to another provider cannot be read there");
    }
    if (part.kind == PartKind::document) return document(part);
    writer_.begin_object().string("type", "image").key("source");
    source(media);
    mark(part.cache_control);
    writer_.end_object();
    return {};
}

Result<void> BlockWriter::document(const Part& part) {
    const domain::Media& media = part.media;
    if (media.source == MediaSource::base64 && media.media_type != "application/pdf") {
        return cannot_carry(target_, translation_, "document", "messages",
                            "Anthropic takes files as PDF or as text only");
    }
    writer_.begin_object().string("type", "document").key("source");
    if (media.source == MediaSource::content) {
        writer_.begin_object().string("type", "content").key("content").begin_array();
        for (const Part& inner : part.content) TRY_VOID(this->part(inner, false));
        writer_.end_array().end_object();
    } else {
        source(media);
    }
    const json::Escaped title = media.title.empty() ? media.filename : media.title;
    if (!title.empty()) writer_.escaped("title", title);
    if (!media.context.empty()) writer_.escaped("context", media.context);
    mark(part.cache_control);
    writer_.end_object();
    return {};
}

void BlockWriter::source(const domain::Media& media) {
    writer_.begin_object();
    if (media.source == MediaSource::url) {
        writer_.string("type", "url").escaped("url", media.data);
    } else if (media.source == MediaSource::text) {
        writer_.string("type", "text").string("media_type", "text/plain");
        writer_.escaped("data", media.data);
    } else {
        writer_.string("type", "base64").string("media_type", media.media_type);
        writer_.escaped("data", media.data);
    }
    writer_.end_object();
}

void BlockWriter::tool_call(const Part& part) {
    writer_.begin_object().string("type", "tool_use");
    writer_.string("id", tool_id_for(target_.provider, part.id));
    writer_.string("name", tool_name_for(target_, part.name, translation_)).key("input");
    if (part.input.empty()) {
        writer_.begin_object().end_object();
    } else if (part.input.front() == '{') {
        writer_.raw(part.input);
    } else {
        // Anthropic takes objects only; whatever a model once made of its arguments is kept.
        writer_.begin_object().raw("arguments", part.input).end_object();
    }
    mark(part.cache_control);
    writer_.end_object();
}

Result<void> BlockWriter::tool_result(const Part& part) {
    writer_.begin_object().string("type", "tool_result");
    writer_.string("tool_use_id", tool_id_for(target_.provider, part.id)).key("content");
    const auto& content = part.content;
    if (content.empty()) {
        writer_.string(std::string_view());
    } else if (content.size() == 1 && content.front().kind == PartKind::text &&
               content.front().cache_control.empty()) {
        writer_.escaped(content.front().text);
    } else {
        writer_.begin_array();
        for (const Part& inner : content) {
            if (inner.kind == PartKind::text && is_blank(inner.text)) continue;
            TRY_VOID(this->part(inner, false));
        }
        writer_.end_array();
    }
    if (part.is_error) writer_.boolean("is_error", true);
    mark(part.cache_control);
    writer_.end_object();
    return {};
}

Result<void> BlockWriter::hosted_tool(const domain::Tool& tool, std::size_t index) {
    const std::string field = "tools." + std::to_string(index);
    const HostedSpelling spelling = hosted_spelling(target_, tool.hosted);
    if (spelling.type.empty()) {
        return cannot_carry_tool(target_, translation_, tool, tool.hosted_kind, field,
                                 "this provider-run tool has no counterpart");
    }
    SearchWords words{.uses_max = true, .allowed_domains = true, .blocked_domains = true,
                      .user_location = true};
    const domain::SearchOptions& search = tool.search;
    // One of the two lists is taken.
    if (!search.allowed_domains.empty()) words.blocked_domains = false;
    note_options(tool, words, translation_);
    writer_.begin_object().string("type", spelling.type).string("name", spelling.name);
    if (!search.uses_max.empty()) writer_.raw("max_uses", search.uses_max);
    if (!search.allowed_domains.empty()) {
        writer_.raw("allowed_domains", search.allowed_domains);
    } else if (!search.blocked_domains.empty()) {
        writer_.raw("blocked_domains", search.blocked_domains);
    }
    if (!search.user_location.empty()) writer_.raw("user_location", search.user_location);
    writer_.end_object();
    return {};
}

Result<void> BlockWriter::tool(const domain::Tool& tool, std::size_t index) {
    if (native_) {
        writer_.raw(tool.verbatim);
        return {};
    }
    if (!tool.hosted_kind.empty()) return hosted_tool(tool, index);
    writer_.begin_object().string("name", tool_name_for(target_, tool.name, translation_));
    if (!tool.description.empty()) writer_.escaped("description", tool.description);
    writer_.key("input_schema");
    if (tool.schema.empty()) {
        writer_.raw(R"({"type":"object","properties":{}})");
    } else {
        writer_.raw(tool.schema);
    }
    if (tool.strict.value_or(false)) writer_.boolean("strict", true);
    mark(tool.cache_control);
    writer_.end_object();
    return {};
}

}  // namespace tollgate::dialect::anthropic
