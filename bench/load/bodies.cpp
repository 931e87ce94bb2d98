#include "load/bodies.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace bench {
namespace {

constexpr int tool_count = 24;
constexpr std::size_t big_schema_bytes = 21'000;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\t': out += "\\t"; break;
            default: out += c;
        }
    }
    return out + '"';
}

// Prose and code from a fixed sequence: same seed, same text.
class Text {
public:
    explicit Text(std::uint64_t seed) : state_(seed) {}

    std::string prose(std::size_t bytes) {
        std::string out;
        while (out.size() < bytes) {
            out += words[next(words.size())];
            const auto pause = next(12);
            out += pause == 0 ? ".\n" : pause == 1 ? ", " : " ";
        }
        return out;
    }
    std::string code(std::size_t bytes) {
        std::string out;
        for (int line = 1; out.size() < bytes; ++line) {
            out += std::to_string(line) + "\t" + std::string(next(4) * 4, ' ');
            out += lines[next(lines.size())];
            out += '\n';
        }
        return out;
    }

private:
    static constexpr std::array<std::string_view, 24> words = {
        "the", "function", "reads", "a", "file", "and", "returns", "its", "lines", "when",
        "\"quoted\"", "path\\name", "never", "commit", "unless", "asked", "tool", "result",
        "caf\xC3\xA9", "\xE2\x86\x92", "verify", "\xE2\x80\x94", "tests", "`grep -rn`"};
    static constexpr std::array<std::string_view, 8> lines = {
        "if (value == \"none\") {", "    return std::string(\"\\n\");", "}",
        "printf(\"%s\\t%d\\n\", name, count);", "// keeps the order of the blocks",
        "for item in items: print(f\"{item!r}\")", "const path = 'C:\\\\work\\\\main';",
        "auto result = co_await stream.read(buffer);"};

    std::size_t next(std::size_t bound) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::size_t>((state_ >> 33) % bound);
    }

    std::uint64_t state_;
};

std::string schema(Text& text, std::size_t bytes) {
    std::string out = R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object",)"
                      R"("properties":{)";
    for (int i = 0; out.size() < bytes; ++i) {
        if (i > 0) out += ',';
        out += "\"field_" + std::to_string(i) + "\":{\"description\":" + quoted(text.prose(120));
        if (i % 3 == 0) out += R"(,"type":"string","minLength":1)";
        else if (i % 3 == 1) out += R"(,"type":"integer","minimum":0,"maximum":1000000)";
        else out += R"(,"type":"array","items":{"type":"string","enum":["a","b","c"]})";
        out += '}';
    }
    return out + R"(},"required":["field_0"],"additionalProperties":false})";
}

enum class Shape { anthropic, openai, responses, gemini };

std::string tools(Text& text, Shape shape) {
    std::string out = shape == Shape::gemini ? R"([{"functionDeclarations":[)" : "[";
    for (int i = 0; i < tool_count; ++i) {
        const auto name = "Tool_" + std::to_string(i);
        const auto description = quoted(text.prose(i % 4 == 0 ? 900 : 250));
        const auto parameters = schema(text, i == 7 ? big_schema_bytes : 450);
        if (i > 0) out += ',';
        if (shape == Shape::anthropic) {
            out += "{\"name\":\"" + name + "\",\"description\":" + description +
                   ",\"input_schema\":" + parameters + "}";
        } else if (shape == Shape::responses) {
            out += "{\"type\":\"function\",\"name\":\"" + name + "\",\"description\":" +
                   description + ",\"parameters\":" + parameters + ",\"strict\":false}";
        } else if (shape == Shape::gemini) {
            out += "{\"name\":\"" + name + "\",\"description\":" + description +
                   ",\"parametersJsonSchema\":" + parameters + "}";
        } else {
            out += "{\"type\":\"function\",\"function\":{\"name\":\"" + name +
                   "\",\"description\":" + description + ",\"parameters\":" + parameters + "}}";
        }
    }
    return out + (shape == Shape::gemini ? "]}]" : "]");
}

