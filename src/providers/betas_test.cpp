#include "providers/betas.hpp"

#include <gtest/gtest.h>

namespace tollgate::providers {
namespace {

// As data/betas.yaml makes them.
BetaFilter filter() {
    BetaRule cloud{"vertex_ai", {"web-search-*", "context-1m-*"}, {"speed", "container"}};
    cloud.output_fields = {"effort"};
    cloud.tool_fields = {"defer_loading"};
    cloud.tool_types = {"web_search_"};
    cloud.cache_fields = {"scope"};
    cloud.hosts = {".example.com"};
    BetaRule inside{"bedrock", {"fast-mode-*"}, {"speed"}};
    inside.rename = {{"advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19"}};
    inside.tool_fields = {"custom"};
    inside.in_body = true;
    return BetaFilter({cloud, inside, {"plain", {}, {}, true}});
}

domain::Deployment target(std::string type, std::string base_url = {}) {
    domain::Deployment made;
    made.provider.type = std::move(type);
    made.base_url = std::move(base_url);
    made.model_name = "m";
    return made;
}

struct Outcome {
    std::string body;
    std::vector<std::string> dropped;
};

Outcome spliced(std::string body, const domain::Deployment& to = target("vertex_ai"),
                const http::Headers& client = {}) {
    base::Arena arena;
    dialect::Outline outline;
    EXPECT_TRUE(json::scan_top_level(body, outline.fields).ok());
    dialect::Translation translation;
    auto splices = filter().body_splices(to, body, outline, client, translation);
    if (!splices.ok()) return {"error: " + splices.error().message, {}};
    std::size_t end = body.size();
    for (auto splice = splices->rbegin(); splice != splices->rend(); ++splice) {
        EXPECT_LE(splice->end, end) << "splices overlap";
        end = splice->begin;
        body.replace(splice->begin, splice->end - splice->begin, splice->text);
    }
    json::Document document;
    EXPECT_TRUE(document.parse(body).ok()) << body;
    return {body, translation.dropped};
}

TEST(Betas, UnknownTarget_GetsTheHeaderAsSpelled) {
    std::vector<std::string> removed;
    EXPECT_EQ(filter().filter_header(target("anthropic"), "a ,  b,,c", removed), "a ,  b,,c");
    EXPECT_TRUE(removed.empty());
}

TEST(Betas, KnownTarget_LosesOnlyWhatItRefuses) {
    std::vector<std::string> removed;
    EXPECT_EQ(filter().filter_header(
                  target("vertex_ai"), "claude-code-20250219, web-search-2025-03-05,effort-2025",
                  removed),
              "claude-code-20250219,effort-2025");
    EXPECT_EQ(removed, std::vector<std::string>{"web-search-2025-03-05"});
    EXPECT_EQ(filter().filter_header(target("plain"), "a,b", removed), "");
}

TEST(Betas, CustomTarget_IsKnownByItsHost) {
    std::vector<std::string> removed;
    EXPECT_EQ(filter().filter_header(target("mine", "https://a.example.com:8443/v1"),
                                     "x,context-1m-2025", removed),
              "x");
    EXPECT_EQ(filter().filter_header(target("mine", "https://example.org"), "context-1m-2025",
                                     removed),
              "context-1m-2025");
}

TEST(Betas, RefusedFields_GoWithTheirCommas) {
    EXPECT_EQ(spliced(R"({"model":"m","speed":"fast","max_tokens":1})").body,
              R"({"model":"m","max_tokens":1})");
    EXPECT_EQ(spliced(R"({"speed": 1, "container": {"a":[1]} , "model":"m"})").body,
              R"({"model":"m"})");
    EXPECT_EQ(spliced(R"({"model":"m","container":1,"speed":2})").body, R"({"model":"m"})");
    EXPECT_EQ(spliced(R"({"speed":2})").body, R"({})");
    EXPECT_EQ(spliced(R"({"model":{"speed":2}})").body, R"({"model":{"speed":2}})");
    EXPECT_EQ(spliced(R"({"model":"m","speed":1})").dropped, std::vector<std::string>{"speed"});
}

TEST(Betas, RefusedFieldsInside_GoAndEmptyObjectsWithThem) {
    EXPECT_EQ(spliced(R"({"a":1,"output_config":{"effort":"low","format":{}},"b":2})").body,
              R"({"a":1,"output_config":{"format":{}},"b":2})");
    EXPECT_EQ(spliced(R"({"a":1,"output_config":{"effort":"low"},"speed":1})").body, R"({"a":1})");
    EXPECT_EQ(spliced(R"({"tools":[{"defer_loading":true,"name":"x"},{"name":"y"},)"
                      R"({"name":"z","custom":{"defer_loading":false,"a":1}}],"b":2})")
                  .body,
              R"({"tools":[{"name":"x"},{"name":"y"},{"name":"z","custom":{"a":1}}],"b":2})");
}

TEST(Betas, RefusedTools_AreAnErrorOrGoWithTheirChoice) {
    const std::string body =
        R"({"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"y"}],)"
        R"("tool_choice":{"type":"tool","name":"web_search"},"b":2})";
    EXPECT_EQ(spliced(body).body,
              "error: tools: the hosted tool web_search_20250305 is not offered there (target "
              "vertex_ai/m); remove it, choose another model, or set drop_unsupported for this "
              "model");
    auto lenient = target("vertex_ai");
    lenient.drop_unsupported = true;
    EXPECT_EQ(spliced(body, lenient).body, R"({"tools":[{"name":"y"}],"b":2})");
    EXPECT_EQ(spliced(R"({"a":1,"tool_choice":{"type":"auto"},)"
                      R"("tools":[{"type":"web_search_x","name":"w","cache_control":)"
                      R"({"type":"ephemeral","scope":"global"}}]})",
                      lenient)
                  .body,
              R"({"a":1})");
}

