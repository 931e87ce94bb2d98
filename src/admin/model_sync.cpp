#include "admin/model_sync.hpp"

#include <map>

#include "admin/objects.hpp"
#include "store/models.hpp"

namespace tollgate::admin {
namespace {

constexpr std::string_view of_a_list = "sync";

std::string metadata_of(const domain::OfferedModel& offered) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    if (offered.vision) writer.boolean("supports_vision", *offered.vision);
    if (offered.tools) writer.boolean("supports_function_calling", *offered.tools);
    writer.end_object();
    return text;
}

// What the list says, over what is there. What it does not say stays.
domain::ModelRow taken(domain::ModelRow row, const domain::OfferedModel& offered) {
    if (!offered.display_name.empty()) row.display_name = offered.display_name;
    if (offered.input_price) row.input_price = offered.input_price;
    if (offered.output_price) row.output_price = offered.output_price;
    if (offered.context_length) row.context_length = offered.context_length;
    const std::string metadata = metadata_of(offered);
    if (metadata != "{}") row.metadata = metadata;
    return row;
}

bool same(const domain::ModelRow& a, const domain::ModelRow& b) {
    return a.display_name == b.display_name && a.input_price == b.input_price &&
           a.output_price == b.output_price && a.context_length == b.context_length &&
           a.metadata == b.metadata;
}

constexpr std::size_t display_bytes_max = 200;

}  // namespace

base::Result<ModelSync> sync_models(store::Session& session, const store::Access& access,
                                    const domain::ProviderRow& provider,
                                    const std::vector<domain::OfferedModel>& offered,
                                    bool enable) {
    TRY(const auto stored, store::models_of(session, access, provider.slug));
    std::map<std::string, domain::ModelRow> left;
    for (const domain::ModelRow& row : stored) left.emplace(row.name, row);
    ModelSync sync;
    for (domain::OfferedModel model : offered) {
        if (model.name.size() > display_bytes_max) continue;  // no name that a column takes
        if (model.display_name.size() > display_bytes_max) model.display_name.clear();
        const auto found = left.find(model.name);
        if (found == left.end()) {
            domain::ModelRow row;
            row.provider = provider.slug;
            row.name = model.name;
            row.enabled = enable;
            row.origin = of_a_list;
            TRY(const auto made, store::insert_model(session, access, taken(row, model)));
            sync.added.push_back(made.name);
            continue;
        }
        domain::ModelRow row = std::move(found->second);
        left.erase(found);
        if (row.origin != of_a_list) continue;
        const domain::ModelRow now = taken(row, model);
        if (same(row, now)) continue;
        TRY(const auto written, store::update_model(session, access, now));
        sync.changed.push_back(written.name);
    }
    for (auto& [name, row] : left) {
        const bool was_off = !row.enabled;
        if (row.origin == of_a_list && !was_off) {
            row.enabled = false;
            TRY(const auto written, store::update_model(session, access, row));
            (void)written;
        }
        if (row.origin != of_a_list || !was_off) sync.gone.push_back(name);
    }
    return sync;
}

void write_members(json::Writer& writer, const ModelSync& sync) {
    write_names(writer, "added", sync.added);
    write_names(writer, "changed", sync.changed);
    write_names(writer, "gone", sync.gone);
}

}  // namespace tollgate::admin
