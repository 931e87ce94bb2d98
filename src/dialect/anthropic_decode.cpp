// An Anthropic Messages request, decoded: everything but the content of its messages.
#include <algorithm>

#include "dialect/anthropic.hpp"
#include "dialect/hosted.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using base::Result;
using domain::Request;
using json::Value;

class RequestDecoder {
public:
    RequestDecoder(Value root, base::Arena& arena) : root_(root), arena_(arena), content_(arena) {}

    Result<Request> run() {
        if (!root_.is_object()) return base::invalid("the body must be a JSON object");
        TRY_VOID(scalars());
        TRY_VOID(content_.system(root_["system"], request_.system));
        TRY_VOID(content_.messages(root_["messages"], request_.messages));
        TRY_VOID(tools());
        TRY_VOID(apply_tool_changes());
        TRY_VOID(tool_choice());
        TRY_VOID(thinking());
        TRY_VOID(output());
        identity();
        collect_extras();
        return std::move(request_);
    }

private:
    bool given(std::string_view name) const {
        const Value value = root_[name];
        return value.exists() && !value.is_null();
    }

    Result<void> scalars() {
        const Value model = root_["model"];
        if (!model.is_string() || model.string_empty()) {
            return top_.error("model", "the name of a model is required");
        }
        request_.alias = model.text(arena_);
        const auto max_tokens = root_["max_tokens"].integer();
        if (!given("max_tokens")) return top_.error("max_tokens", "field required");
        if (!max_tokens || *max_tokens < 0) {
            return top_.error("max_tokens", "a whole number of tokens is required");
        }
        request_.max_output_tokens = *max_tokens;
        TRY(request_.temperature, number("temperature"));
        TRY(request_.top_p, number("top_p"));
        TRY(request_.top_k, number("top_k"));
        if (given("stream")) {
            const auto stream = root_["stream"].boolean();
            if (!stream) return top_.error("stream", "true or false is required");
            request_.stream = *stream;
        }
        request_.service_tier = root_["service_tier"].text(arena_);
        return stop_sequences();
    }

    Result<json::Raw> number(std::string_view name) const {
        const Value value = root_[name];
        if (!value.exists() || value.is_null()) return json::Raw();
        if (value.kind() != json::Kind::number) return top_.error(name, "a number is required");
        return value.raw();
    }

    Result<void> stop_sequences() {
        if (!given("stop_sequences")) return {};
        const Value value = root_["stop_sequences"];
        const Place place(top_, "stop_sequences");
        if (!value.is_array()) return place.error({}, "an array of strings is required");
        std::size_t index = 0;
        for (Value each : value.elements()) {
            if (!each.is_string()) return Place(place, index).error({}, "a string is required");
            request_.stop_sequences.push_back(each.escaped());
            ++index;
        }
        return {};
    }

    Result<void> tool(Value value, const Place& place, domain::Tool& tool) {
        if (!value.is_object()) return place.error({}, "a tool must be an object");
        const Members<"name", "description", "input_schema", "type", "strict", "cache_control">
            members(value);
        tool.verbatim = value.raw();
        tool.name = members.get<"name">().text(arena_);
        tool.description = members.get<"description">().escaped();
        tool.strict = members.get<"strict">().boolean();
        const Value mark = members.get<"cache_control">(), type = members.get<"type">();
        if (!mark.is_null()) tool.cache_control = mark.raw();
        if (type.is_string() && !type.equals("custom")) {
            tool.hosted_kind = type.text(arena_);
            describe_hosted(value, arena_, tool);
            return {};
        }
        if (tool.name.empty()) return place.error("name", "a string is required");
        const Value schema = members.get<"input_schema">();
        if (!schema.is_object()) {
            return place.error("input_schema", "a JSON schema object is required");
        }
        tool.schema = schema.raw();
        return {};
    }

    Result<void> tools() {
        if (!given("tools")) return {};
        const Value list = root_["tools"];
        const Place place(top_, "tools");
        if (!list.is_array()) return place.error({}, "an array of tools is required");
        request_.tools.reserve(list.size());
        std::size_t index = 0;
        for (Value each : list.elements()) {
            TRY_VOID(tool(each, Place(place, index++), request_.tools.emplace_back()));
        }
        request_.tools_known = list.known();
        return {};
    }

    // Tools named in system messages come and go during the conversation; what stands at its end
    // is what the model may call now.
    Result<void> apply_tool_changes() {
        if (content_.tool_changes().empty()) return {};
        request_.tools_known = 0;
        std::vector<std::string_view> removed;
        for (const auto& [change, path] : content_.tool_changes()) {
            const Place place(top_, path);
            const Value target = change["tool"];
            const bool adds = change["type"].equals("tool_addition");
            if (adds && target["type"].equals("tool_definition")) {
                const Place here(place, "tool.definition");
                domain::Tool decoded;
                TRY_VOID(tool(target["definition"], here, decoded));
                std::erase_if(request_.tools,
                              [&](const domain::Tool& old) { return old.name == decoded.name; });
                std::erase(removed, decoded.name);
                request_.tools.push_back(std::move(decoded));
                continue;
            }
            const std::string_view name = target["name"].text(arena_);
            const bool known = std::any_of(request_.tools.begin(), request_.tools.end(),
                                           [&](const auto& tool) { return tool.name == name; });
            if (!target["type"].equals("tool_reference") || !known) {
                return place.error("tool",
                                   "only a reference to a tool in tools, or an added definition, "
                                   "can be applied; name a tool of this request");
            }
            std::erase(removed, name);
            if (!adds) removed.push_back(name);
        }
        std::erase_if(request_.tools, [&](const domain::Tool& tool) {
            return std::find(removed.begin(), removed.end(), tool.name) != removed.end();
        });
        return {};
    }

