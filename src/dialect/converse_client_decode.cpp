// A Converse body as a neutral request.
#include "dialect/converse_client.hpp"
#include "dialect/text_file.hpp"

namespace tollgate::dialect::converse_client {
namespace {

using domain::MediaSource;
using domain::Part;
using domain::PartKind;
using domain::Request;
using json::Value;

constexpr std::string_view cache_mark = R"({"type":"ephemeral"})";

bool is_set(Value value) { return value.exists() && !value.is_null(); }

base::Error field_error(std::string_view field, std::string_view problem) {
    std::string message(field);
    message.append(": ").append(problem);
    return base::invalid(std::move(message), std::string(field));
}

class Decoder {
public:
    Decoder(Value root, base::Arena& arena) : root_(root), arena_(arena) {}

    base::Result<Request> run() {
        request_.client = domain::Protocol::bedrock_converse;
        request_.alias = root_["model"].text(arena_);
        request_.stream = root_["stream"].boolean().value_or(false);
        TRY_VOID(blocks(root_["system"], "system", request_.system));
        TRY_VOID(messages());
        TRY_VOID(tools());
        TRY_VOID(inference());
        TRY_VOID(output());
        more_fields();
        return std::move(request_);
    }

private:
    base::Result<void> messages() {
        const Value list = root_["messages"];
        if (!list.is_array() || list.size() == 0) {
            return field_error("messages", "is required: a list of messages");
        }
        std::size_t index = 0;
        for (const Value message : list.elements()) {
            const std::string at = "messages." + std::to_string(index++);
            const bool assistant = message["role"].equals("assistant");
            if (!assistant && !message["role"].equals("user")) {
                return field_error(at + ".role", "must be user or assistant");
            }
            domain::Message turn;
            turn.role = assistant ? domain::Role::assistant : domain::Role::user;
            TRY_VOID(blocks(message["content"], at + ".content", turn.parts));
            request_.messages.push_back(std::move(turn));
        }
        return {};
    }

    base::Result<void> blocks(Value list, const std::string& at, std::vector<Part>& out) {
        if (!is_set(list)) return {};
        if (!list.is_array()) return field_error(at, "must be a list of content blocks");
        std::size_t index = 0;
        for (const Value block : list.elements()) {
            TRY_VOID(this->block(block, at + "." + std::to_string(index++), out));
        }
        return {};
    }

    base::Result<void> block(Value value, const std::string& at, std::vector<Part>& out) {
        if (value["text"].is_string()) {
            out.emplace_back().text = value["text"].escaped();
        } else if (value["cachePoint"].is_object()) {
            // It marks what stands before it.
            if (!out.empty()) out.back().cache_control = cache_mark;
        } else if (value["toolUse"].is_object()) {
            return tool_use(value["toolUse"], at + ".toolUse", out);
        } else if (value["toolResult"].is_object()) {
            return tool_result(value["toolResult"], at + ".toolResult", out);
        } else if (value["image"].is_object()) {
            return media(value["image"], PartKind::image, at + ".image", out);
        } else if (value["document"].is_object()) {
            return media(value["document"], PartKind::document, at + ".document", out);
        } else if (value["reasoningContent"].is_object()) {
            reasoning(value["reasoningContent"], out);
        } else if (is_set(value["json"])) {  // inside a tool's result
            std::string escaped;
            json::append_compact_escaped(escaped, value["json"].raw());
            out.emplace_back().text = {arena_.store(escaped)};
        } else {
            return field_error(at, "is none of text, image, document, toolUse, toolResult, "
                                   "reasoningContent, cachePoint");
        }
        return {};
    }

    base::Result<void> tool_use(Value call, const std::string& at, std::vector<Part>& out) {
        if (!call["toolUseId"].is_string() || !call["name"].is_string()) {
            return field_error(at, "toolUseId and name are required");
        }
        Part& made = out.emplace_back();
        made.kind = PartKind::tool_call;
        made.id = call["toolUseId"].text(arena_);
        made.name = call["name"].text(arena_);
        made.input = is_set(call["input"]) ? call["input"].raw() : json::Raw("{}");
        return {};
    }

    base::Result<void> tool_result(Value result, const std::string& at, std::vector<Part>& out) {
        if (!result["toolUseId"].is_string()) return field_error(at, "toolUseId is required");
        Part made;
        made.kind = PartKind::tool_result;
        made.id = result["toolUseId"].text(arena_);
        made.is_error = result["status"].equals("error");
        TRY_VOID(blocks(result["content"], at + ".content", made.content));
        out.push_back(std::move(made));
        return {};
    }

    base::Result<void> media(Value media, PartKind kind, const std::string& at,
                             std::vector<Part>& out) {
        const Value source = media["source"];
        Part made;
        made.kind = kind;
        if (source["bytes"].is_string()) {
            made.media.source = MediaSource::base64;
            made.media.data = source["bytes"].escaped();
        } else if (kind == PartKind::document && source["text"].is_string()) {
            made.media.source = MediaSource::text;
            made.media.data = source["text"].escaped();
        } else {
            return field_error(at + ".source", "bytes are required: what lies in S3 cannot be read "
                                               "from here");
        }
        made.media.media_type = media_type(media["format"].text(), kind);
        made.media.title = media["name"].escaped();
        if (kind == PartKind::document) read_text_file(made.media, arena_);
        out.push_back(std::move(made));
        return {};
    }

