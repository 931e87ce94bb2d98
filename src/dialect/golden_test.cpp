// Runs every case of tests/golden/dialect: input of one protocol, output of another, as text.
// With TOLLGATE_WRITE_GOLDEN=1 the expected parts are written anew, to be reviewed as a diff.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dialect/body_size.hpp"
#include "dialect/cache_marks.hpp"
#include "dialect/dialect.hpp"
#include "dialect/golden_settings.hpp"

namespace tollgate::dialect::golden {
namespace {

namespace fs = std::filesystem;
using domain::Protocol;

constexpr std::string_view rule = "----------\n";

struct Case {
    std::string head, input, expected, notes;
    bool has_notes = false;
    std::string op, from, to;
    Settings settings;
};

struct Outcome {
    std::string text;
    std::vector<std::string> notes;
};

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

// Splits at lines of ten dashes.
std::vector<std::string> sections(const std::string& text) {
    std::vector<std::string> parts(1);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line + "\n" == rule) {
            parts.emplace_back();
        } else {
            parts.back() += line + "\n";
        }
    }
    return parts;
}

Protocol protocol_named(const std::string& name) {
    for (Protocol each : {Protocol::anthropic, Protocol::openai_chat, Protocol::openai_responses,
                          Protocol::ollama, Protocol::openai_completions, Protocol::gemini,
                          Protocol::bedrock_converse, Protocol::cohere}) {
        if (to_string(each) == name) return each;
    }
    throw std::runtime_error("no such protocol: " + name);
}

// A target as data/providers.yaml describes the plainest of its protocol.
void describe_target(Settings& settings, Protocol protocol) {
    domain::Deployment& target = settings.target;
    target.model_name = "target-model";
    domain::ProviderTraits& provider = target.provider;
    provider.protocol = protocol;
    provider.type = to_string(protocol);
    if (protocol == Protocol::anthropic) {
        provider.chat_path = "/v1/messages";
        provider.files = provider.cache_control = provider.top_k = true;
        provider.tool_id_charset = "a-zA-Z0-9_-";
        provider.tool_id_max = provider.tool_name_max = 128;
    }
    if (protocol == Protocol::bedrock_converse) {
        provider.type = "bedrock";
        provider.tool_id_charset = "a-zA-Z0-9_-";
        provider.tool_id_max = 64;
        settings.target.model_name = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    }
    settings.options.model = "asked-model";
    settings.options.request_id = "req1";
    settings.options.created = 1'700'000'000;
    settings.options.input_estimate = 7;
}

Case parse_case(const std::string& text) {
    Case read;
    const std::vector<std::string> parts = sections(text);
    if (parts.size() < 3) throw std::runtime_error("three parts between rules are needed");
    read.head = parts[0];
    read.input = parts[1];
    read.expected = trimmed(parts[2]);
    read.has_notes = parts.size() > 3;
    if (read.has_notes) read.notes = parts[3];
    std::istringstream lines(parts[0]);
    std::vector<std::string> settings;
    std::string line;
    for (bool first = true; std::getline(lines, line); first = false) {
        if (first || line.empty()) continue;
        const std::size_t colon = line.find(": ");
        const std::string name = line.substr(0, colon), value = line.substr(colon + 2);
        if (name == "op")
            read.op = value;
        else if (name == "from")
            read.from = value;
        else if (name == "to")
            read.to = value;
        else if (name == "set")
            settings.push_back(value);
        else
            throw std::runtime_error("unknown line: " + line);
    }
    const bool towards = read.op.ends_with("request") || read.op.ends_with("relay");
    describe_target(read.settings, protocol_named(towards ? read.to : read.from));
    for (const std::string& each : settings) apply(read.settings, each);
    return read;
}

Codec codec_of(const std::string& protocol) {
    switch (protocol_named(protocol)) {
        case Protocol::anthropic: return make_anthropic();
        case Protocol::openai_chat: return make_openai_chat();
        case Protocol::openai_responses: return make_openai_responses();
        case Protocol::ollama: return make_ollama();
        case Protocol::openai_completions: return make_openai_completions();
        case Protocol::gemini: return make_gemini();
        case Protocol::bedrock_converse: return make_bedrock_converse();
        case Protocol::cohere: return make_cohere();
    }
    return {};
}

std::string code_name(base::ErrorCode code) {
    switch (code) {
        case base::ErrorCode::invalid_request: return "invalid_request";
        case base::ErrorCode::provider: return "provider";
        case base::ErrorCode::not_found: return "not_found";
        default: return "code " + std::to_string(static_cast<int>(code));
    }
}

