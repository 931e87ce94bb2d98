#include "dialect/schema_memory.hpp"

#include <gtest/gtest.h>

#include "dialect/gemini_schema.hpp"
#include "dialect/schema.hpp"

namespace tollgate::dialect {
namespace {

using Kind = SchemaForm::Kind;

std::string numbered(int number, std::size_t bytes) {
    std::string schema = R"({"title":")" + std::to_string(number) + R"(","description":")";
    schema.append(bytes, 'x');
    return schema + "\"}";
}

std::string text_of(const std::string* found) { return found == nullptr ? "unknown" : *found; }

TEST(SchemaMemory, WhatWasKept_IsFoundInItsFormOnly) {
    SchemaMemory memory;
    const std::vector<std::string> drop = {"format"};
    const std::vector<std::string> equal = drop;
    const std::vector<std::string> longer = {"format", "title"};
    EXPECT_EQ(text_of(memory.find("{}", {Kind::rules})), "unknown");
    memory.keep("{}", {Kind::rules, true, false, &drop}, "A");
    EXPECT_EQ(text_of(memory.find("{}", {Kind::rules, true, false, &equal})), "A");
    EXPECT_EQ(text_of(memory.find("{}", {Kind::rules, true, false, &longer})), "unknown");
    EXPECT_EQ(text_of(memory.find("{}", {Kind::rules, true, false, nullptr})), "unknown");
    EXPECT_EQ(text_of(memory.find("{}", {Kind::rules, false, false, &equal})), "unknown");
    EXPECT_EQ(text_of(memory.find("{}", {Kind::rules, true, true, &equal})), "unknown");
    EXPECT_EQ(text_of(memory.find("{}", {Kind::gemini, true, false, &equal})), "unknown");
    EXPECT_EQ(text_of(memory.find("{ }", {Kind::rules, true, false, &equal})), "unknown");
}

TEST(SchemaMemory, SchemasThatDifferInOneByte_AreNotMistaken) {
    SchemaMemory memory;
    const std::string schema = numbered(1, 2000);
    memory.keep(schema, {Kind::gemini}, "first");
    for (std::size_t at = 0; at < schema.size(); ++at) {
        std::string other = schema;
        other[at] = '~';
        ASSERT_EQ(text_of(memory.find(other, {Kind::gemini})), "unknown") << at;
    }
    EXPECT_EQ(text_of(memory.find(schema, {Kind::gemini})), "first");
}

TEST(SchemaMemory, OverItsBounds_TheOldestGo) {
    SchemaMemory memory;
    const std::string often = numbered(-1, 10);
    memory.keep(often, {Kind::gemini}, "often");
    constexpr int count = 2000;
    for (int i = 0; i < count; ++i) {
        memory.keep(numbered(i, 30'000), {Kind::gemini}, "short");
        ASSERT_NE(memory.find(often, {Kind::gemini}), nullptr) << i;
        ASSERT_LE(memory.kept_bytes(), SchemaMemory::bytes_max);
    }
    EXPECT_EQ(memory.find(numbered(0, 30'000), {Kind::gemini}), nullptr);
    EXPECT_NE(memory.find(numbered(count - 1, 30'000), {Kind::gemini}), nullptr);
}

TEST(SchemaMemory, TooLarge_IsNotKept) {
    SchemaMemory memory;
    const std::string schema = numbered(1, SchemaMemory::entry_bytes_max);
    memory.keep(schema, {Kind::gemini}, "short");
    EXPECT_EQ(memory.find(schema, {Kind::gemini}), nullptr);
    EXPECT_EQ(memory.kept_bytes(), 0u);
}

TEST(SchemaMemory, SecondRewriting_AppendsTheSame) {
    const std::string schema = R"({"type":"object","properties":{"a":{"type":"string"}}})";
    const std::vector<std::string> drop = {"type"};
    std::string out = "1 ";
    append_schema(out, schema, {nullptr, true});
    append_gemini_schema(out += " 2 ", schema);
    append_schema(out += " 3 ", schema, {&drop});
    const std::string first = out;
    out = "1 ";
    append_schema(out, schema, {nullptr, true});
    append_gemini_schema(out += " 2 ", schema);
    append_schema(out += " 3 ", schema, {&drop});
    EXPECT_EQ(out, first);
    EXPECT_EQ(out, R"(1 {"type":"object","properties":{"a":{"type":"string"}},"required":["a"],)"
                   R"("additionalProperties":false} 2 {"type":"object","properties":{"a":)"
                   R"({"type":"string"}}} 3 {"properties":{"a":{}}})");
}

}  // namespace
}  // namespace tollgate::dialect
