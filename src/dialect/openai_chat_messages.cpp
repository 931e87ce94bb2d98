#include "dialect/openai_chat_messages.hpp"

#include <algorithm>
#include <span>

#include "dialect/call_input.hpp"
#include "dialect/openai_chat_details.hpp"
#include "dialect/openai_chat_parts.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::Message;
using domain::Part;
using domain::PartKind;
using domain::Role;

constexpr std::string_view system_open = "<system>\\n";
constexpr std::string_view system_close = "\\n</system>";
constexpr std::string_view error_prefix = "Error: ";
constexpr std::string_view bridge_answer = "OK.";  // between tool messages and a user message

class MessagesWriter {
public:
    MessagesWriter(json::Writer& writer, const domain::Request& request,
                   const domain::Deployment& target, const MessageOptions& options,
                   Translation& translation)
        : writer_(writer),
          request_(request),
          target_(target),
          options_(options),
          translation_(translation),
          content_(target, translation),
          merge_system_(target.provider.system_first_only || !target.model.mid_system) {}

    base::Result<void> write() {
        writer_.begin_array();
        TRY_VOID(leading_system());
        // What stands between two assistant messages belongs together: tool results go first,
        // whichever message they came in.
        std::span<const Message> rest(request_.messages);
        while (!rest.empty()) {
            if (rest.front().role == Role::assistant) {
                TRY_VOID(assistant(rest.front()));
                rest = rest.subspan(1);
                continue;
            }
            auto end = std::find_if(rest.begin(), rest.end(), [](const Message& message) {
                return message.role == Role::assistant;
            });
            std::size_t length = static_cast<std::size_t>(end - rest.begin());
            TRY_VOID(between(rest.first(length)));
            rest = rest.subspan(length);
        }
        answer_open_calls();
        writer_.end_array();
        return {};
    }

private:
    std::string_view system_role() const {
        using domain::SystemRole;
        SystemRole role = target_.provider.system_role;
        if (role == SystemRole::by_model) role = target_.model.system_role;
        return role == SystemRole::developer ? "developer" : "system";
    }

    using Texts = ContentWriter::Texts;

    // REQUIRES: there are pieces.
    void message(std::string_view role, std::string_view name, const std::vector<Piece>& pieces,
                 Texts texts) {
        writer_.begin_object().string("role", role);
        if (!name.empty()) writer_.string("name", name);
        writer_.key("content");
        content_.write(writer_, pieces, texts);
        writer_.end_object();
    }

    // All of the system in one message. As a string unless a mark has to stay on its block.
    base::Result<void> leading_system() {
        std::vector<Piece> pieces;
        for (const Part& part : request_.system) TRY_VOID(content_.add(part, pieces));
        if (!options_.extra_system.empty()) {
            pieces.push_back({nullptr, {options_.extra_system}, {}});
        }
        if (!pieces.empty()) message(system_role(), {}, pieces, Texts::joined);
        return {};
    }

    // --- assistant ---------------------------------------------------------------------------
    // Where the client put `turn`, for refusals.
    void enter(const Message& turn) {
        content_.at_message(static_cast<std::size_t>(&turn - request_.messages.data()));
    }

    base::Result<void> assistant(const Message& turn) {
        enter(turn);
        answer_open_calls();
        pieces_.clear();
        bool calls = false;
        for (const Part& part : turn.parts) {
            if (part.kind == PartKind::tool_call) calls = true;
            TRY_VOID(content_.add(part, pieces_));
        }
        writer_.begin_object().raw(R"("role":"assistant")");  // a member as a whole
        if (!turn.name.empty()) writer_.string("name", turn.name);
        reasoning(turn, calls);
        if (pieces_.empty() && calls) {
            writer_.raw(R"("content":null)");
        } else {
            writer_.key("content");
            assistant_content(pieces_);
        }
        if (calls) tool_calls(turn);
        writer_.end_object();
        return {};
    }

