// Each row of data/providers.yaml that carries translated chat is held by one golden file,
// tests/golden/rows/ROW.txt: what Claude Code's request becomes there, an answer in the provider's
// documented shape, a refusal. The form:
//     what the provider does in its own way, in one line
//     model: NAME                    (as the provider knows it; any number of the next two)
//     env: NAME=VALUE                (a variable that is set)
//     set: KEY=VALUE                 (of litellm_params: api_base, api_version)
//     ---------- request             what is sent (expected)
//     ---------- stream              the provider's stream (given)
//     ---------- events              what it means (expected)
//     ---------- error               status, headers, an empty line, body (given)
//     ---------- refusal             how it is understood (expected)
// The request that all are given is tests/golden/rows/claude_code.json. With
// TOLLGATE_WRITE_GOLDEN=1 the expected parts are written anew, to be reviewed as a diff.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "assembly/world_test.hpp"
#include "dialect/event_dump_test.hpp"
#include "dialect/signatures.hpp"
#include "http/sse.hpp"

namespace tollgate::assembly {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(TOLLGATE_SOURCE_DIR) / "tests/golden/rows";
constexpr std::string_view rule = "---------- ";

std::string read_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

struct GoldenFile {
    std::string head;
    std::vector<std::pair<std::string, std::string>> sections;  // name, text
    std::string& section(const std::string& name) {
        for (auto& [known, text] : sections) {
            if (known == name) return text;
        }
        return sections.emplace_back(name, "").second;
    }
};

GoldenFile parse(const std::string& text) {
    GoldenFile file;
    std::istringstream lines(text);
    std::string* into = &file.head;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(rule)) into = &file.section(line.substr(rule.size()));
        else into->append(line).append("\n");
    }
    return file;
}

class Rows : public World {
protected:
    // A deployment of the row and what the file's head says of it.
    const gateway::Endpoint& reach(const std::string& row, const GoldenFile& file) {
        std::string model = "a-model", settings;
        std::istringstream lines(file.head);
        std::string line;
        std::getline(lines, line);  // what it shows
        environment_.variables.clear();
        while (std::getline(lines, line)) {
            const auto value = line.substr(line.find(": ") + 2);
            const auto equals = value.find('=');
            if (line.starts_with("model: ")) model = value;
            else if (line.starts_with("env: ")) {
                environment_.variables[value.substr(0, equals)] = value.substr(equals + 1);
            } else if (line.starts_with("set: ")) {
                settings += ", " + value.substr(0, equals) + ": \"" + value.substr(equals + 1) +
                            "\"";
            } else ADD_FAILURE() << row << ": unknown line " << line;
        }
        const auto* traits = catalog_->provider(row);
        if (!traits->credential_env.empty() && environment_.variables.empty()) {
            environment_.variables[traits->credential_env.front()] = "sk-made-up";
        }
        build("model_list:\n- model_name: it\n  litellm_params: {model: \"" + row + "/" + model +
              "\"" + settings + "}\n");
        return endpoint("it");
    }

    std::string request_at(const gateway::Endpoint& endpoint) {
        std::string body = read_file(golden / "claude_code.json");
        const std::string mark = "@SIGNATURE@";
        body.replace(body.find(mark), mark.size(),
                     dialect::pack_signature(endpoint.deployment.provider.type, ""));
        json::Document document;
        base::Arena arena;
        EXPECT_TRUE(document.parse(body).ok());
        const auto codec = dialect::make_anthropic();
        auto request = codec.client->decode_request(document, arena);
        EXPECT_TRUE(request.ok());
        dialect::Outline outline;
        EXPECT_TRUE(json::scan_top_level(body, outline.fields).ok());
        const auto& provider = *endpoint.provider;
        protocol_ = provider.protocol_for(endpoint.deployment, outline,
                                          domain::Protocol::anthropic);
        auto sent = provider.dialect(protocol_).encode_request(*request, endpoint.deployment);
        if (!sent.ok()) return "error: " + sent.error().message + "\n";
        EXPECT_TRUE(document.parse(sent->body).ok()) << sent->body;
        translation_ = sent->translation;
        std::string out = "POST " + endpoint.deployment.base_url +
                          provider.relay_path(endpoint.deployment, protocol_, "", true) + "\n";
        const http::Headers client;
        auto headers = provider.headers(endpoint.deployment, domain::Protocol::anthropic, client);
        for (const http::Header& header : headers) {
            out.append(header.name).append(": ").append(header.value).append("\n");
        }
        out += "\n" + sent->body + "\n";
        for (const auto& what : translation_.dropped) out += "dropped: " + what + "\n";
        return out;
    }

