// The splices that make a body fit a target of its own protocol; all other bytes stay as they are.
#include <algorithm>

#include "dialect/hosted.hpp"
#include "dialect/relay_fields.hpp"

namespace tollgate::dialect {
namespace {

using domain::Envelope;
using domain::Protocol;

class Splicer {
public:
    Splicer(Protocol protocol, std::string_view body, const Outline& outline,
            const domain::Deployment& target, Translation& translation,
            const json::Document* parsed)
        : protocol_(protocol),
          body_(body),
          outline_(outline),
          target_(target),
          translation_(translation),
          parsed_(parsed) {}

    base::Result<std::vector<Splice>> run() {
        if (protocol_ == Protocol::anthropic && target_.provider.envelope != Envelope::none) {
            TRY_VOID(envelope());
        } else if (by_path()) {
            // The gateway has put them into the body, the path says them again.
            const std::string_view needed =
                protocol_ == Protocol::gemini ? "contents" : "messages";
            if (find_field(outline_.fields, needed) == nullptr) {
                return base::invalid(std::string(needed) + ": is required: a list",
                                     std::string(needed));
            }
            cut("model");
            cut("stream");
        } else {
            model();
        }
        cut("power_level");  // ours, and read already
        if (protocol_ == Protocol::anthropic) TRY_VOID(thinking());
        if (protocol_ == Protocol::openai_chat) TRY_VOID(stream_usage());
        if (protocol_ == Protocol::openai_responses) TRY_VOID(reasoning());
        max_tokens();
        configured();
        cut_fields();
        insert();
        if (splices_.size() > 1) sort();
        return std::move(splices_);
    }

private:
    // Protocols whose requests name the model and the stream in their path.
    bool by_path() const {
        return protocol_ == Protocol::gemini || protocol_ == Protocol::bedrock_converse;
    }

    // At equal places what is inserted comes before what is cut there.
    void sort() {
        std::sort(splices_.begin(), splices_.end(), [](const Splice& a, const Splice& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
        });
    }

    bool configured_always(std::string_view name) const {
        if (target_.extra_body.empty()) return false;
        return std::any_of(target_.extra_body.begin(), target_.extra_body.end(),
                           [&](const auto& field) { return field.first == name; });
    }

    void replace(const json::TopField& field, std::string text) {
        if (field.value != text) {
            splices_.push_back({field.offset, field.offset + field.value.size(), std::move(text)});
        }
    }

    void add(std::string_view name, std::string_view value) {
        if (std::find(added_.begin(), added_.end(), name) != added_.end()) return;
        added_.push_back(name);
        json::append_string(inserted_ += ',', name);
        inserted_ += ':';
        inserted_ += value;
    }

    void cut(std::string_view name) {
        if (find_field(outline_.fields, name) != nullptr && !configured_always(name)) {
            cut_names_.push_back(name);
        }
    }

    void model() {
        if (configured_always("model")) return;
        std::string name = quoted(target_.model_name);
        if (body_.substr(outline_.model_begin, outline_.model_end - outline_.model_begin) != name) {
            splices_.push_back({outline_.model_begin, outline_.model_end, std::move(name)});
        }
    }

    // A short name stays in the string itself, which append_string() would not let it.
    static std::string quoted(const std::string& name) {
        std::string out;
        if (!json::needs_no_escape(name)) {
            json::append_string(out, name);
            return out;
        }
        out.reserve(name.size() + 2);
        out += '"';
        out += name;
        out += '"';
        return out;
    }

    // Model and stream stand in the path there, the version in the body.
    base::Result<void> envelope() {
        if (find_field(outline_.fields, "messages") == nullptr) {
            return base::Error{base::ErrorCode::invalid_request, "messages: Field required",
                               "messages"};
        }
        cut("model");
        cut("stream");
        if (find_field(outline_.fields, "anthropic_version") == nullptr) {
            add("anthropic_version", envelope_version(target_.provider.envelope));
        }
        return {};
    }

    base::Result<void> thinking() {
        const json::TopField* messages = find_field(outline_.fields, "messages");
        if (messages == nullptr) return {};
        std::vector<Splice> told;
        ThinkingCuts cuts;
        if (parsed_ != nullptr) {
            const json::Value tree = parsed_->root()["messages"];
            if (!may_hold_own_blocks(tree)) return {};
            told = tell_own_hosted(tree, 0);
            cuts = cut_foreign_thinking(tree, 0);
        } else {
            TRY(told, tell_own_hosted(*messages));
            TRY(cuts, cut_foreign_thinking(*messages));
        }
        std::move(told.begin(), told.end(), std::back_inserter(splices_));
        if (!cuts.any) return {};
        translation_.drop("thinking");
        std::move(cuts.splices.begin(), cuts.splices.end(), std::back_inserter(splices_));
        if (!cuts.loop_lost_its_start) return {};
        const json::TopField* field = find_field(outline_.fields, "thinking");
        if (field == nullptr) return {};
        json::Document document;
        const auto parsed = document.parse(field->value);
        if (!parsed.ok()) return parsed.error();
        if (!(*parsed)["type"].equals("enabled")) return {};  // adaptive needs no thinking first
        cut("thinking");
        // Its edit of thinking blocks is refused while thinking is off.
        const json::TopField* context = find_field(outline_.fields, "context_management");
        if (context != nullptr && context->value.find("clear_thinking") != std::string_view::npos) {
            translation_.drop("context_management");
            cut("context_management");
        }
        return {};
    }

