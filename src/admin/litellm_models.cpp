#include <algorithm>
#include <map>

#include "admin/litellm.hpp"

namespace tollgate::admin {
namespace {

// Dollars per token, exact; null: not known.
void write_rate(json::Writer& writer, std::string_view name, domain::PicoUsd rate) {
    writer.key(name);
    if (rate < 0) {
        writer.null();
        return;
    }
    std::string digits = std::to_string(rate % domain::pico_per_usd);
    constexpr std::size_t places = 12;
    digits.insert(0, places - digits.size(), '0');
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    std::string text = std::to_string(rate / domain::pico_per_usd);
    if (!digits.empty()) text += "." + digits;
    writer.raw(text);
}

void write_count(json::Writer& writer, std::string_view name, std::int64_t count) {
    writer.key(name);
    count > 0 ? writer.integer(count) : writer.null();
}

const char* mode_of(const domain::ModelTraits& model) {
    return model.mode == domain::ModelMode::chat ? "chat" : "embedding";
}

void write_traits(json::Writer& writer, const domain::ModelTraits& model) {
    writer.string("mode", mode_of(model));
    write_count(writer, "max_input_tokens",
                model.input_tokens_max > 0 ? model.input_tokens_max : model.context_tokens);
    write_count(writer, "max_output_tokens", model.output_tokens_max);
    write_rate(writer, "input_cost_per_token", model.prices.input);
    write_rate(writer, "output_cost_per_token", model.prices.output);
    writer.boolean("supports_vision", model.vision)
        .boolean("supports_function_calling", model.tools)
        .boolean("supports_parallel_function_calling", model.parallel_tool_calls)
        .boolean("supports_reasoning", model.thinking != domain::ThinkingSupport::none)
        .boolean("supports_response_schema", model.json_schema)
        .boolean("supports_pdf_input", model.pdf);
}

// What this caller may use: everything, for those who run the platform.
std::vector<gateway::EndpointPointer> endpoints_of(const Call& call) {
    const auto snapshot = call.services.snapshot();
    const auto directory = call.services.directory();
    std::vector<gateway::EndpointPointer> found;
    if (snapshot == nullptr) return found;
    for (const gateway::EndpointPointer& endpoint : snapshot->endpoints) {
        const std::string& group = endpoint->deployment.group;
        const bool known = directory != nullptr && call.caller.policy < directory->policies.size();
        if (!call.platform() &&
            !(known && directory->policy_of(call.caller).allows(group, group))) {
            continue;
        }
        found.push_back(endpoint);
    }
    return found;
}

}  // namespace

base::Result<void> lite_model_info(Call& call) {
    const std::string wanted = call.query().text("litellm_model_id");
    TRY_VOID(call.checked());
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("data").begin_array();
    for (const gateway::EndpointPointer& endpoint : endpoints_of(call)) {
        const domain::Deployment& deployment = endpoint->deployment;
        if (!wanted.empty() && wanted != deployment.id) continue;
        writer.begin_object().string("model_name", deployment.group);
        writer.key("litellm_params").begin_object();
        writer.string("model", deployment.provider.type + "/" + deployment.model_name);
        // Where a provider stands is the platform's to know.
        if (call.platform()) writer.string("api_base", endpoint->origin.authority);
        writer.end_object().key("model_info").begin_object();
        writer.string("id", deployment.id)
            .string("litellm_provider", deployment.provider.type)
            .boolean("db_model", false);
        write_traits(writer, deployment.model);
        writer.end_object().end_object();
    }
    writer.end_array().end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_model_group_info(Call& call) {
    const std::string wanted = call.query().text("model_group");
    TRY_VOID(call.checked());
    std::map<std::string, std::vector<gateway::EndpointPointer>> groups;
    for (const gateway::EndpointPointer& endpoint : endpoints_of(call)) {
        const std::string& name = endpoint->deployment.group;
        if (wanted.empty() || wanted == name) groups[name].push_back(endpoint);
    }
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("data").begin_array();
    for (const auto& [name, endpoints] : groups) {
        writer.begin_object().string("model_group", name).key("providers").begin_array();
        std::vector<std::string> seen;
        for (const gateway::EndpointPointer& endpoint : endpoints) {
            const std::string& type = endpoint->deployment.provider.type;
            if (std::find(seen.begin(), seen.end(), type) != seen.end()) continue;
            seen.push_back(type);
            writer.string(type);
        }
        writer.end_array();
        write_traits(writer, endpoints.front()->deployment.model);
        std::int64_t tpm = 0, rpm = 0;
        for (const gateway::EndpointPointer& endpoint : endpoints) {
            tpm += endpoint->deployment.tokens_per_minute.value_or(0);
            rpm += endpoint->deployment.requests_per_minute.value_or(0);
        }
        write_count(writer, "tpm", tpm);
        write_count(writer, "rpm", rpm);
        writer.end_object();
    }
    writer.end_array().end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_health_services(Call& call) {
    const std::string wanted = call.query().text("service");
    TRY_VOID(call.checked());
    std::string trouble, names;
    bool found = wanted.empty();
    for (const ServiceHealth& service : call.services.health()) {
        if (!names.empty()) names += ", ";
        names += service.name;
        if (!wanted.empty() && wanted != service.name) continue;
        found = true;
        if (service.trouble.empty()) continue;
        if (!trouble.empty()) trouble += "; ";
        trouble += service.name + ": " + service.trouble;
    }
    if (!found) return invalid("service must be one of " + names, "service");
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("status", trouble.empty() ? "success" : "error")
        .string("message", trouble.empty() ? "answers: " + (wanted.empty() ? names : wanted)
                                           : trouble)
        .end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
