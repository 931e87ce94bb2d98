#include "dialect/anthropic.hpp"
#include "dialect/bedrock_converse.hpp"
#include "dialect/dialect.hpp"
#include "dialect/gemini.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/openai_responses_answer.hpp"

namespace tollgate::dialect {
namespace {

using domain::Protocol;

// The field that an answer of the protocol must have.
std::string_view content_field(Protocol protocol) {
    switch (protocol) {
        case Protocol::anthropic: return "content";
        case Protocol::openai_responses: case Protocol::bedrock_converse: return "output";
        case Protocol::gemini: return "candidates";
        default: return "choices";
    }
}

std::string_view usage_field(Protocol protocol) {
    return protocol == Protocol::gemini ? "usageMetadata" : "usage";
}

std::string_view model_field(Protocol protocol) {
    return protocol == Protocol::gemini ? "modelVersion" : "model";
}

domain::Usage read_usage(Protocol protocol, json::Value usage) {
    switch (protocol) {
        case Protocol::anthropic: return anthropic::read_usage(usage);
        case Protocol::openai_responses: return responses_usage(usage);
        case Protocol::gemini: return gemini::read_usage(usage);
        case Protocol::bedrock_converse: return converse::read_usage(usage);
        default: return openai_chat::read_usage(usage);
    }
}

// What the members of an answer say, one after the other.
class Reading {
public:
    explicit Reading(Protocol protocol)
        : protocol_(protocol), model_(model_field(protocol)), usage_(usage_field(protocol)),
          content_(content_field(protocol)) {
        for (const std::string_view name : {model_, usage_, content_, error_field}) {
            sizes_ |= std::uint32_t{1} << name.size();
        }
    }

    enum class Member { other, model, usage, content, error };
    // The key is unescaped. Most are told by their length.
    [[gnu::always_inline]] Member member(std::string_view key) const {
        const bool known_size = key.size() < 32 && (sizes_ >> key.size() & 1) != 0;
        return known_size ? named(key) : Member::other;
    }
    // `usage` gives the value as a tree.
    template <typename Usage>
    void take(Member member, json::Raw value, std::size_t offset, Usage&& usage) {
        if (member == Member::model) {
            ++models_;
            outline_.model_begin = offset;
            outline_.model_end = offset + value.size();
        } else if (member == Member::usage) {
            outline_.usage = read_usage(protocol_, usage());
        } else if (member == Member::content) {
            answers_ = value != "null";  // MiniMax refuses so, under a 200
        } else if (value != "null") {
            failed_ = true;
        }
    }
    int models() const { return models_; }
    base::Result<AnswerOutline> outline() const {
        if (answers_ && !failed_) return outline_;
        return base::Error{base::ErrorCode::provider, "no answer of this protocol"};
    }

private:
    [[gnu::noinline]] Member named(std::string_view key) const {
        if (key == model_) return Member::model;
        if (key == usage_) return Member::usage;
        if (key == content_) return Member::content;
        return key == error_field ? Member::error : Member::other;
    }

    static constexpr std::string_view error_field = "error";
    const Protocol protocol_;
    const std::string_view model_, usage_, content_;
    std::uint32_t sizes_ = 0;  // a bit for each length that one of the names has
    AnswerOutline outline_;
    int models_ = 0;
    bool answers_ = false, failed_ = false;
};

// An answer that is no JSON inside passes as it is, if that can be told of its outside.
base::Result<AnswerOutline> outline_outside(Protocol protocol, std::string_view body) {
    std::vector<json::TopField> fields;
    TRY_VOID(json::scan_top_level(body, fields));
    Reading reading(protocol);
    json::Document document;
    base::Result<void> sound;
    std::string key;
    for (const json::TopField& field : fields) {
        key.clear();
        json::append_unescaped(key, {field.key});
        const Reading::Member member = reading.member(key);
        if (member == Reading::Member::other) continue;
        reading.take(member, field.value, field.offset, [&] {
            auto usage = document.parse(field.value);
            if (usage.ok()) return *usage;
            sound = std::move(usage).error();
            return json::Value();
        });
    }
    TRY_VOID(std::move(sound));
    return reading.outline();
}

}  // namespace

base::Result<AnswerOutline> outline_answer(domain::Protocol protocol, std::string_view body) {
    json::Document document;
    const auto root = document.parse(body);
    if (!root.ok() || !root->is_object()) return outline_outside(protocol, body);
    Reading reading(protocol);
    base::Arena spelled;  // of keys with escapes
    const json::Value::Range members = root->members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        const json::Value key = at.key(), value = *at;
        const Reading::Member member =
            reading.member(key.may_have_escapes() ? key.text(spelled) : key.escaped().raw);
        if (member == Reading::Member::other) continue;
        reading.take(member, value.raw(), value.offset(), [&] { return value; });
    }
    // Named twice: whoever reads it may take either.
    if (reading.models() > 1) return outline_outside(protocol, body);
    return reading.outline();
}

}  // namespace tollgate::dialect
