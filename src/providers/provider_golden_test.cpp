// Runs tests/golden/providers/**/*.txt. A file:
//     what the case shows, in one line
//     op: headers | path | count_tokens_path | count_tokens | protocol | error | base_url | body
//     type: openrouter                   (the provider type)
//     protocol: anthropic                (what the row speaks, and what was spoken unless
//                                         `set: spoken=` says otherwise)
//     client: anthropic                  (op headers: the client's protocol)
//     set: api_key=sk-x                  (any number; see apply() below)
//     ----------
//     headers: the client's, one per line; path: the client's query; protocol: the client's body;
//     error: the status, the headers one per line, an empty line, the body; body: the client's
//     headers, an empty line, the body before body_splices(); count_tokens: the body to count
//     ----------
//     what is expected
// With TOLLGATE_WRITE_GOLDEN=1 the expected parts are written anew, to be reviewed as a diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "providers/registry.hpp"

namespace tollgate::providers {
namespace {

namespace fs = std::filesystem;
using domain::Protocol;

constexpr std::string_view separator = "----------\n";

Protocol protocol_named(std::string_view name) {
    for (auto protocol :
         {Protocol::anthropic, Protocol::openai_chat, Protocol::openai_responses, Protocol::ollama,
          Protocol::gemini, Protocol::bedrock_converse, Protocol::cohere}) {
        if (domain::to_string(protocol) == name) return protocol;
    }
    ADD_FAILURE() << "unknown protocol " << name;
    return Protocol::anthropic;
}

struct Case {
    std::string op, client = "anthropic", head, input, expected;
    Protocol protocol = Protocol::openai_chat;
    bool stream = false;
    domain::Deployment target;

