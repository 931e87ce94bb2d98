#include "providers/echo_plan.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tollgate::providers {
namespace {

using domain::PartKind;
using domain::Role;

constexpr std::size_t title_words = 6;
constexpr std::int64_t bytes_per_token = 4;
constexpr std::string_view white = " \t\r\n";

std::string plain(json::Escaped text) {
    std::string out;
    json::append_unescaped(out, text);
    return out;
}

const domain::Message* last_user_message(const domain::Request& request) {
    for (auto i = request.messages.size(); i-- > 0;) {
        if (request.messages[i].role == Role::user) return &request.messages[i];
    }
    return nullptr;
}

// The text somebody typed: clients put notes of their own in tags before or after it.
std::string typed_text(const domain::Message& message) {
    std::string any;
    for (auto i = message.parts.size(); i-- > 0;) {
        const auto& part = message.parts[i];
        if (part.kind != PartKind::text || part.text.empty()) continue;
        std::string text = plain(part.text);
        if (!text.starts_with("<system-reminder>")) return text;
        if (any.empty()) any = std::move(text);
    }
    return any;
}

void append_content(const std::vector<domain::Part>& parts, std::string& out) {
    for (const auto& part : parts) {
        if (!out.empty()) out += '\n';
        if (part.kind == PartKind::text) json::append_unescaped(out, part.text);
        else if (part.kind == PartKind::image) out += "[image]";
        else if (part.kind == PartKind::document) out += "[document]";
    }
}

// What the tools said, when the conversation stands at their results.
std::optional<std::string> tool_results(const domain::Message& message) {
    std::string all;
    bool found = false;
    for (const auto& part : message.parts) {
        if (part.kind != PartKind::tool_result) continue;
        std::string text;
        append_content(part.content, text);
        if (part.is_error) text.insert(0, "Error: ");
        if (found) all += '\n';
        all += text.empty() ? "(the tool returned nothing)" : text;
        found = true;
    }
    return found ? std::optional(all) : std::nullopt;
}

std::vector<std::string> split_words(std::string_view text, std::size_t most) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (at < text.size() && words.size() < most) {
        auto end = text.find_first_of(white, at == 0 ? text.find_first_not_of(white) : at);
        auto next = text.find_first_not_of(white, std::min(end, text.size()));
        if (next == std::string_view::npos) next = text.size();
        words.emplace_back(text.substr(at, next - at));
        at = next;
    }
    if (at < text.size()) words.emplace_back("...");
    return words;
}

std::optional<std::int64_t> number_in(std::string_view text) {
    auto digit = text.find_first_of("0123456789");
    if (digit == std::string_view::npos) return std::nullopt;
    std::int64_t value = 0;
    auto from = text.data() + digit;
    if (std::from_chars(from, text.data() + text.size(), value).ec != std::errc()) {
        return std::nullopt;
    }
    return value;
}

