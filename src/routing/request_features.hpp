// What routing looks at in a request. The cheap part is known from the head and the key; what
// needs the body is asked for when a rule or the detection of tasks first wants it, so that a
// request that is relayed as it stands is never decoded for routing.
// Borrows everything; lives as long as the request. One thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/routing.hpp"

namespace tollgate::routing {

// What the body says. All texts are plain (unescaped).
struct BodyFeatures {
    std::int64_t input_tokens = 0;       // estimated
    std::int64_t output_tokens_max = 0;  // 0: the client named none
    bool thinking = false;       // asked for in any form
    bool deep_thinking = false;  // a budget of tokens, or effort above high: more than a default
    bool has_images = false;     // anywhere in the conversation
    bool has_tools = false;
    bool tool_loop = false;      // the last turn carries results of tools and no new words
    bool web_search = false;     // the request is there for a hosted search: no other tool is
                                 // offered, or the choice of tools names it
    // The last words of the user: the text parts of the last user message that has any, without
    // what the client put in itself (`<system-reminder>` and its kin, see without_reminders()).
    std::string_view last_user_text;
    std::string_view system_text;    // the system prompt, blocks joined by line breaks
    // What the client itself added at the end: reminders and system messages beside or after the
    // last words of the user.
    std::string_view reminder_text;
};

class BodySource {
public:
    virtual ~BodySource() = default;
    // Decodes at the first call; the same object ever after.
    virtual const BodyFeatures& body() const = 0;
};

struct RequestFeatures {
    std::string_view requested;  // the name the client asked for
    std::string_view name;       // what aliases made of it; the same where none applies
    std::string_view tenant, tenant_name, team, team_name, user, user_name;  // "" : none
    std::span<const std::string> tags;  // the key's and the request's
    // The value of a header by its lower-case name; nullopt: not there.
    std::function<std::optional<std::string_view>(std::string_view)> header;
    std::int64_t now = 0;                       // Unix seconds
    std::optional<double> budget_used_percent;  // of the tightest budget; nullopt: none holds
    domain::PowerLevel power_level = domain::PowerLevel::none;
    const BodySource* source = nullptr;         // null: a request without a body (tests, listings)

    const BodyFeatures& body() const;
    std::optional<std::string_view> header_value(std::string_view lower_case_name) const {
        return header ? header(lower_case_name) : std::nullopt;
    }
};

// A body whose features are known already.
class KnownBody final : public BodySource {
public:
    explicit KnownBody(const BodyFeatures& features) : features_(features) {}
    const BodyFeatures& body() const override { return features_; }

private:
    const BodyFeatures& features_;
};

// A text part parted into what the user wrote and what the client added to it.
struct UserText {
    std::string words, reminders;
};
// `<system-reminder>...</system-reminder>`, `<command-message>` and `<local-command-...>` are the
// client's, wherever they stand in the part; an unclosed one reaches to the end.
UserText without_reminders(std::string_view part);

}  // namespace tollgate::routing
