#include "providers/betas_body.hpp"

#include <algorithm>

#include "dialect/refused.hpp"

namespace tollgate::providers {
namespace {

bool contains(const std::vector<std::string>& names, json::Value key) {
    return std::ranges::any_of(names, [&](const std::string& name) { return key.equals(name); });
}

}  // namespace

json::Raw BodyCutter::field_value(std::string_view name) const {
    for (const auto& field : outline_.fields) {
        if (json::key_equals(field.key, name)) return field.value;
    }
    return {};
}

void BodyCutter::set_betas(std::vector<std::string> betas) {
    const bool configured =
        std::ranges::any_of(target_.extra_body,
                            [](const auto& field) { return field.first == "anthropic_beta"; });
    if (configured) return;
    set_betas_ = true;
    betas_ = std::move(betas);
}

// Removes the marked pieces, each with one comma.
void BodyCutter::cut(const std::vector<Piece>& pieces, std::vector<dialect::Splice>& splices) {
    bool kept_before = false;  // a piece that stays stands before: its comma goes along
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (!pieces[i].cut) {
            kept_before = true;
        } else if (kept_before) {
            splices.push_back({pieces[i - 1].end, pieces[i].end, ""});
        } else {
            const bool last = i + 1 == pieces.size();
            splices.push_back({pieces[i].begin, last ? pieces[i].end : pieces[i + 1].begin, ""});
        }
    }
}

// A cheap look that spares most bodies the parse; what it finds may also be text.
bool BodyCutter::mentions(json::Raw value, const std::vector<std::string>& names) {
    return std::ranges::any_of(names, [&](const std::string& name) {
        return value.find("\"" + name + "\"") != json::Raw::npos;
    });
}

// Cuts members of `object`, whose document begins at `base` in the body.
void BodyCutter::members(json::Value object, std::size_t base,
                         const std::vector<std::string>& names, std::string_view where,
                         Inner& inner) {
    std::vector<Piece> pieces;
    bool any = false;
    const auto range = object.members();
    for (auto it = range.begin(); !(it == range.end()); ++it) {
        const bool refused = contains(names, it.key());
        pieces.push_back({base + it.key().offset(), base + (*it).offset() + (*it).raw().size(),
                          refused});
        any = any || refused;
        if (refused) translation_.drop(std::string(where) + "." + it.key().text());
    }
    if (!any) return;
    if (std::ranges::all_of(pieces, &Piece::cut)) {
        inner.all_gone = true;
    } else {
        cut(pieces, inner.splices);
    }
}

// True for a tool that the target does not run; fails where it may not be left out.
base::Result<bool> BodyCutter::refused_tool(json::Value tool) {
    const std::string type = tool["type"].text();
    const bool refused = !type.empty() && std::ranges::any_of(
        rule_.tool_types, [&](const std::string& begin) { return type.starts_with(begin); });
    if (!refused) return false;
    TRY_VOID(dialect::cannot_carry(target_, translation_, type, "tools",
                                   "the hosted tool " + type + " is not offered there"));
    removed_tools_.push_back(tool["name"].text());
    return true;
}

base::Result<void> BodyCutter::tools(const json::TopField& field, Inner& inner) {
    const bool types = std::ranges::any_of(rule_.tool_types, [&](const std::string& begin) {
        return field.value.find("\"" + begin) != json::Raw::npos;
    });
    const bool marks = mentions(field.value, rule_.cache_fields);
    if (!types && !marks && !mentions(field.value, rule_.tool_fields)) return {};
    json::Document document;
    const auto value = document.parse(field.value);
    if (!value.ok()) return {};
    std::vector<Piece> pieces;
    for (const json::Value tool : value->elements()) {
        Piece piece{field.offset + tool.offset(), field.offset + tool.offset() + tool.raw().size(),
                    false};
        TRY(piece.cut, refused_tool(tool));
        pieces.push_back(piece);
        if (piece.cut) continue;
        Inner within;
        members(tool, field.offset, rule_.tool_fields, "tools", within);
        if (std::ranges::find(rule_.tool_fields, "custom") == rule_.tool_fields.end()) {
            members(tool["custom"], field.offset, rule_.tool_fields, "tools.custom", within);
        }
        if (marks) cache_marks(tool, field.offset, within);
        std::ranges::move(within.splices, std::back_inserter(inner.splices));
    }
    if (pieces.empty()) return {};
    inner.all_gone = no_tools_left_ = std::ranges::all_of(pieces, &Piece::cut);
    if (!inner.all_gone) cut(pieces, inner.splices);
    return {};
}

