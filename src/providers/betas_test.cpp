#include "providers/betas.hpp"

#include <gtest/gtest.h>

namespace tollgate::providers {
namespace {

BetaFilter filter() {
    return BetaFilter({
        {"vertex_ai", {"web-search-*", "context-1m-*"}, 
         {"speed", "container", "output_config.effort", "tools[].defer_loading"}, false},
        {"plain", {}, {}, true},
    });
}

std::string spliced(std::string body) {
    base::Arena arena;
    dialect::Outline outline;
    EXPECT_TRUE(json::scan_top_level(body, outline.fields).ok());
    dialect::Translation translation;
    auto splices = filter().field_splices("vertex_ai", body, outline, translation);
    for (auto splice = splices.rbegin(); splice != splices.rend(); ++splice) {
        body.replace(splice->begin, splice->end - splice->begin, splice->text);
    }
    return body;
}

TEST(Betas, UnknownTarget_GetsTheHeaderAsSpelled) {
    std::vector<std::string> removed;
    EXPECT_EQ(filter().filter_header("anthropic", "a ,  b,,c", removed), "a ,  b,,c");
    EXPECT_TRUE(removed.empty());
}

TEST(Betas, KnownTarget_LosesOnlyWhatItRefuses) {
    std::vector<std::string> removed;
    EXPECT_EQ(filter().filter_header(
                  "vertex_ai", "claude-code-20250219, web-search-2025-03-05,effort-2025", removed),
              "claude-code-20250219,effort-2025");
    EXPECT_EQ(removed, std::vector<std::string>{"web-search-2025-03-05"});
    EXPECT_EQ(filter().filter_header("plain", "a,b", removed), "");
}

TEST(Betas, RefusedFields_GoWithTheirCommas) {
    EXPECT_EQ(spliced(R"({"model":"m","speed":"fast","max_tokens":1})"),
              R"({"model":"m","max_tokens":1})");
    EXPECT_EQ(spliced(R"({"speed": 1, "container": {"a":[1]} , "model":"m"})"), R"({"model":"m"})");
    EXPECT_EQ(spliced(R"({"model":"m","container":1,"speed":2})"), R"({"model":"m"})");
    EXPECT_EQ(spliced(R"({"speed":2})"), R"({})");
    EXPECT_EQ(spliced(R"({"model":{"speed":2}})"), R"({"model":{"speed":2}})");
}

TEST(Betas, RefusedFieldsInside_GoAndEmptyObjectsWithThem) {
    EXPECT_EQ(spliced(R"({"a":1,"output_config":{"effort":"low","format":{}},"b":2})"),
              R"({"a":1,"output_config":{"format":{}},"b":2})");
    EXPECT_EQ(spliced(R"({"a":1,"output_config":{"effort":"low"},"speed":1})"), R"({"a":1})");
    EXPECT_EQ(spliced(R"({"tools":[{"defer_loading":true,"name":"x"},{"name":"y"},)"
                      R"({"name":"z","defer_loading":false}],"b":2})"),
              R"({"tools":[{"name":"x"},{"name":"y"},{"name":"z"}],"b":2})");
}

TEST(Betas, Globs) {
    EXPECT_TRUE(glob_match("a-*", "a-2025"));
    EXPECT_TRUE(glob_match("*-b*c", "x-b-b-c"));
    EXPECT_TRUE(glob_match("*", ""));
    EXPECT_FALSE(glob_match("a-*", "b-a-1"));
    EXPECT_FALSE(glob_match("abc", "abcd"));
}

}  // namespace
}  // namespace tollgate::providers
