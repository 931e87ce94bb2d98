#include "dialect/gemini_request.hpp"

#include <algorithm>
#include <array>

#include "dialect/body_size.hpp"
#include "dialect/gemini_contents.hpp"
#include "dialect/gemini_model.hpp"
#include "dialect/gemini_schema.hpp"
#include "dialect/hosted.hpp"
#include "dialect/refused.hpp"
#include "dialect/tools_memory.hpp"

namespace tollgate::dialect::gemini {
namespace {

constexpr std::size_t stop_max = 5;

// Fields of a client's body that change what is answered and have no counterpart here.
constexpr std::array<std::string_view, 2> changes_the_answer = {"mcp_servers", "container"};

// Members of generationConfig; configured fields of other names stand at the top.
constexpr std::array<std::string_view, 18> generation_fields = {
    "temperature",     "topP",           "topK",               "maxOutputTokens",
    "stopSequences",   "seed",           "presencePenalty",    "frequencyPenalty",
    "candidateCount",  "responseSchema", "responseMimeType",   "responseJsonSchema",
    "thinkingConfig",  "speechConfig",   "responseModalities", "mediaResolution",
    "audioTimestamp",  "imageConfig"};

// A configured name in Google's spelling: max_tokens is maxOutputTokens, safety_settings is
// safetySettings.
std::string google_name(std::string_view name) {
    if (name == "max_tokens" || name == "max_completion_tokens") return "maxOutputTokens";
    if (name == "stop") return "stopSequences";
    std::string out;
    bool upper = false;
    for (char c : name) {
        if (c == '_') {
            upper = !out.empty();
            continue;
        }
        out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        upper = false;
    }
    return out;
}

// Which of Gemini's own tools does what a hosted tool of another protocol does; "" : none.
std::string_view own_tool(domain::HostedTool tool) {
    switch (tool) {
        case domain::HostedTool::web_search: return "googleSearch";
        case domain::HostedTool::code_execution: return "codeExecution";
        case domain::HostedTool::web_fetch: return "urlContext";
        case domain::HostedTool::none:
        case domain::HostedTool::other: break;
    }
    return {};
}

class RequestWriter {
public:
    RequestWriter(const domain::Request& request, const domain::Deployment& target)
        : request_(request), target_(target), writer_(out_.body) {
        add_configured(target.extra_body, true);
        add_configured(target.default_body, false);
        add_configured(target.provider.body, false);
    }

    base::Result<EncodedRequest> write() {
        if (request_.client == domain::Protocol::openai_chat) {
            TRY_VOID(refuse_untranslatable(request_));
        }
        out_.path = "/models/" + target_.model_name + ":generateContent";
        TRY_VOID(choose_tools());
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        note_system_marks();
        const bool apart = takes_system_instruction(target_);
        if (ours("contents", false)) {
            writer_.key("contents");
            Contents contents(writer_, request_, target_, out_.translation);
            TRY_VOID(contents.write(apart ? std::string() : marked_system()));
        }
        if (apart && has_system() && ours("systemInstruction", false)) {
            writer_.key("systemInstruction").begin_object();
            writer_.key("parts").begin_array();
            write_system();
            writer_.end_array().end_object();
        }
        tools();
        generation_config();
        top_fields();
        writer_.end_object();
        TRY_VOID(extras());
        return std::move(out_);
    }

private:
    struct Configured {
        std::string name;  // Google's
        std::string_view value;
        bool always = false, generation = false;
    };

    void add_configured(const std::vector<std::pair<std::string, std::string>>& fields,
                        bool always) {
        for (const auto& [name, value] : fields) {
            std::string sent = google_name(name);
            if (sent == "generationConfig") {
                add_members(value, always);
                continue;
            }
            const bool generation = std::find(generation_fields.begin(), generation_fields.end(),
                                              sent) != generation_fields.end();
            add_one({std::move(sent), value, always, generation});
        }
    }
    void add_members(json::Raw object, bool always) {
        json::Document document;
        const auto root = document.parse(object);
        if (!root.ok()) return;
        json::Value::Range range = root->members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            add_one({google_name(it.key().text()), (*it).raw(), always, true});
        }
    }
    void add_one(Configured field) {
        const bool known = std::any_of(
            configured_.begin(), configured_.end(), [&](const Configured& other) {
                return other.name == field.name && other.generation == field.generation;
            });
        if (!known) configured_.push_back(std::move(field));
    }