TEST(Betas, CacheMarks_LoseWhatIsRefused) {
    const std::string mark = R"("cache_control":{"type":"ephemeral","scope":"global"})";
    const std::string clean = R"("cache_control":{"type":"ephemeral"})";
    auto body = [](const std::string& with) {
        return R"({"system":[{"type":"text","text":"a \"scope\"",)" + with +
               R"(}],"tools":[{"name":"t",)" + with +
               R"(}],"messages":[{"role":"user","content":[{"type":"tool_result",)" +
               R"("content":[{"type":"text",)" + with + R"(}]},{)" + with +
               "}]}]," + with + "}";
    };
    EXPECT_EQ(spliced(body(mark)).body, body(clean));
    EXPECT_EQ(spliced(body(clean)).body, body(clean));
}

TEST(Betas, TargetThatWantsThemInTheBody_GetsThemThere) {
    http::Headers client;
    client.add("anthropic-beta", "claude-code-20250219, fast-mode-2026-02-01");
    client.add("Anthropic-Beta", "advanced-tool-use-2025-11-20,claude-code-20250219");
    auto to = target("bedrock");
    to.extra_headers.emplace_back("anthropic-beta", "context-1m-2025-08-07");
    const std::string list =
        R"(["claude-code-20250219","tool-search-tool-2025-10-19","context-1m-2025-08-07"])";
    const auto outcome = spliced(R"({"speed":"fast","messages":[]})", to, client);
    EXPECT_EQ(outcome.body, R"({"anthropic_beta":)" + list + R"(,"messages":[]})");
    EXPECT_EQ(outcome.dropped, (std::vector<std::string>{"fast-mode-2026-02-01", "speed"}));
    EXPECT_EQ(spliced(R"({"messages":[],"anthropic_beta":["claude-code-20250219"]})", to, client)
                  .body,
              R"({"messages":[],"anthropic_beta":)" + list + "}");
    std::vector<std::string> removed;
    EXPECT_EQ(filter().filter_header(to, "claude-code-20250219", removed), "");
}

TEST(Betas, BodyWhoseBetasAreAllRefused_LosesTheArray) {
    const std::string body = R"({"anthropic_beta":["fast-mode-x"],"messages":[]})";
    EXPECT_EQ(spliced(body, target("bedrock")).body, R"({"messages":[]})");
    EXPECT_EQ(spliced(R"({"messages":[]})", target("bedrock")).body, R"({"messages":[]})");
}

TEST(Betas, ConfiguredBodyArray_IsLeftToTheDialect) {
    auto to = target("bedrock");
    to.extra_body.emplace_back("anthropic_beta", R"(["x"])");
    http::Headers client;
    client.add("anthropic-beta", "a");
    EXPECT_EQ(spliced(R"({"messages":[]})", to, client).body, R"({"messages":[]})");
}

TEST(Betas, ToolsInTheirCustomForm_LoseIt) {
    EXPECT_EQ(spliced(R"({"tools":[{"type":"custom","name":"x","custom":{"defer_loading":true}}]})",
                      target("bedrock"))
                  .body,
              R"({"tools":[{"type":"custom","name":"x"}]})");
}

}  // namespace
}  // namespace tollgate::providers