    Result<void> tool_choice() {
        if (!given("tool_choice")) return {};
        const Value value = root_["tool_choice"];
        const Place place(top_, "tool_choice");
        domain::ToolChoice& choice = request_.tool_choice;
        const Value type = value["type"];
        if (type.equals("auto")) {
            choice.kind = domain::ToolChoiceKind::automatic;
        } else if (type.equals("any")) {
            choice.kind = domain::ToolChoiceKind::any;
        } else if (type.equals("none")) {
            choice.kind = domain::ToolChoiceKind::none;
        } else if (type.equals("tool")) {
            choice.kind = domain::ToolChoiceKind::named;
            choice.name = value["name"].text(arena_);
            if (choice.name.empty()) return place.error("name", "the name of a tool is required");
        } else {
            return place.error("type", "auto, any, none or tool is required");
        }
        if (const auto serial = value["disable_parallel_tool_use"].boolean()) {
            choice.parallel = !*serial;
        }
        return {};
    }

    Result<void> thinking() {
        if (!given("thinking")) return {};
        const Value value = root_["thinking"];
        const Place place(top_, "thinking");
        domain::Thinking& thinking = request_.thinking;
        thinking.display = value["display"].text(arena_);
        if (value["type"].equals("enabled")) {
            const auto budget = value["budget_tokens"].integer();
            if (!budget || *budget <= 0) {
                return place.error("budget_tokens", "a whole number of tokens is required");
            }
            thinking.mode = domain::ThinkingMode::budget;
            thinking.budget_tokens = *budget;
        } else if (value["type"].equals("adaptive")) {
            thinking.mode = domain::ThinkingMode::adaptive;
        } else if (value["type"].equals("disabled")) {
            thinking.mode = domain::ThinkingMode::off;
        } else {
            return place.error("type", "enabled, disabled or adaptive is required");
        }
        return {};
    }

    Result<void> output() {
        const Value config = root_["output_config"];
        const Place place(top_, "output_config");
        if (given("output_config") && !config.is_object()) {
            return place.error({}, "an object is required");
        }
        request_.thinking.effort = config["effort"].text(arena_);
        const bool legacy = !config["format"].is_object();
        const Value format = legacy ? root_["output_format"] : config["format"];
        if (!format.is_object()) return {};
        const Place here(legacy ? top_ : place, legacy ? "output_format" : "format");
        if (!format["type"].equals("json_schema")) {
            return here.error("type", "json_schema is required");
        }
        if (!format["schema"].is_object()) return here.error("schema", "an object is required");
        request_.output.kind = domain::OutputKind::json_schema;
        request_.output.name = format["name"].text(arena_);
        request_.output.schema = format["schema"].raw();
        request_.output.strict = true;  // it always holds to the schema; OpenAI's only if asked
        return {};
    }

    // Claude Code packs its session into the user id: a JSON object, or, in older versions, words
    // joined by underscores.
    void identity() {
        const Value user = root_["metadata"]["user_id"];
        if (!user.is_string()) return;
        request_.user_id = user.text(arena_);
        if (request_.user_id.starts_with('{')) {
            json::Document inner;
            const auto parsed = inner.parse(request_.user_id);
            if (parsed.ok()) request_.session_id = (*parsed)["session_id"].text(arena_);
            return;
        }
        constexpr std::string_view mark = "_session_";
        const std::size_t at = request_.user_id.rfind(mark);
        if (at != std::string_view::npos) {
            request_.session_id = request_.user_id.substr(at + mark.size());
        }
    }

    void collect_extras() {
        static constexpr std::string_view known[] = {
            "model",         "max_tokens",  "messages",       "system",
            "tools",         "tool_choice", "thinking",       "output_config",
            "output_format", "metadata",    "stop_sequences", "temperature",
            "top_p",         "top_k",       "stream",         "service_tier"};
        const auto members = root_.members();
        for (auto it = members.begin(); !(it == members.end()); ++it) {
            const std::string_view name = it.key().text(arena_);
            if (std::find(std::begin(known), std::end(known), name) == std::end(known)) {
                request_.extras.push_back({name, (*it).raw()});
            }
        }
    }

    const Value root_;
    base::Arena& arena_;
    ContentDecoder content_;
    const Place top_;
    Request request_;
};

}  // namespace

Result<Request> decode_request(const json::Document& document, base::Arena& arena) {
    return RequestDecoder(document.root(), arena).run();
}

}  // namespace tollgate::dialect::anthropic