    // True when the field is ours to write; a default that is configured for it is then not.
    bool ours(std::string_view name, bool generation = true) {
        auto found = std::find_if(configured_.begin(), configured_.end(), [&](const auto& field) {
            return field.name == name && field.generation == generation;
        });
        if (found == configured_.end()) return true;
        if (found->always) return false;
        configured_.erase(found);
        return true;
    }

    // --- system ----------------------------------------------------------------------------------
    void note_system_marks() {
        for (const domain::Part& part : request_.system) {
            if (!part.cache_control.empty()) out_.translation.drop("cache_control");
        }
    }

    bool has_system() const {
        return format_in_words() ||
               std::ranges::any_of(request_.system,
                                   [](const domain::Part& part) { return !part.text.empty(); });
    }

    // All of it as one escaped text, for models that have no place for it.
    std::string marked_system() const {
        if (!has_system()) return {};
        std::string all = "<system>\\n";
        const std::size_t start = all.size();
        const auto add = [&](std::string_view text) {
            if (text.empty()) return;
            if (all.size() > start) all += "\\n\\n";
            all += text;
        };
        for (const domain::Part& part : request_.system) add(part.text.raw);
        add(schema_words());
        all += "\\n</system>";
        return all;
    }

    void write_system() {
        for (const domain::Part& part : request_.system) {
            if (part.text.empty()) continue;
            writer_.begin_object().escaped("text", part.text).end_object();
        }
        const std::string more = schema_words();
        if (!more.empty()) writer_.begin_object().escaped("text", {more}).end_object();
    }

    // Up to generation 2.5 functions and a response schema exclude each other.
    bool format_in_words() const {
        return request_.output.kind != domain::OutputKind::text && !functions_.empty() &&
               !is_third_generation(target_);
    }

    std::string schema_words() const {
        if (!format_in_words()) return {};
        std::string plain = "When you give your final answer, give one JSON value and nothing else";
        if (!request_.output.schema.empty()) {
            plain += ". It must satisfy this JSON schema: ";
            json::append_compact(plain, request_.output.schema);
        }
        std::string out;
        json::append_escaped(out, plain);
        return out;
    }

    // --- tools -----------------------------------------------------------------------------------
    base::Result<void> choose_tools() {
        const bool able = target_.provider.tools && target_.model.tools;
        functions_.reserve(request_.tools.size());
        for (const domain::Tool& tool : request_.tools) {
            const auto field = [&] {
                return "tools." + std::to_string(&tool - request_.tools.data());
            };
            if (!tool.cache_control.empty()) out_.translation.drop("cache_control");
            if (!tool.hosted_kind.empty()) {
                hosted_.emplace_back(&tool, field());
            } else if (able) {
                functions_.push_back(&tool);
            } else {
                TRY_VOID(cannot_carry(target_, out_.translation, "tools", field(),
                                      "the target takes no tools"));
            }
        }
        for (const auto& [tool, field] : hosted_) TRY_VOID(choose_hosted(*tool, field));
        return {};
    }

    base::Result<void> choose_hosted(const domain::Tool& tool, const std::string& field) {
        const std::string_view counterpart = own_tool(tool.hosted);
        if (!counterpart.empty() && functions_.empty()) {
            const bool again = std::any_of(own_tools_.begin(), own_tools_.end(), [&](auto* own) {
                return own->hosted == tool.hosted;
            });
            if (!again) take_hosted(tool);
            return {};
        }
        const std::string what = "tool " + std::string(tool.hosted_kind);
        if (tool.optional) {
            out_.translation.drop(what);
            return {};
        }
        const std::string hosted = "the hosted tool " + std::string(tool.hosted_kind);
        return cannot_carry(target_, out_.translation, what, field,
                            counterpart.empty()
                                ? hosted + " has no counterpart at Gemini"
                                : hosted + " cannot stand beside functions at Gemini");
    }

    void take_hosted(const domain::Tool& tool) {
        own_tools_.push_back(&tool);
        // Only Vertex keeps a search off domains.
        const SearchWords words{.blocked_domains = on_vertex(target_)};
        note_options(tool, words, out_.translation);
        const bool search = tool.hosted == domain::HostedTool::web_search;
        const bool program = tool.hosted == domain::HostedTool::code_execution;
        out_.translation.web_search = out_.translation.web_search || search;
        out_.translation.code_execution = out_.translation.code_execution || program;
    }

