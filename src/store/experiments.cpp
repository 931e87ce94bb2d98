#include "store/experiments.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct ExperimentTable {
    using Value = domain::ExperimentRow;
    static constexpr std::string_view name = "experiments", noun = "experiment", key = "id",
                                      tenant = "";
    static constexpr std::array<Constraint, 1> constraints{{{"experiments_name_unique", "name"}}};
    template <typename V>
    static void fields(V& v, Value& e) {
        v.column("id", e.spec.id, Written::once);
        v.column("tenant_id", e.spec.tenant, Written::once);
        v.column("name", e.spec.name, Written::once);
        v.column("enabled", e.spec.enabled);
        v.column("models", e.spec.models);
        v.column("arms", e.spec.arms);
        v.word("sticky", e.spec.sticky);
        v.word("metric", e.spec.metric);
        v.column("confidence", e.spec.confidence);
        v.column("samples_min", e.spec.samples_min);
        v.column("starts", e.spec.started);
        v.column("ends", e.spec.ends);
        v.column("promoted", e.promoted);
        v.column("created", e.created, Written::once);
        v.column("updated", e.updated);
        v.etag(e.etag);
    }
};

using Rows = std::vector<domain::ExperimentRow>;

base::Result<Rows> with_origin(Session& session, const Statement& statement) {
    TRY(Rows rows, rows_of<ExperimentTable>(session, statement));
    for (domain::ExperimentRow& row : rows) row.spec.origin = domain::origin_database;
    return rows;
}

base::Result<domain::ExperimentRow> by_id(Session& session, const Access& access,
                                          std::string_view id) {
    const std::string what = "experiment " + std::string(id);
    // PostgreSQL's column takes nothing else.
    if (!looks_like_uuid(id)) return not_found(what);
    Statement statement = select_from<ExperimentTable>();
    statement.where("id = ").text(id);
    where_readable(statement, access);
    TRY(Rows rows, with_origin(session, statement));
    if (rows.empty()) return not_found(what);
    domain::ExperimentRow row = std::move(rows.front());
    return row;
}

base::Result<void> check_room(Session& session, std::string_view tenant) {
    Statement statement("SELECT COUNT(*) FROM experiments");
    statement.where("tenant_id = ").text(tenant);
    std::int64_t count = 0;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        count = row.integer(0);
        return {};
    }));
    if (count < experiments_max) return {};
    return conflict("there are " + std::to_string(count) +
                        " experiments already, which is the most: delete one that is over",
                    "name");
}

}  // namespace

base::Result<domain::ExperimentRow> insert_experiment(Session& session, const Access& access,
                                                      domain::ExperimentRow experiment) {
    const std::string& tenant = experiment.spec.tenant;
    TRY_VOID(check_writes(access, tenant));
    if (!tenant.empty()) TRY_VOID(check_tenant(session, tenant));
    TRY_VOID(check_room(session, tenant));
    if (experiment.spec.id.empty()) experiment.spec.id = base::uuid7();
    if (experiment.created == 0) experiment.created = now_micros();
    if (experiment.updated == 0) experiment.updated = experiment.created;
    TRY_VOID(insert_row<ExperimentTable>(session, experiment));
    return by_id(session, access, experiment.spec.id);
}

base::Result<Rows> experiments_named(Session& session, const Access& access,
                                     std::string_view name) {
    Statement statement = select_from<ExperimentTable>();
    statement.where("name = ").text(name);
    where_readable(statement, access);
    statement.add(" ORDER BY tenant_id");
    return with_origin(session, statement);
}

base::Result<domain::ExperimentRow> update_experiment(Session& session, const Access& access,
                                                      domain::ExperimentRow experiment) {
    TRY(const domain::ExperimentRow stored, by_id(session, access, experiment.spec.id));
    TRY_VOID(check_writes(access, stored.spec.tenant));
    experiment.updated = now_micros();
    TRY(const domain::ExperimentRow written,
        update_row<ExperimentTable>(session, access, experiment, experiment.spec.id,
                                    experiment.etag));
    return by_id(session, access, written.spec.id);
}

base::Result<void> remove_experiment(Session& session, const Access& access, std::string_view id) {
    TRY(const domain::ExperimentRow stored, by_id(session, access, id));
    TRY_VOID(check_writes(access, stored.spec.tenant));
    return remove_row<ExperimentTable>(session, access, id);
}

base::Result<Rows> readable_experiments(Session& session, const Access& access) {
    Statement statement = select_from<ExperimentTable>();
    where_readable(statement, access);
    statement.add(" ORDER BY tenant_id, name");
    return with_origin(session, statement);
}

base::Result<Rows> load_experiments(Session& session) {
    Statement statement = select_from<ExperimentTable>();
    statement.add(" ORDER BY tenant_id, name");
    return with_origin(session, statement);
}

}  // namespace tollgate::store
