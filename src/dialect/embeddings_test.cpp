#include "dialect/embeddings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace tollgate::dialect::embeddings {
namespace {

namespace fs = std::filesystem;

// A file of tests/golden/embeddings: a title and `set:` lines, then between rules the client's
// body, the calls, the provider's answers, what the client gets.
struct Case {
    fs::path path;
    std::string head, input, calls, answers, output;
    Target target;
};

constexpr std::string_view rule = "----------";

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}

void set_field(Target& target, const std::string& setting) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals), value = setting.substr(equals + 1);
    const std::map<std::string, Shape> shapes = {
        {"openai", Shape::openai},   {"gemini", Shape::gemini}, {"vertex", Shape::vertex_predict},
        {"titan", Shape::titan},     {"cohere", Shape::cohere}, {"ollama", Shape::ollama}};
    if (name == "shape") {
        target.shape = shapes.at(value);
    } else if (name == "model") {
        target.model = value;
    } else if (name == "texts_max") {
        target.texts_max = std::stoul(value);
    } else if (name == "dimensions_field") {
        target.dimensions_field = value;
    } else if (name == "user") {
        target.user = value == "true";
    } else if (name == "drop_unsupported") {
        target.drop_unsupported = value == "true";
    } else if (name == "extra_body") {
        const std::size_t colon = value.find(':');
        target.extra_body.emplace_back(value.substr(0, colon), value.substr(colon + 1));
    } else {
        throw std::runtime_error("unknown setting: " + name);
    }
}

Case read_case(const fs::path& path) {
    Case read;
    read.path = path;
    read.target.model = "target-model";
    std::ifstream file(path);
    std::vector<std::vector<std::string>> parts(1);
    for (std::string line; std::getline(file, line);) {
        if (line == rule) {
            parts.emplace_back();
        } else {
            parts.back().push_back(line);
        }
    }
    if (parts.size() != 5) throw std::runtime_error("five parts are needed: " + path.string());
    for (const std::string& line : parts[0]) {
        if (line.starts_with("set: ")) set_field(read.target, line.substr(5));
    }
    read.head = joined(parts[0]);
    read.input = joined(parts[1]);
    read.calls = joined(parts[2]);
    read.answers = joined(parts[3]);
    read.output = joined(parts[4]);
    return read;
}

std::string lines_of(const base::Error& error) {
    return "error: " + error.message + (error.field.empty() ? "" : " (" + error.field + ")") + "\n";
}

// The calls as lines, and the client's answer made of the case's answers.
struct Outcome {
    std::string calls, output;
};

base::Result<Outcome> run(const Case& test) {
    const std::string body = test.input.substr(0, test.input.size() - 1);
    json::Document document;
    base::Arena arena;
    TRY([[maybe_unused]] const json::Value root, document.parse(body));
    TRY(const Outline outlined, outline(domain::Protocol::openai_chat, body, arena));
    TRY(const Request request, decode_request(document));
    Translation translation;
    TRY(const std::vector<Call> calls,
        encode_calls(request, body, outlined, test.target, translation));
    Outcome outcome;
    for (const Call& call : calls) outcome.calls += call.body + "\n";
    for (const std::string& item : translation.dropped) outcome.calls += "dropped: " + item + "\n";
    std::istringstream answers(test.answers);
    std::vector<std::string> values;
    std::int64_t tokens = 0;
    for (const Call& call : calls) {
        std::string answer;
        if (!std::getline(answers, answer)) throw std::runtime_error("an answer is missing");
        if (test.target.shape == Shape::openai) {
            auto relayed = relay_answer(answer, outlined.model, call.count, request.encoding, 77);
            outcome.output = relayed.ok() ? relayed->body + "\ntokens: " +
                                                std::to_string(relayed->prompt_tokens) + "\n"
                                          : lines_of(relayed.error());
            return outcome;
        }
        auto vectors = decode_answer(test.target.shape, answer, call.count, request.encoding);
        if (!vectors.ok()) {
            outcome.output = lines_of(vectors.error());
            return outcome;
        }
        tokens = vectors->prompt_tokens < 0 || tokens < 0 ? -1 : tokens + vectors->prompt_tokens;
        for (std::string& value : vectors->values) values.push_back(std::move(value));
    }
    outcome.output = encode_answer(values, outlined.model, tokens) + "\n";
    return outcome;
}

