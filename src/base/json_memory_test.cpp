#include "base/json_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/json.hpp"

namespace tollgate::json {
namespace {

using detail::ValueMemory;

// Every node with its place, so that two trees are equal when their descriptions are.
void describe(Value value, std::string& out) {
    out += std::to_string(static_cast<int>(value.kind())) + " " + std::to_string(value.offset()) +
           "+" + std::to_string(value.raw().size()) + " " + std::to_string(value.size()) + "\n";
    for (Value element : value.elements()) describe(element, out);
    const auto members = value.members();
    for (auto at = members.begin(); !(at == members.end()); ++at) {
        describe(at.key(), out);
        describe(*at, out);
    }
}

std::string described(std::string_view text) {
    Document document;
    const auto root = document.parse(text);
    if (!root.ok()) return root.error().message;
    std::string out;
    describe(*root, out);
    return out;
}

// The same text with another name, which nothing is remembered of.
std::string unnamed(std::string text) {
    for (const std::string_view name : {"\"tools\"", "\"system\""}) {
        const std::size_t last = name.size() - 2;
        for (std::size_t at = 0; (at = text.find(name, at)) != text.npos;) text[at + last] = 'z';
    }
    return text;
}

std::string tools(int number, std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) {
        if (i != 0) text += ", ";
        text += R"({"name":"tool)" + std::to_string(number) + "_" + std::to_string(i) +
                R"(","strict":true,"schema":{"é":[1,-2.5e3,null],"s":"a \"quoted\"\nword"}})";
    }
    return text + "]";
}

// Runs `test` where nothing is remembered yet.
template <typename Test>
void on_a_thread_of_its_own(Test test) {
    std::thread(test).join();
}

TEST(JsonMemory, RememberedValue_GivesTheTreeThatParsingGives) {
    on_a_thread_of_its_own([] {
        const std::string list = tools(1, 40);
        std::string before = R"({"model":"m","tools":)";
        for (int round = 0; round < 5; ++round) {
            const std::string text = before + list + R"( ,"last":[{"tools":[1]}]})";
            ASSERT_EQ(described(text), described(unnamed(text))) << round;
            before.insert(1, R"("x)" + std::to_string(round) + R"(":{},)");  // it moves
        }
        EXPECT_EQ(ValueMemory::of_this_thread().find(list + "}")->text, list);
    });
}

TEST(JsonMemory, ValueThatOnlyBeginsAlike_IsParsed) {
    on_a_thread_of_its_own([] {
        const std::string list = tools(1, 40);
        const std::string known = R"({"tools":)" + list + "}";
        for (int round = 0; round < 3; ++round) described(known);
        for (std::size_t at = 10; at < known.size(); at += 7) {
            std::string other = known;
            other[at] = other[at] == '"' ? ' ' : '"';
            ASSERT_EQ(described(other), described(unnamed(other))) << at;
            other = known.substr(0, at);
            ASSERT_EQ(described(other), described(unnamed(other))) << at;
        }
    });
}

TEST(JsonMemory, WhatFollowsARememberedValue_IsStillJudged) {
    on_a_thread_of_its_own([] {
        const std::string known = R"({"tools":)" + tools(1, 40);
        for (int round = 0; round < 3; ++round) described(known + "}");
        const std::string at = "malformed JSON at byte " + std::to_string(known.size());
        EXPECT_EQ(described(known + "]"), at + ": expected a comma or }");
        EXPECT_EQ(described(known + "\x01"), at + ": expected a comma or }");
        EXPECT_EQ(described(known + "x"), at + ": expected a comma or }");
        EXPECT_EQ(described(known), at + ": expected a comma or }");
    });
}

TEST(JsonMemory, MalformedText_LeavesNothingBehind) {
    on_a_thread_of_its_own([] {
        const std::string wrong = R"({"tools":[")" + std::string(2000, 'x') + "\xc3\x28\"]}";
        for (int round = 0; round < 4; ++round) {
            EXPECT_EQ(described(wrong), "malformed JSON at byte 2011: expected valid UTF-8");
        }
        EXPECT_EQ(ValueMemory::of_this_thread().kept_bytes(), 0u);
    });
}

// The number of the outermost member `name` after the text was parsed `times` times.
std::uint64_t number_of(std::string_view name, const std::string& text, int times = 1) {
    Document document;
    for (int i = 0; i < times; ++i) EXPECT_TRUE(document.parse(text).ok()) << text;
    return document.root()[name].known();
}

TEST(JsonMemory, SystemPrompt_IsRememberedWithTools) {
    on_a_thread_of_its_own([] {
        const std::string prompt =
            R"([{"type":"text","text":")" + std::string(2000, 'p') + R"("}])";
        std::string before = R"({"model":"m","tools":)" + tools(1, 40) + R"(,"system":)";
        for (int round = 0; round < 5; ++round) {
            const std::string text = before + prompt + R"(,"max_tokens":5})";
            ASSERT_EQ(described(text), described(unnamed(text))) << round;
            before.insert(1, R"("x)" + std::to_string(round) + R"(":[],)");
        }
        EXPECT_EQ(ValueMemory::of_this_thread().find(prompt + ",")->text, prompt);
        EXPECT_EQ(ValueMemory::of_this_thread().find(tools(1, 40) + ",")->text, tools(1, 40));
    });
}

