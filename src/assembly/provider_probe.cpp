#include "assembly/provider_probe.hpp"

#include <algorithm>
#include <limits>

#include "base/clock.hpp"
#include "domain/conversation.hpp"
#include "http/client.hpp"

namespace tollgate::assembly {
namespace {

using domain::OfferedModel;
using std::chrono::milliseconds;

constexpr std::size_t answer_bytes_max = 1024 * 1024;
constexpr std::size_t list_bytes_max = 16 * 1024 * 1024;  // OpenRouter's has several MB
constexpr std::size_t words_bytes_max = 500;
constexpr std::size_t models_max = 5000;
// OpenAI's Responses refuses to be asked for less.
constexpr std::int64_t responses_output_tokens_min = 16;
constexpr std::chrono::seconds connect_time{5};

http::Deadlines deadlines(milliseconds patience) {
    http::Deadlines deadlines;
    deadlines.connect = std::min<milliseconds>(connect_time, patience);
    deadlines.headers = deadlines.idle = patience;
    deadlines.total = net::Clock::now() + patience;
    return deadlines;
}

// Some providers quote the credential that they refuse.
void hide(const std::string& secret, std::string& text) {
    constexpr std::size_t shortest = 8;
    constexpr std::string_view mask = "[credential]";
    if (secret.size() < shortest) return;
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + mask.size())) {
        text.replace(at, secret.size(), mask);
    }
}

struct Question {
    domain::Protocol protocol = domain::Protocol::openai_chat;
    std::string method = "POST", target, body;
    providers::HeaderList headers;
};