std::chrono::milliseconds delay_in(std::string_view text) {
    auto value = std::clamp<std::int64_t>(number_in(text).value_or(0), 0, echo_delay_max.count());
    bool seconds = text.find("ms") == std::string_view::npos &&
                   text.find('s') != std::string_view::npos;
    return std::min(std::chrono::milliseconds(seconds ? value * 1'000 : value), echo_delay_max);
}

// One "echo: ..." order. False when it is none that we know.
bool obey(std::string_view order, EchoPlan& plan, std::int64_t& words_asked) {
    auto number = number_in(order);
    if (order.starts_with("delay ") && number) {
        plan.delay = delay_in(order.substr(6));
    } else if (order.starts_with("slow ") && number) {
        auto per = order.find(" per ");
        plan.word_delay = delay_in(order.substr(5, per == order.npos ? per : per - 5));
    } else if (order.starts_with("words ") && number) {
        words_asked = std::clamp<std::int64_t>(*number, 1, echo_words_asked_max);
    } else if (order.starts_with("fail mid-stream")) {
        plan.mid_stream = EchoBreak::error_event;
    } else if (order.starts_with("cut mid-stream")) {
        plan.mid_stream = EchoBreak::cut;
    } else if (order.starts_with("fail ") && number && *number >= 400 && *number <= 599) {
        plan.status = static_cast<int>(*number);
    } else {
        return false;
    }
    return true;
}

// Obeys all orders in `text` and returns what is left of it.
std::string take_orders(std::string_view text, EchoPlan& plan, std::int64_t& words_asked) {
    constexpr std::string_view mark = "echo:";
    std::string rest;
    while (true) {
        auto at = text.find(mark);
        if (at == std::string_view::npos) break;
        auto begin = std::min(text.find_first_not_of(' ', at + mark.size()), text.size());
        auto end = std::min(text.find_first_of("\r\n;,", begin), text.size());
        bool known = obey(text.substr(begin, end - begin), plan, words_asked);
        rest += text.substr(0, known ? at : end);
        if (known && end < text.size() && (text[end] == ';' || text[end] == ',')) ++end;
        text.remove_prefix(end);
    }
    rest += text;
    auto first = rest.find_first_not_of(white);
    if (first == std::string::npos) return {};
    return rest.substr(first, rest.find_last_not_of(white) - first + 1);
}

// The length of the JSON object that `text` begins with, 0 when it does not end.
std::size_t object_length(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (in_string && c == '\\') ++i;
        else if (c == '"') in_string = !in_string;
        else if (!in_string && c == '{') ++depth;
        else if (!in_string && c == '}' && --depth == 0) return i + 1;
    }
    return 0;
}

bool offered(const domain::Request& request, std::string_view name) {
    return std::ranges::any_of(request.tools, [&](const auto& tool) { return tool.name == name; });
}

// "call tool NAME with {json}", as often as it stands there. Problems are said in the answer.
void find_named_calls(const domain::Request& request, std::string_view text, EchoPlan& plan,
                      std::string& problem) {
    constexpr std::string_view mark = "call tool ";
    while (true) {
        auto at = text.find(mark);
        if (at == std::string_view::npos) return;
        text.remove_prefix(at + mark.size());
        auto name = text.substr(0, std::min(text.find_first_of(" \t\r\n,.;{"), text.size()));
        auto with = text.substr(name.size());
        auto open = with.find('{');
        bool has_input = with.starts_with(" with ") && open != std::string_view::npos;
        auto input = has_input ? with.substr(open, object_length(with.substr(open))) : "{}";
        json::Document document;
        if (!offered(request, name)) {
            problem = "The tool " + std::string(name) + " is not offered in this request.";
        } else if (!document.parse(input).ok()) {
            problem = "The input for " + std::string(name) + " is no valid JSON object.";
        } else {
            plan.calls.push_back({std::string(name), std::string(input)});
        }
    }
}

// "use Bash to run `COMMAND`".
void find_bash_call(const domain::Request& request, std::string_view text, EchoPlan& plan) {
    constexpr std::string_view mark = "use Bash to run `";
    auto at = text.find(mark);
    if (at == std::string_view::npos || !offered(request, "Bash")) return;
    text.remove_prefix(at + mark.size());
    auto end = text.find('`');
    if (end == std::string_view::npos) return;
    std::string input = "{\"command\":";
    json::append_string(input, text.substr(0, end));
    input += ",\"description\":\"Run a command\"}";
    plan.calls.push_back({"Bash", std::move(input)});
}

// A tool that the client insists on is called whatever the prompt says.
void force_call(const domain::Request& request, std::string_view text, EchoPlan& plan) {
    using domain::ToolChoiceKind;
    auto kind = request.tool_choice.kind;
    if (!plan.calls.empty() || (kind != ToolChoiceKind::any && kind != ToolChoiceKind::named)) {
        return;
    }
    for (const auto& tool : request.tools) {
        bool wanted = kind == ToolChoiceKind::any || tool.name == request.tool_choice.name;
        if (!wanted || !tool.hosted_kind.empty()) continue;
        plan.calls.push_back({std::string(tool.name), smallest_value(tool.schema, text)});
        return;
    }
}

bool wants_title(const domain::Request& request) {
    if (!request.tools.empty()) return false;
    return std::ranges::any_of(request.system, [](const auto& part) {
        std::string text = plain(part.text);
        return text.find("title") != std::string::npos || text.find("topic") != std::string::npos;
    });
}

std::string joined(const std::vector<std::string>& words, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < std::min(words.size(), most); ++i) out += words[i];
    auto end = out.find_last_not_of(white);
    out.resize(end == std::string::npos ? 0 : end + 1);
    return out;
}

std::int64_t tokens(std::size_t bytes) {
    return (static_cast<std::int64_t>(bytes) + bytes_per_token - 1) / bytes_per_token;
}

