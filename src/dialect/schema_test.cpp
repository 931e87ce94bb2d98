#include "dialect/schema.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

std::string rewritten(std::string_view schema, std::vector<std::string> drop, bool strict = false) {
    std::string out;
    append_schema(out, schema, {&drop, strict});
    return out;
}

TEST(Schema, NothingToChange_IsVerbatim) {
    EXPECT_EQ(rewritten(R"({ "type" : "object" })", {}), R"({ "type" : "object" })");
    EXPECT_EQ(rewritten("", {}), R"({"type":"object","properties":{}})");
}

TEST(Schema, DroppedKeyword_GoesAtEveryDepthButNotAsAProperty) {
    EXPECT_EQ(rewritten(R"({"$schema":"x","properties":{"format":{"type":"string","format":"uri"},)"
                        R"("list":{"items":[{"format":"date"}]}},"enum":[{"format":1}]})",
                        {"$schema", "format"}),
              R"({"properties":{"format":{"type":"string"},"list":{"items":[{}]}},)"
              R"("enum":[{"format":1}]})");
}

TEST(Schema, Strict_ClosesObjectsAndRequiresAll) {
    EXPECT_EQ(rewritten(R"({"type":"object","properties":{"a":{"type":"object","properties":)"
                        R"({"b":{"type":"integer"}}},"c\"d":{}},"required":["a"]})",
                        {}, true),
              R"({"type":"object","properties":{"a":{"type":"object","properties":)"
              R"({"b":{"type":"integer"}},"required":["b"],"additionalProperties":false},)"
              R"("c\"d":{}},"required":["a","c\"d"],"additionalProperties":false})");
}

TEST(Schema, StrictObjectWithoutProperties_GetsNone) {
    EXPECT_EQ(rewritten(R"({"type":"object"})", {}, true),
              R"({"type":"object","properties":{},"required":[],"additionalProperties":false})");
}

}  // namespace
}  // namespace tollgate::dialect