    // Assistant text is one string, in one piece as it was said; marks keep the list form.
    void assistant_content(const std::vector<Piece>& pieces) {
        bool list = std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) {
            return !piece.is_text() || !piece.cache_control.empty();
        });
        if (list) {
            content_.write(writer_, pieces);
            return;
        }
        if (pieces.size() == 1) {
            writer_.escaped(pieces.front().text);
            return;
        }
        writer_.string_in_place([&](std::string&) {
            for (const Piece& piece : pieces) writer_.put(piece.text.raw);
        });
    }

    void reasoning(const Message& turn, bool calls) {
        const std::string& field = target_.provider.reasoning_out;
        std::string thoughts;
        bool thought = false;
        ReasoningDetails details;
        for (const Part& part : turn.parts) {
            if (part.kind == PartKind::thinking) {
                thoughts += part.text.raw;
                details.add_carried(part, target_);
            }
            thought = thought || part.kind == PartKind::thinking ||
                      part.kind == PartKind::redacted_thinking;
        }
        if (!details.empty()) {
            writer_.key("reasoning_details").in_place([&](std::string& out) {
                details.write(out);
            });
            return;
        }
        if (!field.empty() && !thoughts.empty()) {
            plain_reasoning(field, thoughts);
            return;
        }
        if (thought) translation_.drop("thinking");
        using domain::ReasoningRequired;
        ReasoningRequired required = target_.provider.reasoning_required;
        bool needed = required == ReasoningRequired::always ||
                      (required == ReasoningRequired::tool_calls && calls);
        if (!field.empty() && needed && options_.thinking_on) writer_.string(field, " ");
    }

    void plain_reasoning(const std::string& field, std::string_view thoughts) {
        if (field != "reasoning_details") {
            writer_.escaped(field, {thoughts});
            return;
        }
        writer_.key(field).begin_array().begin_object().string("type", "reasoning.text");
        writer_.escaped("text", {thoughts}).end_object().end_array();
    }

    void tool_calls(const Message& turn) {
        writer_.key("tool_calls").begin_array();
        for (const Part& part : turn.parts) {
            if (part.kind != PartKind::tool_call) continue;
            writer_.in_place([&](std::string& out) {
                out += R"({"id":)";
                json::append_string(out, tool_id_for(target_.provider, part.id, made_));
                out += R"(,"type":"function","function":{"name":)";
                json::append_string(out, tool_name_for(target_, part.name, translation_, made_));
                out += R"(,"arguments":")";
                append_input_escaped(out, part);
                out += R"("}})";
            });
            open_calls_.push_back(&part);
        }
        writer_.end_array();
    }

    // --- user, tool and mid-conversation system ------------------------------------------------
    base::Result<void> between(std::span<const Message> turns) {
        std::vector<Piece>& media = pieces_;  // of tool results, shown after all of them
        media.clear();
        bool results = false;
        for (const Message& turn : turns) {
            enter(turn);
            for (const Part& part : turn.parts) {
                if (part.kind != PartKind::tool_result) continue;
                TRY_VOID(tool_result(part, media));
                results = true;
            }
        }
        answer_open_calls();
        std::vector<Piece>& pieces = media;
        after_tool_ = results;
        for (const Message& turn : turns) {
            enter(turn);
            if (turn.role == Role::system && !merge_system_) {
                flush({}, pieces);
                for (const Part& part : turn.parts) TRY_VOID(content_.add(part, pieces));
                if (!pieces.empty()) {
                    message(system_role(), turn.name, pieces, Texts::joined);
                }
                pieces.clear();
            } else if (turn.role == Role::system) {
                TRY_VOID(marked_system(turn, pieces));
            } else {
                std::size_t before = pieces.size();
                for (const Part& part : turn.parts) TRY_VOID(content_.add(part, pieces));
                bool only_results = !turn.parts.empty() && pieces.size() == before;
                if (merge_system_ || only_results) continue;
                flush(turn.name, pieces);
            }
        }
        flush({}, pieces);
        return {};
    }

    // A system message where the target takes it only at the start: marked text of the user turn.
    base::Result<void> marked_system(const Message& turn, std::vector<Piece>& pieces) {
        std::vector<Piece> inside;
        for (const Part& part : turn.parts) TRY_VOID(content_.add(part, inside));
        if (inside.empty()) return {};
        std::string text(system_open);
        for (const Piece& piece : inside) {
            if (text.size() > system_open.size()) text += "\\n\\n";
            text += piece.text.raw;
        }
        text += system_close;
        pieces.push_back({nullptr, content_.keep(text), {}});
        return {};
    }

    void flush(std::string_view name, std::vector<Piece>& pieces) {
        if (pieces.empty()) return;
        if (after_tool_ && !target_.provider.user_after_tool) {
            writer_.begin_object().string("role", "assistant").string("content", bridge_answer);
            writer_.end_object();
        }
        after_tool_ = false;
        message("user", name, pieces, Texts::apart);
        pieces.clear();
    }

    base::Result<void> tool_result(const Part& result, std::vector<Piece>& media) {
        std::vector<Piece>& pieces = result_pieces_;
        pieces.clear();
        const std::string_view tool = called_tool(result.id);
        for (const Part& part : result.content) {
            if (part.kind == PartKind::text) {
                TRY_VOID(content_.add(part, pieces));
                continue;
            }
            if (part.kind == PartKind::image && !content_.takes_images()) {
                // The model is told; a refusal here would end the session for good, because the
                // image stays in the conversation.
                translation_.drop("image in a tool result");
                pieces.push_back({nullptr, {"[an image was left out: this model takes none]"}, {}});
                continue;
            }
            std::vector<Piece> made;
            TRY_VOID(content_.add(part, made));
            for (Piece& piece : made) {
                if (piece.is_text()) {
                    pieces.push_back(std::move(piece));
                    continue;
                }
                if (announced_ != &result) media.push_back(announcement(result, tool));
                announced_ = &result;
                media.push_back(std::move(piece));
            }
        }
        std::string_view mark = content_.cache_mark(result.cache_control);
        write_tool_message(result, pieces, mark);
        std::erase_if(open_calls_, [&](const Part* call) { return call->id == result.id; });
        return {};
    }

    void write_tool_message(const Part& result, const std::vector<Piece>& pieces,
                            std::string_view mark) {
        auto text = [&](std::string& out) {
            if (result.is_error) out += error_prefix;
            for (std::size_t i = 0; i < pieces.size(); ++i) {
                if (i > 0) out += "\\n";
                writer_.put(pieces[i].text.raw);
            }
        };
        writer_.in_place([&](std::string& out) {
            out += R"({"role":"tool","tool_call_id":)";
            json::append_string(out, tool_id_for(target_.provider, result.id, made_));
            out += mark.empty() ? R"(,"content":")" : R"(,"content":[{"type":"text","text":")";
            text(out);
            if (mark.empty()) {
                out += R"("})";
                return;
            }
            out += R"(","cache_control":)";
            out += mark;
            out += "}]}";
        });
    }

    Piece announcement(const Part& result, std::string_view tool) {
        std::string plain = "From the result of tool call ";
        plain += tool_id_for(target_.provider, result.id);
        if (!tool.empty()) {
            plain += " (";
            plain += tool;
            plain += ')';
        }
        plain += ':';
        std::string escaped;
        json::append_escaped(escaped, plain);
        return {nullptr, content_.keep(escaped), {}};
    }

    std::string_view called_tool(std::string_view id) const {
        for (const Part* call : open_calls_) {
            if (call->id == id) return call->name;
        }
        return {};
    }

    // A call whose result never came (an interrupted turn) would be refused by every target.
    void answer_open_calls() {
        for (const Part* call : open_calls_) {
            writer_.begin_object().string("role", "tool");
            writer_.string("tool_call_id", tool_id_for(target_.provider, call->id));
            writer_.string("content", "Error: the call was interrupted and has no result.");
            writer_.end_object();
            translation_.warnings.push_back("tool call without a result: " + std::string(call->id));
        }
        open_calls_.clear();
    }

    json::Writer& writer_;
    const domain::Request& request_;
    const domain::Deployment& target_;
    const MessageOptions& options_;
    Translation& translation_;
    ContentWriter content_;
    const bool merge_system_;
    bool after_tool_ = false;
    const Part* announced_ = nullptr;
    std::vector<const Part*> open_calls_;
    // Of the turn and of the tool result that are being written; made once for all of them.
    std::vector<Piece> pieces_, result_pieces_;
    std::string made_;  // a name or an id in the target's spelling
};

}  // namespace

base::Result<void> write_messages(json::Writer& writer, const domain::Request& request,
                                  const domain::Deployment& target, const MessageOptions& options,
                                  Translation& translation) {
    return MessagesWriter(writer, request, target, options, translation).write();
}

}  // namespace tollgate::dialect::openai_chat