    void apply(const std::string& name, const std::string& value) {
        auto& provider = target.provider;
        if (name == "row_protocol") {  // where the row's is not the one that is spoken
            provider.protocol = protocol_named(value);
            return;
        }
        if (name == "api_key") target.api_key = value;
        else if (name == "base_url") target.base_url = value;
        else if (name == "chat_path") provider.chat_path = value;
        else if (name == "row_protocol") provider.protocol = protocol_named(value);
        else if (name == "stream") stream = value == "true";
        else if (name == "spoken") protocol = protocol_named(value);
        else if (name == "model_name") target.model_name = value;
        else if (name == "family") target.model.family = value;
        else if (name == "region") target.place.region = value;
        else if (name == "project") target.place.project = value;
        else if (name == "api_version") target.place.api_version = value;
        else if (name == "model_id") target.place.model_id = value;
        else if (name == "fips") target.place.fips = value == "true";
        else if (name == "envelope") {
            provider.envelope = value == "vertex" ? domain::Envelope::vertex
                                                  : domain::Envelope::bedrock;
        }
        else if (name == "responses") provider.responses = value == "true";
        else if (name == "responses_only") target.model.responses_only = value == "true";
        else if (name == "tools_need_responses") {
            target.model.tools_need_responses = value == "true";
        } else if (name.starts_with("header.")) {
            target.extra_headers.emplace_back(name.substr(7), value);
        } else if (name.starts_with("row_header.")) {
            provider.headers.emplace_back(name.substr(11), value);
        } else if (name == "auth") {
            provider.auth = value == "x_api_key" ? domain::AuthStyle::x_api_key
                            : value == "api_key" ? domain::AuthStyle::api_key
                            : value == "none"    ? domain::AuthStyle::none
                                                 : domain::AuthStyle::bearer;
        } else ADD_FAILURE() << "unknown setting " << name;
    }
};

Case read(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream all;
    all << file.rdbuf();
    std::string text = all.str();
    Case one;
    auto first = text.find(separator);
    auto second = text.find(separator, first + separator.size());
    if (first == text.npos || second == text.npos) {
        ADD_FAILURE() << path << ": two separator lines are needed";
        return one;
    }
    one.input = text.substr(first + separator.size(), second - first - separator.size());
    one.expected = text.substr(second + separator.size());
    one.head = text.substr(0, first);
    std::istringstream head(one.head);
    std::string line;
    std::getline(head, line);  // what it shows
    while (std::getline(head, line)) {
        auto colon = line.find(": ");
        std::string name = line.substr(0, colon), value = line.substr(colon + 2);
        if (name == "op") one.op = value;
        else if (name == "type") one.target.provider.type = value;
        else if (name == "client") one.client = value;
        else if (name == "protocol") {
            one.target.provider.protocol = one.protocol = protocol_named(value);
        } else if (name == "set") {
            auto equals = value.find('=');
            one.apply(value.substr(0, equals), value.substr(equals + 1));
        }
        else ADD_FAILURE() << path << ": unknown line " << line;
    }
    return one;
}

// Header lines up to an empty line or the end; `text` must outlive the result.
http::Headers header_lines(std::string_view& text) {
    http::Headers headers;
    while (!text.empty()) {
        auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.empty()) break;
        auto colon = line.find(": ");
        headers.add(line.substr(0, colon), line.substr(colon + 2));
    }
    return headers;
}

std::string without_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string error_text(const Provider& provider, const Case& one) {
    std::string_view rest = one.input;
    int status = std::stoi(one.input);
    rest.remove_prefix(rest.find('\n') + 1);
    auto headers = header_lines(rest);
    std::string body = without_newline(std::string(rest));
    auto verdict = provider.classify_error(status, headers, body, one.protocol);
    const auto& failure = verdict.failure;
    std::string out(domain::to_string(failure.error_class));
    out += "\ntype: " + failure.type + "\nmessage: " + failure.message + "\n";
    if (verdict.retry_after.count() >= 0) {
        out += "retry_after_ms: " + std::to_string(verdict.retry_after.count()) + "\n";
    }
    if (failure.prompt_tokens > 0 || failure.context_tokens > 0) {
        out += "tokens: " + std::to_string(failure.prompt_tokens) + " of " +
               std::to_string(failure.context_tokens) + "\n";
    }
    return out;
}

std::string spliced_body(const Provider& provider, const Case& one) {
    std::string_view rest = one.input;
    const auto client = header_lines(rest);
    std::string body = without_newline(std::string(rest));
    auto outline = dialect::outline_translated(one.protocol, body);
    EXPECT_TRUE(outline.ok());
    if (!outline.ok()) return {};
    dialect::Translation translation;
    auto splices =
        provider.body_splices(one.target, one.protocol, body, *outline, client, translation);
    if (!splices.ok()) return "error: " + splices.error().message + "\n";
    for (auto at = splices->rbegin(); at != splices->rend(); ++at) {
        body.replace(at->begin, at->end - at->begin, at->text);
    }
    body += "\n";
    for (const std::string& dropped : translation.dropped) body += "dropped: " + dropped + "\n";
    return body;
}

std::string run(const Registry& registry, const Case& one) {
    const Provider& provider = registry.serving(one.target.provider);
    std::string_view input = one.input;
    if (one.op == "headers") {
        auto client = header_lines(input);
        std::string out;
        auto list = provider.headers(one.target, protocol_named(one.client), client);
        for (const http::Header& header : list) {
            out.append(header.name).append(": ").append(header.value).append("\n");
        }
        return out;
    }
    if (one.op == "error") return error_text(provider, one);
    if (one.op == "path") {
        return provider.relay_path(one.target, one.protocol, without_newline(one.input),
                                   one.stream) +
               "\n";
    }
    if (one.op == "base_url") {
        auto url = provider.default_base_url(one.target);
        return (url.ok() ? *url : "error: " + url.error().message) + "\n";
    }
    if (one.op == "body") return spliced_body(provider, one);
    if (one.op == "count_tokens") {
        auto call = provider.count_tokens(one.target, one.protocol, {}, without_newline(one.input));
        return call ? call->path + "\n" + call->body + "\n" : std::string("none\n");
    }
    if (one.op == "count_tokens_path") {
        auto call = provider.count_tokens(one.target, one.protocol, without_newline(one.input), {});
        return (call ? call->path : "none") + "\n";
    }
    if (one.op == "protocol") {
        dialect::Outline outline;
        EXPECT_TRUE(json::scan_top_level(one.input, outline.fields).ok());
        return std::string(domain::to_string(provider.protocol_for(one.target, outline,
                                                             protocol_named(one.client)))) + "\n";
    }
    ADD_FAILURE() << "unknown op " << one.op;
    return {};
}

// The provider sides of the dialects, one line each.
struct Codecs {
    dialect::Codec anthropic = dialect::make_anthropic(), chat = dialect::make_openai_chat(),
                   responses = dialect::make_openai_responses(), ollama = dialect::make_ollama(),
                   cohere = dialect::make_cohere(), gemini = dialect::make_gemini(),
                   converse = dialect::make_bedrock_converse(),
                   invoke = dialect::make_bedrock_invoke();
    Dialects sides() const {
        Dialects all;
        all.anthropic = anthropic.provider.get();
        all.openai_chat = chat.provider.get();
        all.openai_responses = responses.provider.get();
        all.ollama = ollama.provider.get();
        all.cohere = cohere.provider.get();
        all.gemini = gemini.provider.get();
        all.bedrock_converse = converse.provider.get();
        all.bedrock_invoke = invoke.provider.get();
        return all;
    }
};

BetaFilter beta_rules() {
    BetaRule vertex{"vertex_ai", {"web-search-*", "fast-mode-*"}, {"speed"}};
    BetaRule bedrock{"bedrock", {"fast-mode-*"}, {"speed"}};
    bedrock.rename = {{"advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19"}};
    bedrock.tool_fields = {"custom"};
    bedrock.in_body = true;
    BetaRule mantle{"bedrock_mantle", {"fast-mode-*"}, {"speed"}};
    return BetaFilter({vertex, bedrock, mantle});
}

TEST(ProviderGolden, EveryFile_GivesWhatItSays) {
    const Codecs codecs;
    Registry registry(codecs.sides(), beta_rules());
    int files = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(TOLLGATE_SOURCE_DIR "/tests/golden/providers")) {
        if (entry.path().extension() != ".txt") continue;
        ++files;
        Case one = read(entry.path());
        std::string outcome = run(registry, one);
        if (std::getenv("TOLLGATE_WRITE_GOLDEN") == nullptr) {
            EXPECT_EQ(outcome, one.expected) << entry.path() << "\n" << one.head;
            continue;
        }
        std::ofstream file(entry.path(), std::ios::binary);
        file << one.head << separator << one.input << separator << outcome;
    }
    EXPECT_GE(files, 20);
}