Outcome refused(const base::Error& error) {
    Outcome outcome;
    outcome.text = "error: " + code_name(error.code) + " " + error.message;
    if (!error.field.empty()) outcome.notes.push_back("field: " + error.field);
    return outcome;
}

void note_translation(const Translation& translation, Outcome& outcome) {
    for (const auto& each : translation.dropped) outcome.notes.push_back("dropped: " + each);
    for (const auto& each : translation.warnings) outcome.notes.push_back("warning: " + each);
    for (const auto& each : translation.stop_here) {
        std::string note = "stop_here: ";
        json::append_string(note, each);
        outcome.notes.push_back(note);
    }
    for (const auto& [sent, ours] : translation.tool_names) {
        outcome.notes.push_back("tool_name: " + sent + " = " + ours);
    }
    if (!translation.answer_tool.empty()) {
        outcome.notes.push_back("answer_tool: " + translation.answer_tool);
    }
}

void note_usage(const std::vector<domain::Event>& events, domain::Usage& usage) {
    for (const domain::Event& event : events) usage.update(event.usage);
}

std::string usage_note(const domain::Usage& usage) {
    std::string note = "usage:";
    auto add = [&note](const char* name, std::int64_t tokens) {
        if (tokens >= 0) note += std::string(" ") + name + "=" + std::to_string(tokens);
    };
    add("input", usage.input);
    add("output", usage.output);
    add("cache_read", usage.cache_read);
    add("cache_write_5m", usage.cache_write_5m);
    add("cache_write_1h", usage.cache_write_1h);
    add("reasoning", usage.reasoning);
    add("cost_nano_usd", usage.provider_cost_nano_usd);
    return note;
}

// The value with its texts so long that they are lent.
void append_inflated(std::string& out, json::Value value, std::string_view key) {
    constexpr std::array<std::string_view, 9> texts = {"text", "content", "data", "output", "url",
                                                       "thinking", "title", "context", "system"};
    if (value.is_object() || value.is_array()) {
        out += value.is_object() ? '{' : '[';
        bool first = true;
        const auto next = [&] {
            if (!first) out += ',';
            first = false;
        };
        if (value.is_object()) {
            json::Value::Range members = value.members();
            for (auto it = members.begin(); !(it == members.end()); ++it) {
                next();
                json::append_string(out, it.key().escaped());
                out += ':';
                append_inflated(out, *it, it.key().escaped().raw);
            }
        } else {
            for (const json::Value element : value.elements()) {
                next();
                append_inflated(out, element, key);
            }
        }
        out += value.is_object() ? '}' : ']';
        return;
    }
    const bool text = value.is_string() && !value.string_empty() &&
                      std::find(texts.begin(), texts.end(), key) != texts.end();
    std::string many;
    while (text && many.size() < 2 * json::lent_bytes_min) many += value.escaped().raw;
    text ? json::append_string(out, json::Escaped{many}) : void(out += value.raw());
}

// What is lent stands where it would have been copied to. Gives how much of it there was.
std::size_t expect_same_when_lent(const Case& test) {
    const Codec from = codec_of(test.from), to = codec_of(test.to);
    json::Document document;
    const auto parsed = document.parse(test.input);
    if (!parsed.ok()) return 0;
    std::string text;
    append_inflated(text, *parsed, "");
    base::Arena arena;
    json::Document inflated;
    EXPECT_TRUE(inflated.parse(text).ok()) << text;
    auto request = from.client->decode_request(inflated, arena);
    if (!request.ok()) return 0;
    const auto copied = to.provider->encode_request(*request, test.settings.target);
    request->lender = text;
    const auto lent = to.provider->encode_request(*request, test.settings.target);
    EXPECT_EQ(copied.ok(), lent.ok());
    if (!copied.ok() || !lent.ok()) return 0;
    EXPECT_TRUE(copied->lent.empty());
    std::string whole;
    for (const std::string_view piece : pieces_of(lent->body, lent->lent)) whole += piece;
    EXPECT_EQ(whole, copied->body);
    return lent->lent.size();
}

