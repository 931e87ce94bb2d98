// What the tests of assembly share: the shipped catalog, codecs, and a configuration as text.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "assembly/build_snapshot.hpp"

namespace tollgate::assembly {

inline std::string data_file(const std::string& name) {
    std::ifstream stream(std::string(TOLLGATE_SOURCE_DIR) + "/data/" + name);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// One installation: set `variables`, then build() as often as is needed.
class World : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const std::string providers = data_file("providers.yaml"),
                          models = data_file("models.yaml"), betas = data_file("betas.yaml");
        auto loaded = config::load_catalog({providers, models, betas});
        ASSERT_TRUE(loaded.ok()) << loaded.error().message;
        catalog_ = std::make_shared<const config::Catalog>(std::move(loaded).value());
    }
    static void TearDownTestSuite() { catalog_ = nullptr; }

    config::Config load(std::string_view yaml) {
        auto loaded = config::load_text(yaml, "test.yaml", environment_);
        EXPECT_TRUE(loaded.ok()) << loaded.report();
        return std::move(loaded.config);
    }
    const BuildResult& build(const config::Config& config) {
        result_ = build_snapshot(
            {config, catalog_, environment_, registry_, shared_, nullptr, generated_key_, 7});
        return result_;
    }
    const BuildResult& build(std::string_view yaml) { return build(load(yaml)); }

    // The problems of the last build, one per line.
    std::string problems() const {
        std::string text;
        for (const config::Problem& problem : result_.problems) text += problem.text() + "\n";
        return text;
    }
    const gateway::Snapshot& snapshot() const { return *result_.snapshot; }
    const gateway::Group* group(std::string_view name) const {
        for (const auto& group : snapshot().groups) {
            if (group->name == name) return group.get();
        }
        return nullptr;
    }
    // The only deployment of a name. REQUIRES: there is one.
    const gateway::Endpoint& endpoint(std::string_view name) const {
        const gateway::Group* found = group(name);
        if (found == nullptr || found->endpoints.size() != 1) {
            throw std::runtime_error(std::string(name) +
                                     " has no single deployment: " + problems());
        }
        return *found->endpoints.front();
    }
    const domain::Deployment& deployment(std::string_view name) const {
        return endpoint(name).deployment;
    }
    // The deployments that a name leads to, those on demand among them.
    base::Result<std::vector<gateway::EndpointPointer>> made(std::string_view name) const {
        const routing::Resolution resolution = snapshot().names.resolve(name);
        if (!resolution.found()) return snapshot().names.not_found(name, resolution);
        return snapshot().make_endpoints(resolution.candidates.front());
    }

    static inline std::shared_ptr<const config::Catalog> catalog_;
    config::Environment environment_;
    std::string generated_key_;
    Shared shared_;
    BuildResult result_;

private:
    const dialect::Codec anthropic_ = dialect::make_anthropic();
    const dialect::Codec openai_chat_ = dialect::make_openai_chat();
    const dialect::Codec openai_responses_ = dialect::make_openai_responses();
    const dialect::Codec ollama_ = dialect::make_ollama();
    const dialect::Codec cohere_ = dialect::make_cohere();
    const dialect::Codec gemini_ = dialect::make_gemini();
    const dialect::Codec converse_ = dialect::make_bedrock_converse();
    const dialect::Codec invoke_ = dialect::make_bedrock_invoke();
    std::shared_ptr<const providers::Registry> registry_ = std::make_shared<providers::Registry>(
        providers::Dialects{.anthropic = anthropic_.provider.get(),
                            .openai_chat = openai_chat_.provider.get(),
                            .openai_responses = openai_responses_.provider.get(),
                            .ollama = ollama_.provider.get(),
                            .gemini = gemini_.provider.get(),
                            .bedrock_converse = converse_.provider.get(),
                            .bedrock_invoke = invoke_.provider.get(),
                            .cohere = cohere_.provider.get()},
        providers::BetaFilter(std::vector<providers::BetaRule>{}));
};

}  // namespace tollgate::assembly