TEST(JsonMemory, SameBytes_HaveOneNumberWhereverTheyStand) {
    on_a_thread_of_its_own([] {
        const std::string list = tools(1, 40);
        EXPECT_EQ(number_of("tools", R"({"tools":)" + list + "}"), 0u);  // at first sight
        EXPECT_EQ(number_of("tools", R"({"tools":)" + list + "}"), 0u);  // it is kept
        const std::uint64_t number = number_of("tools", R"({"tools":)" + list + "}");
        EXPECT_NE(number, 0u);
        EXPECT_EQ(number_of("tools", R"({"a":[1,{"b":2}], "tools" : )" + list + "}"), number);
        EXPECT_EQ(number_of("system", R"({"system":)" + list + R"(,"tools":1})"), number);
    });
}

TEST(JsonMemory, AnotherByte_HasAnotherNumber) {
    on_a_thread_of_its_own([] {
        const std::string known = R"({"tools":)" + tools(1, 40) + "}";
        const std::uint64_t number = number_of("tools", known, 3);
        ASSERT_NE(number, 0u);
        std::vector<std::uint64_t> seen{number};
        for (std::size_t at = known.find("tool1_"); at != known.npos;
             at = known.find("tool1_", at + 1)) {
            std::string other = known;
            other[at] = 'T';
            EXPECT_EQ(number_of("tools", other), 0u);
            seen.push_back(number_of("tools", other, 2));
        }
        std::sort(seen.begin(), seen.end());
        EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
        EXPECT_NE(seen.front(), 0u);
    });
}

TEST(JsonMemory, OnlyTheOutermostValueItself_HasANumber) {
    on_a_thread_of_its_own([] {
        const std::string text = R"({"other":)" + tools(2, 40) + R"(,"tools":)" + tools(1, 40) +
                                 R"(,"metadata":{"tools":)" + tools(1, 40) + "}}";
        Document document;
        for (int round = 0; round < 4; ++round) ASSERT_TRUE(document.parse(text).ok());
        const Value root = document.root();
        EXPECT_NE(root["tools"].known(), 0u);
        EXPECT_EQ(root.known(), 0u);
        EXPECT_EQ(root["other"].known(), 0u);
        EXPECT_EQ(root["metadata"]["tools"].known(), 0u);
        EXPECT_EQ(root["absent"].known(), 0u);
        for (const Value tool : root["tools"].elements()) EXPECT_EQ(tool.known(), 0u);
    });
}

TEST(JsonMemory, TextThatIsNotParsed_HasNoNumbers) {
    on_a_thread_of_its_own([] {
        const std::string text = R"({"tools":)" + tools(1, 40) + "}";
        Document document;
        for (int round = 0; round < 3; ++round) ASSERT_TRUE(document.parse(text).ok());
        const Value list = document.root()["tools"];
        EXPECT_NE(list.known(), 0u);
        EXPECT_FALSE(document.parse(text + "x").ok());
        EXPECT_EQ(list.known(), 0u);
        EXPECT_TRUE(document.parse(R"({"tools":[1]})").ok());
        EXPECT_EQ(document.root()["tools"].known(), 0u);
    });
}

TEST(JsonMemory, EachThread_HasNumbersOfItsOwn) {
    const std::string text = R"({"tools":)" + tools(1, 40) + "}";
    std::uint64_t first = 0, second = 0;
    on_a_thread_of_its_own([&] { first = number_of("tools", text, 3); });
    on_a_thread_of_its_own([&] { second = number_of("tools", text, 3); });
    EXPECT_NE(first, 0u);
    EXPECT_NE(second, 0u);
    EXPECT_NE(first, second);
}

TEST(JsonMemory, OverItsBounds_TheOldestGo) {
    on_a_thread_of_its_own([] {
        const ValueMemory& memory = ValueMemory::of_this_thread();
        for (int number = 0; number < 100; ++number) {
            const std::string text = R"({"tools":)" + tools(number, 300) + "}";
            for (int round = 0; round < 3; ++round) described(text);
            ASSERT_LE(memory.kept_bytes(), ValueMemory::bytes_max);
        }
        EXPECT_GT(memory.kept_bytes(), ValueMemory::bytes_max / 2);
        EXPECT_EQ(ValueMemory::of_this_thread().find(tools(0, 300)), nullptr);
        EXPECT_NE(ValueMemory::of_this_thread().find(tools(99, 300)), nullptr);
    });
}

}  // namespace
}  // namespace tollgate::json
