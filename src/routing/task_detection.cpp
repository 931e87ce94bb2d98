#include "routing/task_detection.hpp"

#include "routing/aliases.hpp"

namespace tollgate::routing {
namespace {

// Of each text, from its beginning: what clients write themselves begins with their words.
constexpr std::size_t mark_bytes_max = 16 * 1024, mark_user_bytes_max = 2 * 1024;

std::string_view text_of(const BodyFeatures& body, domain::TaskMark::Where where) {
    switch (where) {
        case domain::TaskMark::Where::system: return body.system_text.substr(0, mark_bytes_max);
        case domain::TaskMark::Where::user:
            return body.last_user_text.substr(0, mark_user_bytes_max);
        case domain::TaskMark::Where::reminder: return body.reminder_text;
    }
    return {};
}

bool stands_in(const domain::TaskMark& mark, std::string_view text) {
    std::size_t at = text.find(mark.contains);
    if (at == std::string_view::npos) return false;
    if (mark.unless.empty()) return true;
    // Behind the last time that it stands there.
    for (std::size_t next = at; next != std::string_view::npos;
         next = text.find(mark.contains, next + 1)) {
        at = next;
    }
    return text.find(mark.unless, at) == std::string_view::npos;
}

// Claude Code asks the small model, without tools, for titles, summaries and guesses; its
// sub-agents may run on the small model too, but do real work.
bool background_call(const RequestFeatures& features, const BodyFeatures& body) {
    const auto app = features.header_value("x-app");
    if (!app || !app->starts_with("cli")) return false;
    if (*app == "cli-bg") return true;
    if (features.header_value("x-claude-code-agent-id")) return false;
    return !body.has_tools && claude_tier(features.requested) == "haiku";
}

TaskVerdict decided(std::string_view task, std::string evidence) {
    TaskVerdict verdict;
    verdict.task = task;
    verdict.evidence = std::move(evidence);
    return verdict;
}

}  // namespace

TaskDetector::TaskDetector(domain::TaskData data) : data_(std::move(data)), classifier_(data_) {}

const domain::TaskKind* TaskDetector::marked(const RequestFeatures& features,
                                             std::string& evidence) const {
    const BodyFeatures& body = features.body();
    for (const domain::TaskMark& mark : data_.marks) {
        if (!stands_in(mark, text_of(body, mark.where))) continue;
        evidence = "mark: " + mark.name;
        return data_.find(mark.task);
    }
    return nullptr;
}

TaskVerdict TaskDetector::detect(const RequestFeatures& features) const {
    const BodyFeatures& body = features.body();
    std::string evidence;
    TaskVerdict verdict;
    if (body.web_search) {
        verdict = decided("web_search", "a hosted search is all that is asked for");
    } else if (const domain::TaskKind* kind = marked(features, evidence)) {
        verdict = decided(kind->name, std::move(evidence));
    } else if (background_call(features, body)) {
        verdict = decided("background", "the small model without tools");
    } else if (body.has_images) {
        verdict = decided("vision", "images");
    } else if (body.input_tokens >= data_.long_context_tokens) {
        verdict = decided("long_context", "tokens: " + std::to_string(body.input_tokens));
    } else if (body.tool_loop) {
        verdict = decided("tool_loop", "results of tools");
    }
    const bool by_words = verdict.evidence.empty();
    if (!by_words && !body.tool_loop) {
        verdict.words_task = verdict.task;
        return verdict;
    }
    const WordsVerdict words = classifier_.classify(body.last_user_text, body.deep_thinking);
    verdict.words_confidence = words.confidence;
    if (!words.task.empty()) verdict.words_task = words.task;
    if (by_words) {
        verdict.task = verdict.words_task;
        verdict.confidence = words.confidence;
        verdict.evidence = "words: " + (words.evidence.empty() ? "none known" : words.evidence);
        if (words.task.empty() && words.best != "general" && !words.best.empty()) {
            verdict.evidence += " (too few for " + std::string(words.best) + ")";
        }
    }
    return verdict;
}

}  // namespace tollgate::routing