    std::string events_of(const gateway::Endpoint& endpoint, const std::string& stream) {
        const auto& codec = endpoint.provider->dialect(protocol_);
        auto decoder = codec.stream_decoder(endpoint.deployment, translation_);
        std::string out;
        std::vector<domain::Event> events;
        domain::Usage usage;
        auto take = [&] {
            out += dialect::dump(events);
            for (const auto& event : events) usage.update(event.usage);
            events.clear();
        };
        auto feed = [&](std::string_view event, std::string_view data) {
            auto facts = decoder->feed(event, data, events);
            if (!facts.ok()) out += "error: " + facts.error().message + "\n";
            take();
        };
        if (codec.framing() == dialect::Framing::ndjson) {
            std::istringstream lines(stream);
            for (std::string line; std::getline(lines, line);) feed("", line);
        } else {
            http::SseParser parser;
            http::SseFrame frame;
            parser.feed(stream);
            for (auto more = parser.next(frame); more.ok() && *more; more = parser.next(frame)) {
                if (!frame.comment_only) feed(frame.event, frame.data);
            }
        }
        if (!decoder->finish(events)) out += "cut short\n";
        take();
        if (usage.provider_cost_nano_usd >= 0) {
            out += "cost_nano_usd: " + std::to_string(usage.provider_cost_nano_usd) + "\n";
        }
        return out;
    }

    std::string refusal_of(const gateway::Endpoint& endpoint, std::string_view text) {
        const int status = std::atoi(std::string(text).c_str());
        text.remove_prefix(text.find('\n') + 1);
        http::Headers headers;
        while (!text.empty() && text.front() != '\n') {
            const auto line = text.substr(0, text.find('\n'));
            headers.add(line.substr(0, line.find(": ")), line.substr(line.find(": ") + 2));
            text.remove_prefix(line.size() + 1);
        }
        text.remove_prefix(1);
        while (text.ends_with('\n')) text.remove_suffix(1);
        dialect::ProviderFailure failure;
        std::string out;
        if (status == 200) {  // an answer that is an error
            base::Arena arena;
            auto answer = endpoint.provider->dialect(protocol_).decode_answer(
                text, endpoint.deployment, translation_, arena);
            return answer.ok() ? dialect::dump(*answer) : answer.error().message + "\n";
        }
        const auto verdict = endpoint.provider->classify_error(status, headers, text, protocol_);
        out = std::string(domain::to_string(verdict.failure.error_class)) + "\ntype: " +
              verdict.failure.type + "\nmessage: " + verdict.failure.message + "\n";
        if (verdict.retry_after.count() >= 0) {
            out += "retry_after_ms: " + std::to_string(verdict.retry_after.count()) + "\n";
        }
        if (verdict.failure.context_tokens > 0) {
            out += "tokens: " + std::to_string(verdict.failure.prompt_tokens) + " of " +
                   std::to_string(verdict.failure.context_tokens) + "\n";
        }
        return out;
    }