Outcome run_request(const Case& test) {
    const Codec from = codec_of(test.from), to = codec_of(test.to);
    if (!from.client || !to.provider) throw std::runtime_error("no codec for this direction");
    base::Arena arena;
    json::Document document;
    const auto parsed = document.parse(test.input);
    if (!parsed.ok()) return refused(parsed.error());
    auto request = from.client->decode_request(document, arena);
    if (!request.ok()) return refused(request.error());
    CacheMarkPlaces places;
    if (test.op == "marked_request" && !has_cache_marks(test.input)) {
        places = cache_mark_places(to.provider->protocol(), test.settings.target);
    }
    const AddedCacheMarks marks(*request, places);
    const auto encoded = to.provider->encode_request(*request, test.settings.target);
    if (!encoded.ok()) return refused(encoded.error());
    json::Document check;
    const auto valid = check.parse(encoded->body);
    EXPECT_TRUE(valid.ok()) << valid.error().message << "\n" << encoded->body;
    Outcome outcome{encoded->body, {"path: " + encoded->path}};
    note_translation(encoded->translation, outcome);
    return outcome;
}

Outcome run_relay(const Case& test) {
    base::Arena arena;
    const std::string body = trimmed(test.input);
    const Protocol protocol = protocol_named(test.from);
    const auto seen = outline(protocol, body, arena);
    if (!seen.ok()) return refused(seen.error());
    Translation translation;
    auto splices = relay_splices(protocol, body, *seen, test.settings.target, translation);
    if (!splices.ok()) return refused(splices.error());
    // The same by the tree of a body that was parsed before, which is how requests come.
    json::Document parsed;
    EXPECT_TRUE(parsed.parse(body).ok());
    Translation again;
    const auto by_tree =
        relay_splices(protocol, body, *seen, test.settings.target, again, &parsed);
    EXPECT_TRUE(by_tree.ok() && by_tree->size() == splices->size());
    for (std::size_t i = 0; by_tree.ok() && i < by_tree->size(); ++i) {
        const Splice &one = (*splices)[i], &other = (*by_tree)[i];
        EXPECT_TRUE(one.begin == other.begin && one.end == other.end && one.text == other.text);
    }
    EXPECT_EQ(again.dropped, translation.dropped);
    if (test.op == "marked_relay" && !has_cache_marks(body)) {
        const CacheMarkPlaces places = cache_mark_places(protocol, test.settings.target);
        auto marks = cache_mark_splices(protocol, parsed.root(), places);
        std::move(marks.begin(), marks.end(), std::back_inserter(*splices));
        std::sort(splices->begin(), splices->end(), [](const Splice& a, const Splice& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
        });
    }
    Outcome outcome;
    std::size_t at = 0;
    for (const Splice& splice : *splices) {
        EXPECT_GE(splice.begin, at) << "splices overlap or are not sorted";
        EXPECT_GE(splice.end, splice.begin);
        outcome.text += body.substr(at, splice.begin - at) + splice.text;
        at = splice.end;
    }
    outcome.text += body.substr(at);
    json::Document check;
    EXPECT_TRUE(check.parse(outcome.text).ok()) << outcome.text;
    note_translation(translation, outcome);
    return outcome;
}

Outcome run_answer(const Case& test) {
    const Codec from = codec_of(test.from), to = codec_of(test.to);
    if (!from.provider || !to.client) throw std::runtime_error("no codec for this direction");
    base::Arena arena;
    const auto events = from.provider->decode_answer(test.input, test.settings.target,
                                                     test.settings.translation, arena);
    if (!events.ok()) return refused(events.error());
    Outcome outcome{to.client->encode_answer(*events, test.settings.options), {}};
    domain::Usage usage;
    note_usage(*events, usage);
    outcome.notes.push_back(usage_note(usage));
    return outcome;
}

struct Frame {
    std::string event, data;
};

std::vector<Frame> frames_of(const std::string& text, Framing framing) {
    std::vector<Frame> frames(1);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (framing == Framing::ndjson) {
            if (!line.empty()) frames.push_back({"", line});
        } else if (line.empty()) {
            frames.emplace_back();
        } else if (line.starts_with("event: ")) {
            frames.back().event = line.substr(7);
        } else if (line.starts_with("data: ")) {
            frames.back().data += line.substr(6);
        } else if (!line.starts_with(":")) {
            throw std::runtime_error("no line of an event stream: " + line);
        }
    }
    std::erase_if(frames, [](const Frame& frame) { return frame.data.empty(); });
    return frames;
}