// Cleans each cache_control in a block, a list of blocks or a message.
void BodyCutter::cache_marks(json::Value value, std::size_t base, Inner& inner) {
    for (const json::Value each : value.elements()) cache_marks(each, base, inner);
    if (!value.is_object()) return;
    Inner within;
    members(value["cache_control"], base, rule_.cache_fields, "cache_control", within);
    std::ranges::move(within.splices, std::back_inserter(inner.splices));
    cache_marks(value["content"], base, inner);
}

base::Result<BodyCutter::Inner> BodyCutter::inside(const json::TopField& field) {
    Inner inner;
    const auto is = [&](std::string_view name) { return json::key_equals(field.key, name); };
    if (is("tools")) TRY_VOID(tools(field, inner));
    json::Document document;
    if (is("output_config") && mentions(field.value, rule_.output_fields)) {
        const auto value = document.parse(field.value);
        if (value.ok()) members(*value, field.offset, rule_.output_fields, "output_config", inner);
    }
    if ((is("system") || is("messages")) && mentions(field.value, rule_.cache_fields)) {
        const auto value = document.parse(field.value);
        if (value.ok()) cache_marks(*value, field.offset, inner);
    }
    if (is("cache_control") && mentions(field.value, rule_.cache_fields)) {
        const auto value = document.parse(field.value);
        if (value.ok()) members(*value, field.offset, rule_.cache_fields, "cache_control", inner);
    }
    return inner;
}

bool BodyCutter::loses_its_tool(json::Raw tool_choice) const {
    if (no_tools_left_) return true;
    if (removed_tools_.empty()) return false;
    json::Document document;
    const auto value = document.parse(tool_choice);
    if (!value.ok()) return false;
    const json::Value name = (*value)["name"];
    return name.is_string() && contains(removed_tools_, name);
}

// The body's own array gives way to ours; without betas it goes.
void BodyCutter::replace_betas(const json::TopField& field, Piece& piece) {
    betas_there_ = true;
    piece.cut = betas_.empty();
    std::string list = beta_list();
    if (!piece.cut && list != field.value) {
        inner_.push_back({piece.end - field.value.size(), piece.end, std::move(list)});
    }
}

std::string BodyCutter::beta_list() const {
    std::string list;
    json::Writer writer(list);
    writer.begin_array();
    for (const std::string& beta : betas_) writer.string(beta);
    writer.end_array();
    return list;
}

base::Result<BodyCutter::Piece> BodyCutter::top_field(const json::TopField& field) {
    const auto key = static_cast<std::size_t>(field.key.data() - body_.data()) - 1;
    Piece piece{key, field.offset + field.value.size(), false};
    for (const std::string& name : rule_.field_deny) {
        if (!json::key_equals(field.key, name)) continue;
        piece.cut = true;
        translation_.drop(name);
    }
    if (set_betas_ && json::key_equals(field.key, "anthropic_beta")) {
        replace_betas(field, piece);
    } else if (!piece.cut) {
        TRY(Inner within, inside(field));
        piece.cut = within.all_gone;
        if (!piece.cut) std::ranges::move(within.splices, std::back_inserter(inner_));
    }
    return piece;
}

base::Result<std::vector<dialect::Splice>> BodyCutter::run() {
    std::vector<Piece> pieces;
    for (const json::TopField& field : outline_.fields) {
        TRY(const Piece piece, top_field(field));
        pieces.push_back(piece);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const json::TopField& field = outline_.fields[i];
        if (json::key_equals(field.key, "tool_choice") && loses_its_tool(field.value)) {
            pieces[i].cut = true;
            translation_.drop("tool_choice");
        }
    }
    std::vector<dialect::Splice> splices = std::move(inner_);
    cut(pieces, splices);
    if (set_betas_ && !betas_there_ && !betas_.empty()) {
        // The opening bracket is replaced, not inserted after: a cut may begin there.
        const std::size_t open = body_.find('{');
        std::string text = "{\"anthropic_beta\":" + beta_list();
        if (!std::ranges::all_of(pieces, &Piece::cut)) text += ',';
        splices.push_back({open, open + 1, std::move(text)});
    }
    std::ranges::sort(splices, {}, &dialect::Splice::begin);
    return splices;
}

}  // namespace tollgate::providers