    void run(const std::string& row, const fs::path& path) {
        SCOPED_TRACE(path.string());
        const std::string text = read_file(path);
        GoldenFile file = parse(text);
        GoldenFile wanted = file;
        const gateway::Endpoint& endpoint = reach(row, file);
        file.section("request") = request_at(endpoint);
        file.section("events") = events_of(endpoint, file.section("stream"));
        file.section("refusal") = refusal_of(endpoint, file.section("error"));
        if (std::getenv("TOLLGATE_WRITE_GOLDEN") == nullptr) {
            for (const char* name : {"request", "events", "refusal"}) {
                EXPECT_EQ(file.section(name), wanted.section(name));
            }
            return;
        }
        std::ofstream out(path, std::ios::binary);
        out << file.head;
        for (const char* name : {"request", "stream", "events", "error", "refusal"}) {
            out << rule << name << "\n" << file.section(name);
        }
    }

    domain::Protocol protocol_ = domain::Protocol::openai_chat;
    dialect::Translation translation_;
};

// Clouds have goldens of their own, and the echo is no provider.
bool held_here(const domain::ProviderTraits& row) {
    using domain::CredentialKind;
    return !row.echo && row.credential != CredentialKind::aws &&
           row.credential != CredentialKind::google &&
           row.protocol != domain::Protocol::anthropic && row.protocol != domain::Protocol::gemini;
}

TEST_F(Rows, EachRow_IsHeldByItsGoldenFile) {
    std::size_t held = 0;
    for (const domain::ProviderTraits& row : catalog_->providers) {
        if (!held_here(row)) continue;
        const fs::path path = golden / (row.type + ".txt");
        if (!fs::exists(path)) {
            ADD_FAILURE() << row.type << " needs tests/golden/rows/" << row.type
                          << ".txt (docs/adding_a_provider.md)";
            continue;
        }
        run(row.type, path);
        ++held;
    }
    EXPECT_GE(held, 25u);
    for (const auto& entry : fs::directory_iterator(golden)) {
        if (entry.path().extension() != ".txt") continue;
        EXPECT_NE(catalog_->provider(entry.path().stem().string()), nullptr)
            << entry.path() << " belongs to no row";
    }
}

// Providers that also speak Anthropic's protocol: what such a client sends is relayed there.
TEST_F(Rows, RowsOfAnthropicsShape_AreAddressedAsDocumented) {
    std::string seen;
    for (const domain::ProviderTraits& row : catalog_->providers) {
        if (row.protocol != domain::Protocol::anthropic || !row.type.ends_with("_anthropic")) {
            continue;
        }
        const gateway::Endpoint& endpoint = reach(row.type, parse("all rows\n"));
        const http::Headers client;
        const auto headers = endpoint.provider->headers(endpoint.deployment,
                                                        domain::Protocol::anthropic, client);
        seen += endpoint.deployment.base_url +
                endpoint.provider->relay_path(endpoint.deployment, domain::Protocol::anthropic,
                                              "", true);
        for (const http::Header& header : headers) {
            if (header.value.find("sk-made-up") == header.value.npos) continue;
            seen.append(" ").append(header.name);
        }
        seen += "\n";
    }
    EXPECT_EQ(seen, "https://api.deepseek.com/anthropic/v1/messages x-api-key\n"
                    "https://api.moonshot.ai/anthropic/v1/messages authorization\n"
                    "https://api.z.ai/api/anthropic/v1/messages authorization\n"
                    "https://api.minimax.io/anthropic/v1/messages authorization\n"
                    "https://openrouter.ai/api/v1/messages authorization\n");
}

// One more OpenAI-compatible provider is one row and one golden file, nothing else.
TEST_F(Rows, AMadeUpProvider_NeedsOneRowAndOneGolden) {
    const std::string providers = data_file("providers.yaml") +
                                  read_file(golden / "made_up/acme.yaml"),
                      models = data_file("models.yaml"), betas = data_file("betas.yaml");
    auto loaded = config::load_catalog({providers, models, betas});
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    const auto shipped = catalog_;
    catalog_ = std::make_shared<const config::Catalog>(std::move(loaded).value());
    run("acme", golden / "made_up/acme.txt");
    catalog_ = shipped;
}

}  // namespace
}  // namespace tollgate::assembly