std::size_t bytes_of(const std::vector<domain::Part>& parts) {
    std::size_t bytes = 0;
    for (const auto& part : parts) {
        bytes += part.text.raw.size() + part.input.size() + part.name.size();
        bytes += part.content.empty() ? 0 : bytes_of(part.content);
        // A picture costs by its area, not by its bytes; this is an ordinary screenshot.
        if (part.kind == PartKind::image) bytes += 1'500 * bytes_per_token;
    }
    return bytes;
}

std::int64_t prompt_tokens(const domain::Request& request) {
    std::size_t bytes = bytes_of(request.system);
    for (const auto& message : request.messages) bytes += bytes_of(message.parts) + 16;
    for (const auto& tool : request.tools) {
        bytes += tool.name.size() + tool.description.raw.size() + tool.schema.size();
    }
    return std::max<std::int64_t>(1, tokens(bytes));
}

// Cuts the words at the first stop sequence and at the token limit.
void limit(const domain::Request& request, EchoPlan& plan) {
    std::string whole;
    for (const auto& word : plan.words) whole += word;
    auto end = whole.size();
    for (const auto& stop : request.stop_sequences) {
        auto text = plain(stop);
        auto at = text.empty() ? std::string::npos : whole.find(text);
        if (at >= end) continue;
        end = at;
        plan.stop_sequence = text;
        plan.stop_reason = "stop_sequence";
    }
    auto bytes_max = request.max_output_tokens.value_or(0) * bytes_per_token;
    if (bytes_max > 0 && static_cast<std::int64_t>(end) > bytes_max) {
        end = static_cast<std::size_t>(bytes_max);
        while (end > 0 && (whole[end] & 0xC0) == 0x80) --end;
        plan.stop_sequence.clear();
        plan.stop_reason = "max_tokens";
    }
    if (end < whole.size()) {
        plan.words = split_words(std::string_view(whole).substr(0, end), plan.words.size());
    }
}

}  // namespace

EchoPlan plan_echo(const domain::Request& request) {
    EchoPlan plan;
    std::int64_t words_asked = 0;
    const domain::Message* message = last_user_message(request);
    auto results = message ? tool_results(*message) : std::nullopt;
    std::string typed = message ? typed_text(*message) : std::string();
    std::string problem;
    std::string text = results ? *results : take_orders(typed, plan, words_asked);
    if (!results && request.tool_choice.kind != domain::ToolChoiceKind::none) {
        find_named_calls(request, text, plan, problem);
        find_bash_call(request, text, plan);
        if (request.tool_choice.parallel == false && plan.calls.size() > 1) plan.calls.resize(1);
    }
    auto brief = joined(split_words(text.empty() ? typed : text, title_words), title_words);
    force_call(request, brief, plan);
    if (request.output.kind == domain::OutputKind::json_schema) {
        plan.words = {smallest_value(request.output.schema, brief)};
    } else if (request.output.kind == domain::OutputKind::json_object) {
        plan.words = {"{\"echo\":"};
        json::append_string(plan.words[0], text);
        plan.words[0] += '}';
    } else if (wants_title(request)) {
        plan.words = split_words(brief, title_words);
    } else if (!plan.calls.empty()) {
        plan.words = split_words("Calling " + plan.calls.front().name + ".", 2);
    } else {
        plan.words = split_words(problem.empty() ? text : problem, echo_words_max);
    }
    if (plan.words.empty()) plan.words = {"(the prompt has no text)"};
    if (words_asked > 0) {
        auto source = split_words(text.empty() ? "echo" : text, echo_words_max);
        plan.words.clear();
        for (std::int64_t i = 0; i < words_asked; ++i) {
            std::string word = source[static_cast<std::size_t>(i) % source.size()];
            if (i + 1 < words_asked && white.find(word.back()) == white.npos) word += ' ';
            plan.words.push_back(std::move(word));
        }
    }
    if (!plan.calls.empty()) plan.stop_reason = "tool_use";
    if (plan.calls.empty()) limit(request, plan);
    std::size_t bytes = 0;
    for (const auto& word : plan.words) bytes += word.size();
    for (const auto& call : plan.calls) bytes += call.name.size() + call.input.size();
    plan.usage.input = prompt_tokens(request);
    plan.usage.output = std::max<std::int64_t>(1, tokens(bytes));
    plan.usage.estimated = true;
    return plan;
}

}  // namespace tollgate::providers