Outcome run_stream(const Case& test) {
    const Codec from = codec_of(test.from), to = codec_of(test.to);
    if (!from.provider || !to.client) throw std::runtime_error("no codec for this direction");
    auto decoder = from.provider->stream_decoder(test.settings.target, test.settings.translation);
    auto encoder = to.client->stream_encoder(test.settings.options);
    Outcome outcome;
    domain::Usage usage;
    std::vector<domain::Event> events;
    auto pass_on = [&] {
        note_usage(events, usage);
        for (const domain::Event& event : events) encoder->encode(event, outcome.text);
        events.clear();
    };
    for (const Frame& frame : frames_of(test.input, from.provider->framing())) {
        const auto facts = decoder->feed(frame.event, frame.data, events);
        if (!facts.ok()) {
            outcome.text += "error: " + code_name(facts.error().code) + " " + facts.error().message;
            return outcome;
        }
        pass_on();
    }
    if (!decoder->finish(events)) outcome.notes.push_back("cut short");
    pass_on();
    outcome.notes.push_back(usage_note(usage));
    return outcome;
}

base::ErrorCode code_of_status(int status) {
    switch (status) {
        case 404: return base::ErrorCode::not_found;
        case 429: return base::ErrorCode::rate_limited;
        case 503:
        case 529: return base::ErrorCode::overloaded;
        default: return status < 500 ? base::ErrorCode::invalid_request : base::ErrorCode::provider;
    }
}

Outcome run_error(const Case& test) {
    const Codec from = codec_of(test.from), to = codec_of(test.to);
    if (!from.provider || !to.client) throw std::runtime_error("no codec for this direction");
    const std::size_t line = test.input.find('\n');
    const int status = static_cast<int>(number_of(test.input.substr(0, line)));
    const std::string body = trimmed(test.input.substr(line + 1));
    const ProviderFailure failure = from.provider->decode_error(status, body);
    base::Error error;
    error.code = code_of_status(status);
    error.message = failure.message;
    Outcome outcome{to.client->encode_error(status, error, test.settings.options.request_id), {}};
    outcome.notes.push_back("class: " + std::string(to_string(failure.error_class)));
    outcome.notes.push_back("type: " + failure.type);
    outcome.notes.push_back("prompt_tokens: " + std::to_string(failure.prompt_tokens));
    outcome.notes.push_back("context_tokens: " + std::to_string(failure.context_tokens));
    outcome.notes.push_back("max_tokens_fitting: " + std::to_string(failure.max_tokens_fitting));
    return outcome;
}

Outcome run(const Case& test) {
    if (test.op == "request" || test.op == "marked_request") return run_request(test);
    if (test.op == "relay" || test.op == "marked_relay") return run_relay(test);
    if (test.op == "answer") return run_answer(test);
    if (test.op == "stream") return run_stream(test);
    if (test.op == "error") return run_error(test);
    throw std::runtime_error("no such op: " + test.op);
}

void check_notes(const Case& test, const Outcome& outcome) {
    const std::vector<std::string> wanted = split(trimmed(test.notes), '\n');
    auto holds = [](const std::vector<std::string>& lines, const std::string& line) {
        return std::find(lines.begin(), lines.end(), line) != lines.end();
    };
    std::string all;
    for (const std::string& line : outcome.notes) all += "  " + line + "\n";
    for (const std::string& line : wanted) {
        EXPECT_TRUE(line.empty() || holds(outcome.notes, line))
            << "missing note: " << line << "\nnotes were:\n"
            << all;
    }
    for (const std::string& line : outcome.notes) {
        if (line.starts_with("dropped: ")) {
            EXPECT_TRUE(holds(wanted, line)) << "not expected: " << line;
        }
    }
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, Case) {
    const std::string text = read_file(GetParam());
    const Case test = parse_case(text);
    const Outcome outcome = run(test);
    if (std::getenv("TOLLGATE_WRITE_GOLDEN") != nullptr) {
        std::ofstream file(GetParam(), std::ios::binary);
        file << test.head << rule << test.input << rule << trimmed(outcome.text) << "\n";
        if (test.has_notes) file << rule << test.notes;
    } else {
        EXPECT_EQ(trimmed(outcome.text), test.expected) << GetParam() << "\n" << test.head;
    }
    if (test.has_notes) check_notes(test, outcome);
}

fs::path golden_root() { return fs::path(TOLLGATE_SOURCE_DIR) / "tests/golden/dialect"; }

std::vector<fs::path> golden_files() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(golden_root())) {
        if (entry.path().extension() == ".txt") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string golden_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = fs::relative(info.param, golden_root()).replace_extension().string();
    for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Dialect, Golden, testing::ValuesIn(golden_files()), golden_name);

TEST(GoldenFiles, Requests_LendLongTexts) {
    std::size_t lent = 0;
    for (const fs::path& file : golden_files()) {
        const Case test = parse_case(read_file(file));
        if (test.op == "request") lent += expect_same_when_lent(test);
    }
    EXPECT_GT(lent, 500u);
}

}  // namespace
}  // namespace tollgate::dialect::golden
