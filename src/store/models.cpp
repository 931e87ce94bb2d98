#include "store/models.hpp"

#include <array>
#include <charconv>
#include <limits>

#include "base/ids.hpp"
#include "store/providers.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct ModelTable {
    using Value = domain::ModelRow;
    static constexpr std::string_view name = "llm_models", noun = "model", key = "id",
                                      tenant = "";
    static constexpr std::array<Constraint, 2> constraints{
        {{"llm_models_name_unique", "name"}, {"llm_models_provider", "provider_id"}}};
    template <typename V>
    static void fields(V& v, Value& m) {
        v.column("id", m.id, Written::once);
        v.column("tenant_id", m.tenant, Written::once);
        v.column("provider", m.provider, Written::once);
        v.column("name", m.name);
        v.column("display_name", m.display_name);
        v.column("input_nano_per_million", m.input_price);
        v.column("output_nano_per_million", m.output_price);
        v.column("context_length", m.context_length);
        v.column("enabled", m.enabled);
        v.object("metadata", m.metadata);
        v.object("prices", m.prices);
        v.column("avg_latency_ms", m.latency_ms);
        v.column("quality_score", m.quality);
        v.column("origin", m.origin);
        v.column("created", m.created, Written::once);
        v.column("updated", m.updated);
        v.etag(m.etag);
    }
};

// What a list is ordered by before the id; every model has a value of it.
const char* order_of(ModelOrder order) {
    switch (order) {
        case ModelOrder::name: return "name";
        case ModelOrder::cost:
            return "COALESCE(input_nano_per_million + output_nano_per_million, "
                   "9223372036854775807)";
        case ModelOrder::latency: return "COALESCE(avg_latency_ms, 2147483647)";
        case ModelOrder::id: break;
    }
    return "id";
}

std::string place_of(ModelOrder order, const domain::ModelRow& model) {
    if (order == ModelOrder::name) return model.name;
    if (order == ModelOrder::latency) {
        return std::to_string(model.latency_ms.value_or(std::numeric_limits<std::int32_t>::max()));
    }
    const bool priced = model.input_price && model.output_price;
    return std::to_string(priced ? *model.input_price + *model.output_price
                                 : std::numeric_limits<std::int64_t>::max());
}

}  // namespace

base::Result<domain::ModelRow> insert_model(Session& session, const Access& access,
                                            domain::ModelRow model) {
    TRY(const domain::ProviderRow provider, find_provider(session, access, model.provider));
    TRY_VOID(check_writes(access, provider.tenant));
    model.tenant = provider.tenant;
    model.provider = provider.slug;
    if (model.id.empty()) model.id = base::uuid7();
    if (model.created == 0) model.created = now_micros();
    if (model.updated == 0) model.updated = model.created;
    TRY_VOID(insert_row<ModelTable>(session, model));
    return model_by_id(session, access, model.id);
}

base::Result<domain::ModelRow> model_by_id(Session& session, const Access& access,
                                           std::string_view id) {
    // PostgreSQL's column takes nothing else.
    if (!looks_like_uuid(id)) return not_found("model " + std::string(id));
    Statement statement = select_from<ModelTable>();
    statement.where("id = ").text(id);
    where_readable(statement, access);
    return one_row<ModelTable>(session, statement, id);
}

base::Result<domain::ModelRow> update_model(Session& session, const Access& access,
                                            domain::ModelRow model) {
    TRY(const domain::ModelRow stored, model_by_id(session, access, model.id));
    TRY_VOID(check_writes(access, stored.tenant));
    model.updated = now_micros();
    return update_row<ModelTable>(session, access, model, model.id, model.etag);
}

base::Result<void> remove_model(Session& session, const Access& access, std::string_view id) {
    TRY(const domain::ModelRow stored, model_by_id(session, access, id));
    TRY_VOID(check_writes(access, stored.tenant));
    return remove_row<ModelTable>(session, access, id);
}

base::Result<Page<domain::ModelRow>> list_models(Session& session, const Access& access,
                                                 const ModelFilter& filter,
                                                 const PageRequest& page) {
    Statement statement = select_from<ModelTable>();
    where_readable(statement, access);
    if (!filter.provider.empty()) statement.where("provider = ").text(filter.provider);
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    if (filter.tenant) statement.where("tenant_id = ").text(*filter.tenant);
    if (filter.order == ModelOrder::id) {
        return page_by_key<ModelTable>(session, std::move(statement), page,
                                       [](const domain::ModelRow& m) { return m.id; });
    }
    const std::string order = order_of(filter.order);
    if (!page.cursor.empty()) {
        TRY(const auto parts, read_cursor(page.cursor, 2));
        std::int64_t number = 0;
        const char* const end = parts[0].data() + parts[0].size();
        const auto read = std::from_chars(parts[0].data(), end, number);
        const bool is_text = filter.order == ModelOrder::name;
        if ((!is_text && (read.ec != std::errc() || read.ptr != end)) ||
            !looks_like_uuid(parts[1])) {
            return read_cursor("!", 2).error();
        }
        const auto value = [&](Statement& to) {
            is_text ? to.text(parts[0]) : to.integer(number);
        };
        statement.where("(").add(order).add(" > ");
        value(statement);
        statement.add(" OR (").add(order).add(" = ");
        value(statement);
        statement.add(" AND id > ").text(parts[1]).add("))");
    }
    const std::int64_t limit = rows_of(page);
    statement.add(" ORDER BY ").add(order).add(", id LIMIT ").integer(limit + 1);
    Page<domain::ModelRow> found;
    TRY(found.items, rows_of<ModelTable>(session, statement));
    if (std::cmp_greater(found.items.size(), limit)) {
        found.items.pop_back();
        const domain::ModelRow& last = found.items.back();
        found.next = make_cursor({place_of(filter.order, last), last.id});
    }
    return found;
}

base::Result<std::vector<domain::ModelRow>> models_of(Session& session, const Access& access,
                                                      std::string_view provider) {
    Statement statement = select_from<ModelTable>();
    where_readable(statement, access);
    statement.where("provider = ").text(provider).add(" ORDER BY name");
    return rows_of<ModelTable>(session, statement);
}

base::Result<std::vector<domain::ModelRow>> load_models(Session& session) {
    Statement statement = select_from<ModelTable>();
    statement.add(" ORDER BY provider, name");
    return rows_of<ModelTable>(session, statement);
}

}  // namespace tollgate::store
