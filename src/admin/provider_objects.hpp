// The JSON of providers, models, users' provider keys and routing rules; see objects.hpp.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "admin/fields.hpp"
#include "base/json.hpp"
#include "domain/providers.hpp"

namespace tollgate::admin {

// A provider with the models that are known of it.
struct ProviderView {
    domain::ProviderRow row;
    std::vector<domain::ModelRow> models;
    std::uint64_t etag = row.etag;
};

void write(json::Writer& writer, const domain::ProviderRow& provider);
void write(json::Writer& writer, const ProviderView& provider);
void write(json::Writer& writer, const domain::ModelRow& model);
void write(json::Writer& writer, const domain::RoutingSettings& settings);
// Without the secret and who may read it: what audit entries hold.
void write(json::Writer& writer, const domain::UserProviderKey& key);
void write_members(json::Writer& writer, const domain::ProviderRow& provider);
void write_members(json::Writer& writer, const domain::ModelRow& model);

// All but api_key, which is the handler's.
void read(Fields& fields, domain::ProviderRow& provider);
void read(Fields& fields, domain::ModelRow& model);
void read(Fields& fields, domain::RoutingSettings& settings);
// enabled and preferences.
void read(Fields& fields, domain::UserProviderKey& key);

domain::ProviderRow fresh(const domain::ProviderRow& stored);
domain::ModelRow fresh(const domain::ModelRow& stored);
domain::RoutingSettings fresh(const domain::RoutingSettings& stored);
domain::UserProviderKey fresh(const domain::UserProviderKey& stored);

}  // namespace tollgate::admin