// What is kept of an answer once its connection is given back.
struct Answered {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

base::Result<Question> completion(const gateway::Endpoint& endpoint) {
    const domain::Deployment& target = endpoint.deployment;
    const providers::Provider& provider = *endpoint.provider;
    const dialect::Outline outline;
    Question question;
    question.protocol = provider.protocol_for(target, outline, target.provider.protocol);
    domain::Request request;
    request.client = question.protocol;
    request.alias = target.model_name;
    domain::Message message;
    domain::Part part;
    part.text = json::Escaped{"Hi"};
    message.parts.push_back(part);
    request.messages.push_back(std::move(message));
    request.max_output_tokens = question.protocol == domain::Protocol::openai_responses
                                    ? responses_output_tokens_min
                                    : probe_output_tokens;
    TRY(dialect::EncodedRequest encoded,
        provider.dialect(question.protocol).encode_request(request, target));
    question.body = std::move(encoded.body);
    question.target =
        endpoint.origin.base_path + provider.relay_path(target, question.protocol, "", false);
    if (provider.splices_translated(target, question.protocol)) {
        TRY(const dialect::Outline written,
            dialect::outline_translated(question.protocol, question.body));
        const http::Headers none;
        TRY(const std::vector<dialect::Splice> splices,
            provider.body_splices(target, question.protocol, question.body, written, none,
                                  encoded.translation));
        for (auto it = splices.rbegin(); it != splices.rend(); ++it) {
            question.body.replace(it->begin, it->end - it->begin, it->text);
        }
    }
    return question;
}

net::Task<base::Result<Answered>> ask(net::Loop& loop, const gateway::Endpoint& endpoint,
                                      Question& question, std::size_t bytes_max,
                                      milliseconds patience, net::CancelScope* scope) {
    http::Client client(loop);
    const http::Headers none;
    question.headers =
        endpoint.provider->headers(endpoint.deployment, question.protocol, none);
    question.headers.erase("accept-encoding");
    question.headers.append("accept-encoding", "identity");
    const std::string_view piece = question.body;
    const std::span<const std::string_view> body(&piece, question.body.empty() ? 0 : 1);
    if (endpoint.credential) {
        CO_TRY(const credentials::CredentialPointer credential,
               co_await endpoint.credential->get(client, scope));
        const providers::SignableRequest signable{question.method, endpoint.origin.authority,
                                                  question.target, body, base::unix_seconds()};
        endpoint.provider->authorize(endpoint.deployment, *credential, signable,
                                     question.headers);
    }
    http::OutgoingRequest request;
    request.method = question.method;
    request.target = question.target;
    request.headers = question.headers.all();
    request.body = body;
    http::CallFailure failure = http::CallFailure::none;
    CO_TRY(http::Call call,
           co_await client.send(endpoint.origin, request, deadlines(patience), scope, &failure));
    Answered answered;
    answered.status = call.head().status;
    for (const http::Header& header : call.head().headers) {
        answered.headers.emplace_back(header.name, header.value);
    }
    CO_TRY(answered.body, co_await call.read_all(bytes_max));
    co_return answered;
}

providers::ErrorVerdict verdict_of(const gateway::Endpoint& endpoint, const Question& question,
                                   const Answered& answered) {
    http::Headers views;
    for (const auto& [name, value] : answered.headers) views.add(name, value);
    return endpoint.provider->classify_error(answered.status, views, answered.body,
                                             question.protocol);
}

std::string words_of(const gateway::Endpoint& endpoint, const providers::ErrorVerdict& verdict,
                     int status) {
    std::string words = verdict.failure.message;
    if (words.empty()) words = "it answered " + std::to_string(status) + " without words";
    hide(endpoint.deployment.api_key, words);
    if (words.size() > words_bytes_max) words.resize(words_bytes_max);
    return words;
}

// A model that thinks before it writes may use up what it was allowed: it was reached all the same.
bool ran_out_of_tokens(int status, std::string_view words) {
    return status == 400 && words.find("max_tokens or model output limit") != words.npos;
}

std::optional<domain::NanoUsd> per_million(json::Value price) {
    // OpenRouter states US dollars for one token, as text; "-1" is a price that varies.
    if (!price.exists() || price.is_null()) return std::nullopt;
    const std::string text = price.is_string() ? price.text() : std::string(price.raw());
    constexpr std::int64_t tokens = 1'000'000, pico_per_nano = 1'000;
    const auto pico = domain::parse_pico_dollars(text);
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / tokens;
    if (!pico.ok() || *pico < 0 || *pico > most) return std::nullopt;
    return *pico * tokens / pico_per_nano;
}

std::optional<bool> listed(json::Value names, std::string_view wanted) {
    if (!names.is_array()) return std::nullopt;
    for (const json::Value name : names.elements()) {
        if (name.text() == wanted) return true;
    }
    return false;
}

OfferedModel read_model(json::Value entry) {
    OfferedModel model;
    // OpenAI, Anthropic, OpenRouter: id. Gemini: name, as models/NAME. Ollama: name, or model.
    model.name = entry["id"].text();
    if (model.name.empty()) model.name = entry["name"].text();
    if (model.name.empty()) model.name = entry["model"].text();
    constexpr std::string_view of_gemini = "models/";
    if (model.name.starts_with(of_gemini)) model.name.erase(0, of_gemini.size());
    for (const char* field : {"display_name", "displayName", "name"}) {
        if (model.display_name.empty()) model.display_name = entry[field].text();
    }
    if (model.display_name == model.name) model.display_name.clear();
    for (const char* field : {"context_length", "context_window", "max_model_len",
                              "inputTokenLimit", "max_context_length", "max_input_tokens"}) {
        if (!model.context_length) model.context_length = entry[field].integer();
    }
    const json::Value pricing = entry["pricing"];
    model.input_price = per_million(pricing["prompt"]);
    model.output_price = per_million(pricing["completion"]);
    model.vision = listed(entry["architecture"]["input_modalities"], "image");
    model.tools = listed(entry["supported_parameters"], "tools");
    return model;
}

// Fails: provider, when there is none to ask for.
base::Result<Question> list_of_models(const gateway::Endpoint& endpoint) {
    const domain::ProviderTraits& row = endpoint.deployment.provider;
    if (!has_list_of_models(endpoint)) {
        return base::Error{base::ErrorCode::provider, row.type + " has no list of models to read"};
    }
    Question question;
    question.protocol = row.protocol;
    question.method = "GET";
    question.target = endpoint.origin.base_path + row.models_path;
    return question;
}

net::Task<domain::ProviderProbe> judge(net::Loop& loop, gateway::EndpointPointer endpoint,
                                       base::Result<Question> question, std::size_t bytes_max,
                                       milliseconds patience, net::CancelScope* scope) {
    domain::ProviderProbe result;
    if (!question.ok()) {
        result.error_class = domain::ErrorClass::bad_request;
        result.message = question.error().message;
        co_return result;
    }
    const net::Instant begun = net::Clock::now();
    auto answered = co_await ask(loop, *endpoint, *question, bytes_max, patience, scope);
    result.latency = std::chrono::duration_cast<milliseconds>(net::Clock::now() - begun);
    if (!answered.ok()) {
        result.error_class = answered.error().code == base::ErrorCode::timeout
                                 ? domain::ErrorClass::timeout
                                 : domain::ErrorClass::provider_fault;
        result.message = answered.error().message;
        hide(endpoint->deployment.api_key, result.message);
        co_return result;
    }
    result.status = answered->status;
    result.works = result.status >= 200 && result.status < 300;
    if (result.works) co_return result;
    const providers::ErrorVerdict verdict = verdict_of(*endpoint, *question, *answered);
    result.error_class = verdict.failure.error_class;
    result.message = words_of(*endpoint, verdict, result.status);
    if (ran_out_of_tokens(result.status, result.message)) {
        result.works = true;
        result.error_class = domain::ErrorClass::none;
    }
    co_return result;
}

}  // namespace