TEST(Registry, RowsWithoutCodeOfTheirOwn_AreServedByProtocol) {
    const Codecs codecs;
    Registry registry(codecs.sides(), {});
    auto type_of = [&](std::string type, Protocol protocol, bool echo = false) {
        domain::ProviderTraits row;
        row.type = std::move(type);
        row.protocol = protocol;
        row.echo = echo;
        return registry.serving(row).describe().type;
    };
    EXPECT_EQ(type_of("openai", Protocol::openai_chat), "openai");
    EXPECT_EQ(type_of("openrouter", Protocol::openai_chat), "openrouter");
    EXPECT_EQ(type_of("groq", Protocol::openai_chat), "openai_compatible");
    EXPECT_EQ(type_of("my_proxy", Protocol::anthropic), "anthropic");
    EXPECT_EQ(type_of("anthropic", Protocol::openai_chat), "openai_compatible");
    EXPECT_EQ(type_of("ollama", Protocol::ollama), "ollama");
    EXPECT_EQ(type_of("anything", Protocol::openai_chat, true), "echo");
    EXPECT_EQ(type_of("gemini", Protocol::gemini), "gemini");
    EXPECT_EQ(type_of("vertex_ai", Protocol::gemini), "vertex_ai");
    EXPECT_EQ(type_of("my_gemini_proxy", Protocol::gemini), "gemini");
    EXPECT_EQ(registry.find("groq"), nullptr);
    EXPECT_EQ(type_of("cohere", Protocol::cohere), "cohere");
    EXPECT_EQ(type_of("bedrock", Protocol::bedrock_converse), "bedrock");
    EXPECT_EQ(type_of("bedrock_mantle", Protocol::anthropic), "bedrock_mantle");
    EXPECT_EQ(type_of("azure", Protocol::openai_chat), "azure");
    EXPECT_EQ(type_of("azure_ai", Protocol::openai_chat), "azure_ai");
    EXPECT_GE(registry.describe().size(), 9u);
}

}  // namespace
}  // namespace tollgate::providers