    base::Result<void> reasoning() {
        const json::TopField* input = find_field(outline_.fields, "input");
        if (input == nullptr) return {};
        std::vector<Splice> cuts;
        if (parsed_ != nullptr) {
            cuts = cut_foreign_reasoning(parsed_->root()["input"], 0);
        } else {
            TRY(cuts, cut_foreign_reasoning(*input));
        }
        if (!cuts.empty()) translation_.drop("reasoning");
        std::move(cuts.begin(), cuts.end(), std::back_inserter(splices_));
        return {};
    }

    base::Result<void> stream_usage() {
        const bool wanted = outline_.stream && !outline_.include_usage &&
                            target_.provider.stream_usage == domain::StreamUsage::option;
        if (!wanted || configured_always("stream_options")) return {};
        const json::TopField* field = find_field(outline_.fields, "stream_options");
        if (field == nullptr) {
            add("stream_options", R"({"include_usage":true})");
            return {};
        }
        json::Document document;
        const auto parsed = document.parse(field->value);
        if (!parsed.ok()) return parsed.error();
        const json::Value given = (*parsed)["include_usage"];
        if (given.exists()) {
            const std::size_t begin = field->offset + given.offset();
            splices_.push_back({begin, begin + given.raw().size(), "true"});
        } else if (parsed->size() != 0) {
            splices_.push_back({field->offset + 1, field->offset + 1, R"("include_usage":true,)"});
        } else {
            replace(*field, R"({"include_usage":true})");
        }
        return {};
    }

    void max_tokens() {
        if (by_path()) return;  // it stands deeper
        const auto cap = target_.output_tokens_cap;
        bool given = false;
        for (const json::TopField* field : max_tokens_fields(protocol_, outline_.fields)) {
            if (field == nullptr) continue;
            given = true;
            if (!cap || configured_always(field->key)) continue;
            const std::int64_t asked = json::whole_number(field->value).value_or(0);
            if (asked > *cap) replace(*field, std::to_string(*cap));
        }
        if (given) return;
        const std::string_view name = max_tokens_name(protocol_, target_);
        const json::TopField* field = find_field(outline_.fields, name);
        if (!target_.default_max_tokens || configured_always(name)) return;
        const std::int64_t tokens =
            cap ? std::min(*cap, *target_.default_max_tokens) : *target_.default_max_tokens;
        if (field != nullptr) {  // null
            replace(*field, std::to_string(tokens));
        } else {
            add(name, std::to_string(tokens));
        }
    }

    void configured() {
        for (const auto& [name, value] : target_.extra_body) {
            const json::TopField* field = find_field(outline_.fields, name);
            if (field != nullptr) {
                replace(*field, value);
            } else {
                add(name, value);
            }
        }
        for (const auto& [name, value] : target_.default_body) {
            if (!configured_always(name) && find_field(outline_.fields, name) == nullptr) {
                add(name, value);
            }
        }
    }

    // The members of the top-level object, key and value.
    std::vector<Element> members() const {
        std::vector<Element> members;
        for (const json::TopField& field : outline_.fields) {
            Element member;
            member.begin = static_cast<std::size_t>(field.key.data() - body_.data()) - 1;
            member.end = field.offset + field.value.size();
            member.cut = std::any_of(cut_names_.begin(), cut_names_.end(),
                                     [&](auto name) { return json::key_equals(field.key, name); });
            members.push_back(member);
        }
        return members;
    }

    void cut_fields() {
        if (!cut_names_.empty()) cut_elements(members(), splices_);
    }

    // New members stand behind the last one that stays: the model, at least, does.
    void insert() {
        if (inserted_.empty()) return;
        const std::vector<Element> all = members();
        const auto last = std::find_if(all.rbegin(), all.rend(),
                                       [](const Element& member) { return !member.cut; });
        splices_.push_back({last->end, last->end, std::move(inserted_)});
    }

    const Protocol protocol_;
    const std::string_view body_;
    const Outline& outline_;
    const domain::Deployment& target_;
    Translation& translation_;
    const json::Document* const parsed_;  // of body_, or null
    std::vector<Splice> splices_;
    std::vector<std::string_view> cut_names_;
    std::vector<std::string_view> added_;  // names in inserted_
    std::string inserted_;
};

}  // namespace

std::string_view max_tokens_name(Protocol protocol, const domain::Deployment& target) {
    using domain::MaxTokensField;
    if (protocol == Protocol::openai_responses) return "max_output_tokens";
    MaxTokensField name = target.provider.max_tokens_field;
    if (name == MaxTokensField::by_model) name = target.model.max_tokens_field;
    const bool newer =
        protocol == Protocol::openai_chat && name == MaxTokensField::max_completion_tokens;
    return newer ? "max_completion_tokens" : "max_tokens";
}

base::Result<std::vector<Splice>> relay_splices(Protocol protocol, std::string_view body,
                                                const Outline& outline,
                                                const domain::Deployment& target,
                                                Translation& translation,
                                                const json::Document* parsed) {
    return Splicer(protocol, body, outline, target, translation, parsed).run();
}

}  // namespace tollgate::dialect