bool has_list_of_models(const gateway::Endpoint& endpoint) {
    const domain::ProviderTraits& row = endpoint.deployment.provider;
    // A list that another host serves would be asked with this one's credential.
    return !row.echo && !row.models_path.empty() &&
           row.models_path.find("://") == std::string::npos;
}

base::Result<std::vector<OfferedModel>> read_offered_models(std::string_view body) {
    json::Document document;
    auto root = document.parse(body);
    const base::Error no_list{base::ErrorCode::provider,
                              "the provider's answer is no list of models"};
    if (!root.ok()) return no_list;
    json::Value entries = root->is_array() ? *root : (*root)["data"];
    if (!entries.is_array()) entries = (*root)["models"];
    if (!entries.is_array()) return no_list;
    std::vector<OfferedModel> models;
    for (const json::Value entry : entries.elements()) {
        OfferedModel model = read_model(entry);
        if (!model.name.empty()) models.push_back(std::move(model));
        if (models.size() > models_max) {
            return base::Error{base::ErrorCode::provider,
                               "the provider lists more than " + std::to_string(models_max) +
                                   " models"};
        }
    }
    std::sort(models.begin(), models.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    models.erase(std::unique(models.begin(), models.end(),
                             [](const auto& a, const auto& b) { return a.name == b.name; }),
                 models.end());
    return models;
}

net::Task<domain::ProviderProbe> probe(net::Loop& loop, gateway::EndpointPointer endpoint,
                                       net::CancelScope* scope, milliseconds patience) {
    if (endpoint->deployment.provider.echo) {
        domain::ProviderProbe result;
        result.works = true;
        result.status = 200;
        co_return result;
    }
    auto question = completion(*endpoint);
    co_return co_await judge(loop, std::move(endpoint), std::move(question), answer_bytes_max,
                             patience, scope);
}

net::Task<domain::ProviderProbe> probe_list(net::Loop& loop, gateway::EndpointPointer endpoint,
                                            net::CancelScope* scope, milliseconds patience) {
    auto question = list_of_models(*endpoint);
    co_return co_await judge(loop, std::move(endpoint), std::move(question), list_bytes_max,
                             patience, scope);
}

net::Task<base::Result<std::vector<OfferedModel>>> offered_models(
    net::Loop& loop, gateway::EndpointPointer endpoint, net::CancelScope* scope) {
    const domain::ProviderTraits& row = endpoint->deployment.provider;
    CO_TRY(Question question, list_of_models(*endpoint));
    // Anthropic gives 20 at a time otherwise, Gemini 50.
    if (row.protocol == domain::Protocol::anthropic) question.target += "?limit=1000";
    if (row.protocol == domain::Protocol::gemini) question.target += "?pageSize=1000";
    CO_TRY(const Answered answered,
           co_await ask(loop, *endpoint, question, list_bytes_max, probe_time, scope));
    if (answered.status != 200) {
        const providers::ErrorVerdict verdict = verdict_of(*endpoint, question, answered);
        co_return base::Error{base::ErrorCode::provider,
                              "GET " + row.models_path + " at the provider: " +
                                  words_of(*endpoint, verdict, answered.status)};
    }
    co_return read_offered_models(answered.body);
}

}  // namespace tollgate::assembly
