#include "gateway/request_body.hpp"

#include <algorithm>

namespace tollgate::gateway {
namespace {

using domain::PartKind;

// A default budget of thinking is no statement about the task; more than this is.
constexpr std::int64_t deep_thinking_tokens = 16'000;

std::string plain(json::Escaped text) {
    std::string out;
    json::append_unescaped(out, text);
    return out;
}

void append_line(std::string& out, std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += '\n';
    out += text;
}

bool has_image(const std::vector<domain::Part>& parts) {
    return std::any_of(parts.begin(), parts.end(), [](const domain::Part& part) {
        return part.kind == PartKind::image ||
               (part.kind == PartKind::tool_result && has_image(part.content));
    });
}

// The words of one message; what the client added goes to `reminders`.
std::string words_of(const domain::Message& message, std::string& reminders) {
    std::string words;
    for (const domain::Part& part : message.parts) {
        if (part.kind != PartKind::text) continue;
        const routing::UserText parted = routing::without_reminders(plain(part.text));
        append_line(words, parted.words);
        append_line(reminders, parted.reminders);
    }
    return words;
}

// From the end to the last words of the user; what is passed on the way are the client's own, kept
// in the order of the conversation, since "plan mode is over" stands behind "plan mode is on".
void read_end(const domain::Request& request, BodyTexts& texts) {
    for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
        if (message->role == domain::Role::assistant) continue;
        std::string reminders;
        if (message->role == domain::Role::system) {
            for (const domain::Part& part : message->parts) {
                if (part.kind == PartKind::text) append_line(reminders, plain(part.text));
            }
        } else {
            texts.words = words_of(*message, reminders);
        }
        append_line(reminders, texts.reminders);
        texts.reminders = std::move(reminders);
        if (!texts.words.empty()) return;
    }
}

bool ends_with_results(const domain::Request& request) {
    for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
        if (message->role == domain::Role::system) continue;
        if (message->role != domain::Role::user) return false;
        bool results = false;
        std::string ignored;
        for (const domain::Part& part : message->parts) {
            results = results || part.kind == PartKind::tool_result;
        }
        return results && words_of(*message, ignored).empty();
    }
    return false;
}

bool wants_web_search(const domain::Request& request) {
    const auto searches = [](const domain::Tool& tool) {
        return tool.hosted == domain::HostedTool::web_search;
    };
    const bool any = std::any_of(request.tools.begin(), request.tools.end(), searches);
    if (!any) return false;
    if (std::all_of(request.tools.begin(), request.tools.end(), searches)) return true;
    if (request.tool_choice.kind != domain::ToolChoiceKind::named) return false;
    return std::any_of(request.tools.begin(), request.tools.end(), [&](const domain::Tool& tool) {
        return searches(tool) && tool.name == request.tool_choice.name;
    });
}

}  // namespace

routing::BodyFeatures features_of(const domain::Request& request, std::int64_t input_tokens,
                                  BodyTexts& texts) {
    routing::BodyFeatures features;
    features.input_tokens = input_tokens;
    features.output_tokens_max = request.max_output_tokens.value_or(0);
    const domain::Thinking& thinking = request.thinking;
    features.thinking = thinking.mode == domain::ThinkingMode::budget ||
                        thinking.mode == domain::ThinkingMode::adaptive;
    features.deep_thinking = thinking.budget_tokens > deep_thinking_tokens ||
                             thinking.effort == "xhigh" || thinking.effort == "max";
    features.has_images =
        std::any_of(request.messages.begin(), request.messages.end(),
                    [](const domain::Message& message) { return has_image(message.parts); });
    features.has_tools = !request.tools.empty();
    features.tool_loop = ends_with_results(request);
    features.web_search = wants_web_search(request);
    for (const domain::Part& part : request.system) {
        if (part.kind == PartKind::text) append_line(texts.system, plain(part.text));
    }
    read_end(request, texts);
    features.last_user_text = texts.words;
    features.system_text = texts.system;
    features.reminder_text = texts.reminders;
    return features;
}

const routing::BodyFeatures& RequestBody::body() const {
    if (features_) return *features_;
    auto request = generation_.request();
    if (request.ok()) {
        features_ = features_of(**request, generation_.input_estimate(), texts_);
    } else {
        features_.emplace();
        features_->input_tokens = generation_.input_estimate();
        features_->output_tokens_max = generation_.outline.max_tokens;
    }
    return *features_;
}

const routing::BodyFeatures& EmbeddingsBody::body() const {
    if (!features_) features_.emplace().input_tokens = generation_.input_estimate();
    return *features_;
}

}  // namespace tollgate::gateway