std::string anthropic_system(Text& text) {
    return R"([{"type":"text","text":"x-billing: version=2; entry=cli;"},)"
           R"({"type":"text","text":"You are a coding agent.","cache_control":)"
           R"({"type":"ephemeral"}},{"type":"text","text":)" + quoted(text.prose(12'000)) +
           R"(,"cache_control":{"type":"ephemeral","ttl":"1h"}}])";
}

std::string anthropic_turn(Text& text, int turn) {
    const auto id = "toolu_bench_" + std::to_string(turn);
    return R"({"role":"assistant","content":[{"type":"text","text":)" + quoted(text.prose(200)) +
           R"(},{"type":"tool_use","id":")" + id +
           R"(","name":"Tool_1","input":{"field_0":)" + quoted(text.code(300)) +
           R"(,"field_1":)" + std::to_string(turn) +
           R"(}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":")" + id +
           R"(","content":)" + quoted(text.code(1'500)) + "}]}";
}

std::string openai_turn(Text& text, int turn) {
    const auto id = "call_bench_" + std::to_string(turn);
    const auto arguments = "{\"field_0\":" + quoted(text.code(300)) +
                           ",\"field_1\":" + std::to_string(turn) + "}";
    return R"({"role":"assistant","content":)" + quoted(text.prose(200)) +
           R"(,"tool_calls":[{"id":")" + id +
           R"(","type":"function","function":{"name":"Tool_1","arguments":)" + quoted(arguments) +
           R"(}}]},{"role":"tool","tool_call_id":")" + id + R"(","content":)" +
           quoted(text.code(1'500)) + "}";
}

std::string responses_turn(Text& text, int turn) {
    const auto id = "call_bench_" + std::to_string(turn);
    const auto arguments = "{\"field_0\":" + quoted(text.code(300)) +
                           ",\"field_1\":" + std::to_string(turn) + "}";
    return R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":)" +
           quoted(text.prose(200)) + R"(}]},{"type":"function_call","call_id":")" + id +
           R"(","name":"Tool_1","arguments":)" + quoted(arguments) +
           R"(},{"type":"function_call_output","call_id":")" + id + R"(","output":)" +
           quoted(text.code(1'500)) + "}";
}

std::string gemini_turn(Text& text, int turn) {
    return R"({"role":"model","parts":[{"text":)" + quoted(text.prose(200)) +
           R"(},{"functionCall":{"name":"Tool_1","args":{"field_0":)" + quoted(text.code(300)) +
           R"(,"field_1":)" + std::to_string(turn) +
           R"(}}}]},{"role":"user","parts":[{"functionResponse":{"name":"Tool_1","response":)"
           R"({"output":)" + quoted(text.code(1'500)) + "}}}]}";
}

std::string turn_of(Text& text, Shape shape, int turn) {
    switch (shape) {
        case Shape::anthropic: return anthropic_turn(text, turn);
        case Shape::openai: return openai_turn(text, turn);
        case Shape::responses: return responses_turn(text, turn);
        case Shape::gemini: return gemini_turn(text, turn);
    }
    return {};
}

std::string large_start(Text& text, Shape shape, const BodyRequest& request) {
    const auto first_words = quoted(text.prose(6'000));
    if (shape == Shape::gemini) {
        return R"({"contents":[{"role":"user","parts":[{"text":)" + first_words + "}]}";
    }
    std::string out = "{\"model\":" + quoted(request.model);
    if (shape == Shape::responses) {
        return out + R"(,"input":[{"role":"user","content":[{"type":"input_text","text":)" +
               first_words + "}]}";
    }
    if (shape == Shape::openai) {
        return out + R"(,"messages":[{"role":"system","content":)" + quoted(text.prose(12'000)) +
               R"(},{"role":"user","content":)" + first_words + "}";
    }
    return out + R"(,"messages":[{"role":"user","content":[{"type":"text","text":)" + first_words +
           R"(},{"type":"text","text":"Find the failing test and repair it.","cache_control":)"
           R"({"type":"ephemeral"}}]})";
}

std::string large_end(Text& text, Shape shape, bool stream) {
    if (shape == Shape::openai) {
        return R"(],"tools":)" + tools(text, shape) +
               R"(,"tool_choice":"auto","max_completion_tokens":32000)" +
               (stream ? R"(,"stream":true,"stream_options":{"include_usage":true}})" : "}");
    }
    if (shape == Shape::responses) {
        return R"(],"instructions":)" + quoted(text.prose(12'000)) + R"(,"tools":)" +
               tools(text, shape) +
               R"(,"tool_choice":"auto","max_output_tokens":32000,"store":false)" +
               (stream ? R"(,"stream":true})" : "}");
    }
    if (shape == Shape::gemini) {
        return R"(],"systemInstruction":{"parts":[{"text":)" + quoted(text.prose(12'000)) +
               R"(}]},"tools":)" + tools(text, shape) +
               R"(,"generationConfig":{"maxOutputTokens":32000}})";
    }
    return R"(],"system":)" + anthropic_system(text) + R"(,"tools":)" + tools(text, shape) +
           R"(,"metadata":{"user_id":"{\"device_id\":\"0123456789abcdef\",\"account_uuid\":\"\",)"
           R"(\"session_id\":\"6f1c1c0e-2f5b-4d9e-9a53-5f3f7a1b2c3d\"}"},"max_tokens":32000,)"
           R"("thinking":{"type":"adaptive"},"output_config":{"effort":"medium"})" +
           (stream ? R"(,"stream":true})" : "}");
}

// Turns are added while they fit, then one message brings the body to the exact size.
std::string large(const BodyRequest& request, Shape shape) {
    Text text(shape == Shape::anthropic ? 7 : 11);
    const auto end = large_end(text, shape, request.stream);
    auto out = large_start(text, shape, request);
    const bool parts = shape == Shape::gemini;
    const std::string_view filler_start =
        parts ? R"(,{"role":"model","parts":[{"text":"Reading on."}]},{"role":"user","parts":)"
                R"([{"text":")"
              : R"(,{"role":"assistant","content":"Reading on."},{"role":"user","content":")";
    const std::string_view filler_end = parts ? R"("}]})" : R"("})";
    const auto fixed = end.size() + filler_start.size() + filler_end.size();
    for (int turn = 0;; ++turn) {
        const auto next = "," + turn_of(text, shape, turn);
        if (out.size() + next.size() + fixed > request.bytes) break;
        out += next;
    }
    out += filler_start;
    const auto have = out.size() + filler_end.size() + end.size();
    if (have < request.bytes) out += std::string(request.bytes - have, 'x');
    return out + std::string(filler_end) + end;
}

std::string small(const BodyRequest& request, Shape shape) {
    auto out = "{\"model\":" + quoted(request.model);
    if (shape == Shape::anthropic) {
        out += R"(,"max_tokens":256,"messages":[{"role":"user","content":)"
               R"("What is the capital of Portugal, and how many people live there? )"
               R"(Answer in one sentence."}])";
        return out + (request.stream ? R"(,"stream":true})" : "}");
    }
    out += R"(,"max_completion_tokens":256,"messages":[{"role":"user","content":)"
           R"("What is the capital of Portugal, and how many people live there? )"
           R"(Answer in one sentence."}])";
    return out +
           (request.stream ? R"(,"stream":true,"stream_options":{"include_usage":true}})" : "}");
}

}  // namespace

std::optional<std::string> build_body(const BodyRequest& request) {
    if (request.name == "small-anthropic") return small(request, Shape::anthropic);
    if (request.name == "small-openai") return small(request, Shape::openai);
    if (request.name == "large-anthropic") return large(request, Shape::anthropic);
    if (request.name == "large-openai") return large(request, Shape::openai);
    if (request.name == "large-responses") return large(request, Shape::responses);
    if (request.name == "large-gemini") return large(request, Shape::gemini);
    return std::nullopt;
}

}  // namespace bench
