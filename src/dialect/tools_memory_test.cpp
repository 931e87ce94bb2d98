#include "dialect/tools_memory.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace tollgate::dialect {
namespace {

using Kind = ToolsForm::Kind;

class ToolsMemoryTest : public ::testing::Test {
protected:
    // What is written for the list; `text` is written where nothing is known.
    std::string write(std::uint64_t known, const ToolsForm& form, std::string_view text) {
        std::string out;
        json::Writer writer(out);
        writer.begin_array().integer(0);
        memory.elements(writer, known, form, translation, [&](json::Writer& list, Translation&) {
            list.string(text);
        });
        writer.integer(1).end_array();
        return out;
    }

    domain::Request request;
    domain::Deployment target;
    Translation translation;
    ToolsMemory memory;
};

TEST_F(ToolsMemoryTest, WhatWasWritten_IsFoundByItsNumberAndFormOnly) {
    const ToolsForm form(Kind::openai_chat, request, target);
    EXPECT_EQ(write(1, form, "first"), R"([0,"first",1])");
    EXPECT_EQ(write(1, form, "again"), R"([0,"first",1])");
    EXPECT_EQ(write(2, form, "other list"), R"([0,"other list",1])");
    EXPECT_EQ(write(0, form, "no number"), R"([0,"no number",1])");
    EXPECT_EQ(write(0, form, "none still"), R"([0,"none still",1])");
    const auto differs = [&](const char* what, const std::function<void(ToolsForm&)>& change) {
        domain::Deployment changed = target;
        ToolsForm other(Kind::openai_chat, request, changed);
        change(other);
        EXPECT_EQ(write(1, other, what), std::string(R"([0,")") + what + R"(",1])");
    };
    const std::vector<std::string> drop = {"format"};
    differs("kind", [](ToolsForm& other) { other.kind = Kind::ollama; });
    differs("client", [](ToolsForm& other) { other.client = domain::Protocol::gemini; });
    differs("strict", [](ToolsForm& other) { other.strict = !other.strict; });
    differs("more", [](ToolsForm& other) { other.more = 1; });
    differs("name_max", [](ToolsForm& other) { other.name_max = 12; });
    differs("charset", [](ToolsForm& other) { other.name_charset = "a-z"; });
    differs("drop", [&](ToolsForm& other) { other.drop = &drop; });
    EXPECT_EQ(write(1, form, "still"), R"([0,"first",1])");
}

TEST_F(ToolsMemoryTest, EqualTargetElsewhere_GetsTheKeptText) {
    {
        domain::Deployment gone = target;
        gone.provider.schema_drop = {"format"};
        write(1, ToolsForm(Kind::openai_chat, request, gone), "first");
    }
    target.provider.schema_drop = {"format"};
    EXPECT_EQ(write(1, ToolsForm(Kind::openai_chat, request, target), "x"), R"([0,"first",1])");
}

TEST_F(ToolsMemoryTest, NotesOfTheFirstWriting_AreRepeatedOnceEach) {
    const ToolsForm form(Kind::openai_chat, request, target);
    for (int time = 0; time < 3; ++time) {
        Translation notes;
        notes.tool_names.emplace_back("called", "called before");
        notes.drop("thinking");
        std::string out;
        json::Writer writer(out);
        memory.elements(writer, 7, form, notes, [&](json::Writer& list, Translation& inside) {
            ASSERT_EQ(time, 0);
            inside.tool_names.emplace_back("called", "called before");
            inside.tool_names.emplace_back("sent", "asked");
            inside.drop("strict");
            inside.drop("thinking");
            list.null();
        });
        using Names = std::vector<std::pair<std::string, std::string>>;
        EXPECT_EQ(notes.tool_names, (Names{{"called", "called before"}, {"sent", "asked"}}));
        EXPECT_EQ(notes.dropped, (std::vector<std::string>{"thinking", "strict"}));
        EXPECT_EQ(out, "null");
    }
}

TEST_F(ToolsMemoryTest, OverItsBounds_TheOldestGo) {
    const ToolsForm form(Kind::gemini, request, target);
    const std::string long_text(200'000, 'x');
    write(1, form, "often");
    constexpr std::uint64_t count = 100;
    for (std::uint64_t known = 2; known < count; ++known) {
        write(known, form, long_text);
        ASSERT_EQ(write(1, form, "gone"), R"([0,"often",1])") << known;
        ASSERT_LE(memory.kept_bytes(), ToolsMemory::bytes_max);
    }
    EXPECT_EQ(write(2, form, "anew"), R"([0,"anew",1])");
    EXPECT_NE(write(count - 1, form, "anew"), R"([0,"anew",1])");
    for (std::uint64_t known = count; known < 3 * count; ++known) write(known, form, "short");
    EXPECT_EQ(write(1, form, "anew"), R"([0,"anew",1])");
}

TEST_F(ToolsMemoryTest, TooLarge_IsNotKept) {
    const ToolsForm form(Kind::gemini, request, target);
    write(1, form, std::string(ToolsMemory::list_bytes_max, 'x'));
    EXPECT_EQ(memory.kept_bytes(), 0u);
    EXPECT_EQ(write(1, form, "short"), R"([0,"short",1])");
}

// --- requests ------------------------------------------------------------------------------------
std::string tools_of(domain::Protocol protocol, std::string_view description) {
    std::string list;
    for (int i = 0; i < 6; ++i) {
        // A name that no target takes, so that it has to be mapped back.
        const std::string name = "tool.number/" + std::to_string(i);
        const std::string schema =
            R"({"type":"object","properties":{"path":{"type":"string","description":")" +
            std::string(300, 'd') + R"("}},"required":["path"]})";
        if (!list.empty()) list += ',';
        std::string function = R"({"name":")" + name + R"(","description":")" +
                               std::string(description) + R"(",)";
        if (protocol == domain::Protocol::anthropic) {
            list += function + R"("strict":true,"input_schema":)" + schema + "}";
        } else if (protocol == domain::Protocol::openai_chat) {
            list += R"({"type":"function","function":)" + function + R"("strict":true,)" +
                    R"("parameters":)" + schema + "}}";
        } else {
            list += function.replace(0, 1, R"({"type":"function",)") + R"("parameters":)" +
                    schema + "}";
        }
    }
    return "[" + list + "]";
}