    void tools() {
        if (functions_.empty() && own_tools_.empty()) {
            const bool asked = request_.tool_choice.kind != domain::ToolChoiceKind::unset;
            if (!request_.tools.empty() && asked) out_.translation.drop("tool_choice");
            return;
        }
        if (ours("tools", false)) {
            writer_.key("tools").begin_array();
            if (!functions_.empty()) declarations();
            for (const domain::Tool* own : own_tools_) {
                writer_.begin_object().key(own_tool(own->hosted)).begin_object();
                const json::Raw blocked = own->search.blocked_domains;
                if (on_vertex(target_) && !blocked.empty()) writer_.raw("excludeDomains", blocked);
                writer_.end_object().end_object();
            }
            writer_.end_array();
        }
        choice();
    }

    void declarations() {
        std::string parameters;  // keeps its memory from one schema to the next
        const auto write = [&](json::Writer& list, Translation& notes) {
            for (const domain::Tool* tool : functions_) {
                list.begin_object();
                list.string("name", function_name(target_, tool->name, notes));
                // Required there.
                if (tool->description.empty()) list.string("description", tool->name);
                else list.escaped("description", tool->description);
                parameters.clear();
                append_gemini_parameters(parameters, tool->schema);
                if (!parameters.empty()) list.raw("parameters", parameters);
                list.end_object();
            }
        };
        writer_.begin_object().key("functionDeclarations").begin_array();
        const ToolsForm form(ToolsForm::Kind::gemini, request_, target_);
        ToolsMemory::of_this_thread().elements(writer_, request_.tools_known, form,
                                               out_.translation, write);
        writer_.end_array().end_object();
    }

    void choice() {
        using domain::ToolChoiceKind;
        const domain::ToolChoice& choice = request_.tool_choice;
        if (choice.parallel == false) out_.translation.drop("disable_parallel_tool_use");
        if (choice.kind == ToolChoiceKind::unset) return;
        if (functions_.empty()) {  // its own tools cannot be forced
            if (choice.kind != ToolChoiceKind::automatic) out_.translation.drop("tool_choice");
            return;
        }
        const bool named = choice.kind == ToolChoiceKind::named;
        const auto found = std::find_if(functions_.begin(), functions_.end(), [&](auto* tool) {
            return tool->name == choice.name;
        });
        if (named && found == functions_.end()) {  // the tool itself was dropped
            out_.translation.drop("tool_choice");
            return;
        }
        if (!ours("toolConfig", false)) return;
        writer_.key("toolConfig").begin_object().key("functionCallingConfig").begin_object();
        writer_.string("mode", choice.kind == ToolChoiceKind::automatic ? "AUTO"
                               : choice.kind == ToolChoiceKind::none    ? "NONE"
                                                                        : "ANY");
        if (named) {
            writer_.key("allowedFunctionNames").begin_array();
            writer_.string(function_name(target_, choice.name, out_.translation)).end_array();
        }
        writer_.end_object().end_object();
    }

    // --- generationConfig ------------------------------------------------------------------------
    void generation_config() {
        std::string inside;
        json::Writer config(inside);
        config.begin_object();
        limits(config);
        number(config, "temperature", "temperature", request_.temperature, target_.model.sampling);
        number(config, "top_p", "topP", request_.top_p, target_.model.sampling);
        number(config, "top_k", "topK", request_.top_k, target_.model.sampling);
        penalty(config, "presence_penalty", "presencePenalty", request_.presence_penalty);
        penalty(config, "frequency_penalty", "frequencyPenalty", request_.frequency_penalty);
        number(config, "seed", "seed", request_.seed, true);
        stop_sequences(config);
        format(config);
        thinking(config);
        for (const Configured& field : configured_) {
            if (field.generation) config.foreign_key(field.name).raw(field.value);
        }
        config.end_object();
        if (inside != "{}") writer_.raw("generationConfig", inside);
    }