    std::string_view media_type(const std::string& format, PartKind kind) {
        if (kind == PartKind::image) return arena_.store("image/" + format);
        if (format == "pdf") return "application/pdf";
        if (format == "csv" || format == "html") return arena_.store("text/" + format);
        if (format == "md") return "text/markdown";
        if (format == "txt" || format.empty()) return "text/plain";
        return arena_.store("application/" + format);
    }

    void reasoning(Value content, std::vector<Part>& out) {
        Part& made = out.emplace_back();
        if (content["redactedContent"].is_string()) {
            made.kind = PartKind::redacted_thinking;
            made.text = content["redactedContent"].escaped();
            return;
        }
        made.kind = PartKind::thinking;
        made.text = content["reasoningText"]["text"].escaped();
        made.signature = content["reasoningText"]["signature"].escaped();
    }

    base::Result<void> tools() {
        const Value config = root_["toolConfig"];
        for (const Value each : config["tools"].elements()) {
            if (each["cachePoint"].is_object()) {
                if (!request_.tools.empty()) request_.tools.back().cache_control = cache_mark;
                continue;
            }
            const Value spec = each["toolSpec"];
            if (!spec["name"].is_string()) {
                return field_error("toolConfig.tools", "a toolSpec with a name is required");
            }
            domain::Tool& tool = request_.tools.emplace_back();
            tool.name = spec["name"].text(arena_);
            tool.description = spec["description"].escaped();
            const Value schema = spec["inputSchema"]["json"];
            if (is_set(schema)) tool.schema = schema.raw();
        }
        request_.tools_known = config.known();
        const Value choice = config["toolChoice"];
        if (choice["any"].exists()) request_.tool_choice.kind = domain::ToolChoiceKind::any;
        if (choice["auto"].exists()) request_.tool_choice.kind = domain::ToolChoiceKind::automatic;
        if (choice["tool"]["name"].is_string()) {
            request_.tool_choice.kind = domain::ToolChoiceKind::named;
            request_.tool_choice.name = choice["tool"]["name"].text(arena_);
        }
        return {};
    }

    base::Result<void> inference() {
        const Value config = root_["inferenceConfig"];
        if (is_set(config["maxTokens"])) {
            request_.max_output_tokens = config["maxTokens"].integer();
            if (!request_.max_output_tokens || *request_.max_output_tokens < 1) {
                return field_error("inferenceConfig.maxTokens", "must be a number above 0");
            }
        }
        for (const auto& [name, out] :
             {std::pair<std::string_view, json::Raw*>{"temperature", &request_.temperature},
              {"topP", &request_.top_p}}) {
            if (!is_set(config[name])) continue;
            if (!config[name].number()) {
                return field_error("inferenceConfig." + std::string(name), "must be a number");
            }
            *out = config[name].raw();
        }
        for (const Value stop : config["stopSequences"].elements()) {
            if (!stop.is_string()) {
                return field_error("inferenceConfig.stopSequences", "must be a list of strings");
            }
            request_.stop_sequences.push_back(stop.escaped());
        }
        return {};
    }

    base::Result<void> output() {
        const Value config = root_["outputConfig"];
        if (config["effort"].is_string()) request_.thinking.effort = config["effort"].text(arena_);
        const Value format = config["textFormat"];
        if (!is_set(format)) return {};
        const Value described = format["structure"]["jsonSchema"];
        json::Document document;
        const std::string_view schema = described["schema"].text(arena_);
        const auto parsed = document.parse(schema);
        if (!parsed.ok() || !parsed->is_object()) {
            return field_error("outputConfig.textFormat.structure.jsonSchema.schema",
                               "is required: a JSON schema, as text");
        }
        structured(schema);
        const std::string_view name = described["name"].text(arena_);
        if (!name.empty()) request_.output.name = name;
        return {};
    }

    void structured(json::Raw schema) {
        request_.output.kind = domain::OutputKind::json_schema;
        request_.output.schema = schema;
        request_.output.name = "answer";
        request_.output.strict = true;  // it always holds to the schema; OpenAI's only if asked
    }

    // What Converse has no word for, as the models of Anthropic take it.
    void more_fields() {
        const Value fields = root_["additionalModelRequestFields"];
        if (!is_set(fields)) return;
        if (fields["top_k"].number()) request_.top_k = fields["top_k"].raw();
        const Value thinking = fields["thinking"];
        if (thinking["type"].equals("enabled")) {
            request_.thinking.mode = domain::ThinkingMode::budget;
            request_.thinking.budget_tokens = thinking["budget_tokens"].integer().value_or(1024);
        } else if (thinking["type"].equals("adaptive")) {
            request_.thinking.mode = domain::ThinkingMode::adaptive;
        }
        const Value output = fields["output_config"];
        if (output["effort"].is_string()) request_.thinking.effort = output["effort"].text(arena_);
        if (output["format"]["schema"].is_object()) structured(output["format"]["schema"].raw());
        if (fields["reasoning_effort"].is_string()) {
            request_.thinking.mode = domain::ThinkingMode::adaptive;
            request_.thinking.effort = fields["reasoning_effort"].text(arena_);
        }
    }

    const Value root_;
    base::Arena& arena_;
    Request request_;
};

}  // namespace

base::Result<Request> decode_request(const json::Document& document, base::Arena& arena) {
    if (!document.root().is_object()) return base::invalid("the body must be a JSON object");
    return Decoder(document.root(), arena).run();
}

}  // namespace tollgate::dialect::converse_client