std::string body_of(domain::Protocol protocol, std::string_view description,
                    std::string_view choice) {
    std::string body = R"({"model":"m","max_tokens":100,)";
    body += protocol == domain::Protocol::openai_responses ? R"("input":)" : R"("messages":)";
    body += R"([{"role":"user","content":"Hello"}],"tools":)" + tools_of(protocol, description);
    if (!choice.empty()) body.append(R"(,"tool_choice":)").append(choice);
    return body + "}";
}

class ToolsOfRequests : public ::testing::Test {
protected:
    ToolsOfRequests() {
        target.model_name = "target";
        target.provider.type = "some";
        target.drop_unsupported = true;
    }

    // Body and notes of the request, decoded and encoded anew.
    std::string encode(const Codec& client, const Codec& provider, const std::string& body) {
        json::Document document;
        base::Arena arena;
        EXPECT_TRUE(document.parse(body).ok()) << body;
        auto decoded = client.client->decode_request(document, arena);
        if (!decoded.ok()) return decoded.error().message;
        known = decoded->tools_known;
        auto encoded = provider.provider->encode_request(*decoded, target);
        if (!encoded.ok()) return encoded.error().message;
        std::string out = encoded->body;
        for (const auto& what : encoded->translation.dropped) out += "\ndropped " + what;
        for (const auto& [sent, asked] : encoded->translation.tool_names) {
            out += "\n" + sent + " is " + asked;
        }
        return out;
    }

    domain::Deployment target;
    std::uint64_t known = 0;
};

TEST_F(ToolsOfRequests, SameToolsAgain_AreWrittenTheSameByEveryPair) {
    std::vector<Codec> clients;
    clients.push_back(make_anthropic());
    clients.push_back(make_openai_chat());
    clients.push_back(make_openai_responses());
    std::vector<Codec> providers;
    providers.push_back(make_openai_chat());
    providers.push_back(make_openai_responses());
    providers.push_back(make_gemini());
    providers.push_back(make_bedrock_converse());
    providers.push_back(make_cohere());
    providers.push_back(make_ollama());
    providers.push_back(make_anthropic());
    int number = 0;
    for (const Codec& client : clients) {
        for (const Codec& provider : providers) {
            // Anthropic's own tools stay as they are.
            if (client.client->protocol() == domain::Protocol::anthropic &&
                provider.provider->protocol() == domain::Protocol::anthropic) {
                continue;
            }
            const auto body = [&](std::string_view choice, std::string_view more = "") {
                const std::string description = "pair " + std::to_string(number);
                return body_of(client.client->protocol(), description + std::string(more), choice);
            };
            ++number;
            const std::string first = encode(client, provider, body(""));
            EXPECT_EQ(known, 0u);
            for (int time = 0; time < 4; ++time) {
                EXPECT_EQ(encode(client, provider, body("")), first) << number;
            }
            EXPECT_NE(known, 0u) << number;
            EXPECT_NE(first.find("pair " + std::to_string(number)), std::string::npos) << first;
            EXPECT_NE(first.find("is tool.number/5"), std::string::npos) << first;
            // Another list, of one byte more.
            EXPECT_NE(encode(client, provider, body("", "!")).find('!'), std::string::npos);
            // Another target.
            target.provider.tool_name_max = 20;
            EXPECT_NE(encode(client, provider, body("")), first);
            target.provider.tool_name_max = 64;
            EXPECT_EQ(encode(client, provider, body("")), first);
        }
    }
}

// Where one tool alone is sent, the kept list is not, nor the other way round.
TEST_F(ToolsOfRequests, NamedTool_IsOfferedAsWithoutAMemory) {
    const Codec client = make_anthropic();
    std::vector<Codec> providers;
    providers.push_back(make_openai_chat());
    providers.push_back(make_cohere());
    providers.push_back(make_ollama());
    target.provider.tool_choice_named = false;
    const auto body = [&](std::string_view description, bool named) {
        return body_of(domain::Protocol::anthropic, description,
                       named ? R"({"type":"tool","name":"tool.number/3"})" : "");
    };
    for (const Codec& provider : providers) {
        const std::string type(to_string(provider.provider->protocol()));
        const std::string all = encode(client, provider, body(type, false));
        for (int time = 0; time < 3; ++time) {
            const std::string one = encode(client, provider, body(type, true));
            EXPECT_NE(one.find("tool_number_3"), std::string::npos) << one;
            EXPECT_EQ(one.find("tool_number_2"), std::string::npos) << one;
            EXPECT_EQ(encode(client, provider, body(type, false)), all);
        }
        EXPECT_NE(known, 0u);
    }
}

}  // namespace
}  // namespace tollgate::dialect