TEST(Embeddings, GoldenFiles) {
    std::size_t count = 0;
    const bool write = std::getenv("TOLLGATE_WRITE_GOLDEN") != nullptr;
    for (const auto& entry :
         fs::directory_iterator(TOLLGATE_SOURCE_DIR "/tests/golden/embeddings")) {
        SCOPED_TRACE(entry.path().filename().string());
        Case test = read_case(entry.path());
        auto outcome = run(test);
        const std::string calls = outcome.ok() ? outcome->calls : lines_of(outcome.error());
        const std::string output = outcome.ok() ? outcome->output : "";
        if (write) {
            std::ofstream out(test.path);
            const std::string between = std::string(rule) + "\n";
            out << test.head << between << test.input << between << calls << between
                << test.answers << between << output;
        } else {
            EXPECT_EQ(calls, test.calls);
            EXPECT_EQ(output, test.output);
        }
        ++count;
    }
    EXPECT_GE(count, 20u);
}

std::string base64_of(std::string_view array) {
    json::Document document;
    auto parsed = document.parse(array);
    return parsed.ok() ? floats_to_base64(*parsed) : "not JSON";
}

TEST(Embeddings, Base64_IsOfLittleEndianFloatsAndBack) {
    // 1.0f is 00 00 80 3f, -2.5f is 00 00 20 c0.
    EXPECT_EQ(base64_of("[1,-2.5]"), "AACAPwAAIMA=");
    EXPECT_EQ(base64_of("[1]"), "AACAPw==");
    EXPECT_EQ(base64_of("[0,0,0]"), "AAAAAAAAAAAAAAAA");
    EXPECT_EQ(base64_to_floats("AACAPwAAIMA="), "[1,-2.5]");
    EXPECT_EQ(base64_to_floats("AACAPw"), "[1]") << "padding may be left out";
}

TEST(Embeddings, Base64_RoundTripKeepsEveryFloat) {
    const std::string numbers = "[0.0023064255,-0.009327292,1e-07,3.4028235e+38,-1.1754944e-38]";
    EXPECT_EQ(base64_to_floats(base64_of(numbers)), numbers);
    EXPECT_EQ(base64_of("[1e-60]"), base64_of("[0]")) << "too small for a float is zero";
}

TEST(Embeddings, Base64_WhatIsNoVectorGivesNothing) {
    EXPECT_EQ(base64_of("[\"1\"]"), "");
    EXPECT_EQ(base64_of("[null]"), "");
    EXPECT_EQ(base64_of("{}"), "");
    EXPECT_EQ(base64_to_floats(""), "");
    EXPECT_EQ(base64_to_floats("AAAA"), "") << "three bytes";
    EXPECT_EQ(base64_to_floats("AACAf+=="), "") << "infinity or worse";
    EXPECT_EQ(base64_to_floats("%%%%"), "");
}

TEST(Embeddings, TooManyTexts_AreRefusedWithTheirNumber) {
    std::string body = R"({"model":"m","input":[)";
    for (std::size_t i = 0; i <= inputs_max; ++i) body += i == 0 ? "\"x\"" : ",\"x\"";
    body += "]}";
    json::Document document;
    ASSERT_TRUE(document.parse(body).ok());
    const auto request = decode_request(document);
    ASSERT_FALSE(request.ok());
    EXPECT_EQ(request.error().field, "input");
    EXPECT_NE(request.error().message.find("2049"), std::string::npos);
}

TEST(Embeddings, ManyTexts_AreCutIntoCallsThatKeepTheirOrder) {
    std::string body = R"({"model":"m","input":[)";
    for (int i = 0; i < 200; ++i) body += (i == 0 ? "\"t" : ",\"t") + std::to_string(i) + "\"";
    body += "]}";
    json::Document document;
    base::Arena arena;
    ASSERT_TRUE(document.parse(body).ok());
    const auto request = decode_request(document);
    const auto outlined = outline(domain::Protocol::openai_chat, body, arena);
    ASSERT_TRUE(request.ok() && outlined.ok());
    Target target;
    target.shape = Shape::cohere;
    target.model = "embed-v4.0";
    target.texts_max = 96;
    Translation translation;
    const auto calls = encode_calls(*request, body, *outlined, target, translation);
    ASSERT_TRUE(calls.ok());
    ASSERT_EQ(calls->size(), 3u);
    EXPECT_EQ((*calls)[1].first, 96u);
    EXPECT_EQ((*calls)[2].count, 8u);
    EXPECT_NE((*calls)[2].body.find(R"("texts":["t192","t193")"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::dialect::embeddings
