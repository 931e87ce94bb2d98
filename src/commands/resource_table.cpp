#include "commands/resource_table.hpp"

namespace tollgate::commands {

void add_limits(std::vector<Field>& fields) {
    for (const auto& [flag, path, help] :
         {std::tuple{"--requests-per-minute", "limits.requests_per_minute", "At most so many"},
          {"--requests-per-hour", "limits.requests_per_hour", "At most so many"},
          {"--requests-per-day", "limits.requests_per_day", "At most so many"},
          {"--tokens-per-minute", "limits.tokens_per_minute", "Input and output together"},
          {"--input-tokens-per-minute", "limits.input_tokens_per_minute", "At most so many"},
          {"--output-tokens-per-minute", "limits.output_tokens_per_minute", "At most so many"},
          {"--concurrent-requests", "limits.concurrent_requests", "At the same time"}}) {
        fields.push_back({flag, path, FieldType::integer, help});
    }
}

void add_range(std::vector<Field>& fields) {
    fields.push_back({"--from", "from", FieldType::past,
                      "From then on: a date, a time, or 7d, 24h ago"});
    fields.push_back({"--to", "to", FieldType::past, "Until then"});
}

Field tenant_filter() {
    return {"--tenant", "tenant", FieldType::text, "Of this tenant: its id or name", {}, true};
}

Field tenant_of_name() {
    return {"--tenant", "tenant", FieldType::text,
            "Where a name is given instead of an id: whose", {}, true};
}

void add_usage_filters(std::vector<Field>& fields) {
    fields.push_back(tenant_filter());
    add_range(fields);
    for (const auto& [flag, path, help] :
         {std::tuple{"--team", "team", "A team's id"},
          {"--user", "user", "A user's id"},
          {"--key", "key", "A key's id"},
          {"--provider", "provider", "A provider"},
          {"--model", "model", "The provider's model"},
          {"--alias", "alias", "The name that the client asked for"},
          {"--project", "project", "A project"},
          {"--power-level", "power_level", "eco, balanced or precision"},
          {"--rule", "rule", "A routing rule"},
          {"--protocol", "protocol", "The client's protocol"},
          {"--tag", "tag", "A tag"},
          {"--session", "session", "A client's session"},
          {"--error-class", "error_class", "A class of errors"}}) {
        fields.push_back({flag, path, FieldType::text, help});
    }
    fields.push_back(
        {"--status-class", "status_class", FieldType::integer, "2, 3, 4 or 5: the first digit"});
    fields.push_back({"--errors-only", "errors_only", FieldType::boolean, "Failed requests"});
}

const std::vector<Noun>& nouns() {
    static const std::vector<Noun> all = {
        tenants_noun(), teams_noun(),   users_noun(),    keys_noun(),    tiers_noun(),
        limits_noun(),  budgets_noun(), credits_noun(),  settings_noun(), usage_noun(),
        savings_noun(), requests_noun(), experiments_noun(),
        audit_noun(),   alerts_noun(),  alert_channels_noun(),
        providers_noun(), models_noun(), routing_noun(), byok_noun(),    secrets_noun(),
    };
    return all;
}

}  // namespace tollgate::commands