    void limits(json::Writer& config) {
        std::int64_t tokens =
            request_.max_output_tokens.value_or(target_.default_max_tokens.value_or(0));
        const std::int64_t most = target_.model.output_tokens_max;
        if (tokens > 0 && most > 0) tokens = std::min(tokens, most);
        if (target_.output_tokens_cap) {
            tokens = tokens > 0 ? std::min(tokens, *target_.output_tokens_cap)
                                : *target_.output_tokens_cap;
        }
        if (tokens > 0 && ours("maxOutputTokens")) config.integer("maxOutputTokens", tokens);
    }

    void number(json::Writer& config, std::string_view theirs, std::string_view name,
                json::Raw value, bool accepted) {
        if (value.empty()) return;
        if (!accepted) out_.translation.drop(theirs);
        else if (ours(name)) config.raw(name, value);
    }

    // Many models refuse penalties even where they do nothing.
    void penalty(json::Writer& config, std::string_view theirs, std::string_view name,
                 json::Raw value) {
        if (value != "0" && value != "0.0") number(config, theirs, name, value, true);
    }

    void stop_sequences(json::Writer& config) {
        const auto& sequences = request_.stop_sequences;
        if (sequences.empty()) return;
        const std::size_t most = target_.model.stop ? stop_max : 0;
        if (most == 0) {
            for (json::Escaped sequence : sequences) {
                json::append_unescaped(out_.translation.stop_here.emplace_back(), sequence);
            }
            return;
        }
        if (sequences.size() > most) {
            out_.translation.drop("stop_sequences after the first " + std::to_string(most));
        }
        if (!ours("stopSequences")) return;
        config.key("stopSequences").begin_array();
        for (std::size_t i = 0; i < std::min(most, sequences.size()); ++i) {
            config.escaped(sequences[i]);
        }
        config.end_array();
    }

    void format(json::Writer& config) {
        const domain::OutputFormat& output = request_.output;
        if (output.kind == domain::OutputKind::text || format_in_words()) return;
        if (ours("responseMimeType")) config.string("responseMimeType", "application/json");
        if (output.schema.empty() || output.kind == domain::OutputKind::json_object) return;
        if (!ours("responseSchema")) return;
        config.key("responseSchema").in_place([&](std::string& out) {
            append_gemini_schema(out, output.schema);
        });
    }

    void thinking(json::Writer& config) {
        const ThinkingConfig plan = plan_thinking(request_.thinking, target_);
        if (!plan.any()) {
            const auto mode = request_.thinking.mode;
            const bool asked = mode == domain::ThinkingMode::budget ||
                               mode == domain::ThinkingMode::adaptive;
            if (asked && thinking_knob(target_) == ThinkingKnob::none) {
                out_.translation.drop("thinking");
            }
            return;
        }
        if (!ours("thinkingConfig")) return;
        config.key("thinkingConfig").begin_object();
        if (plan.budget) config.integer("thinkingBudget", *plan.budget);
        if (!plan.level.empty()) config.string("thinkingLevel", plan.level);
        if (plan.include_thoughts) config.boolean("includeThoughts", true);
        config.end_object();
    }

    void top_fields() {
        for (const Configured& field : configured_) {
            if (!field.generation) writer_.foreign_key(field.name).raw(field.value);
        }
    }

    // What the neutral model has no word for stays behind.
    base::Result<void> extras() {
        for (const domain::Extra& extra : request_.extras) {
            const json::Raw value = extra.value;
            const bool nothing = value == "null" || value == "false" || value == "[]" ||
                                 value == "{}" || extra.name == "n";
            if (nothing) continue;
            const bool matters = std::find(changes_the_answer.begin(), changes_the_answer.end(),
                                           extra.name) != changes_the_answer.end();
            if (matters) {
                TRY_VOID(cannot_carry(target_, out_.translation, extra.name, extra.name,
                                      "the target has no counterpart of this field"));
            } else {
                out_.translation.drop(extra.name);
            }
        }
        if (!request_.service_tier.empty() && request_.service_tier != "auto") {
            out_.translation.drop("service_tier");
        }
        return {};
    }

    const domain::Request& request_;
    const domain::Deployment& target_;
    EncodedRequest out_;
    json::Writer writer_;
    std::vector<Configured> configured_;
    std::vector<const domain::Tool*> functions_;
    std::vector<std::pair<const domain::Tool*, std::string>> hosted_;
    std::vector<const domain::Tool*> own_tools_;
};

}  // namespace

base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                            const domain::Deployment& target) {
    return RequestWriter(request, target).write();
}

}  // namespace tollgate::dialect::gemini
