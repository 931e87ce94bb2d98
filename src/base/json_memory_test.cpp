#include "base/json_memory.hpp"

#include <gtest/gtest.h>

#include <thread>

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
    for (std::size_t at = 0; (at = text.find("\"tools\"", at)) != text.npos;) text[at + 5] = 'z';
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
