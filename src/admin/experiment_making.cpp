// Experiments of the database: made, changed, stopped, deleted. Those of files stay the files'.
#include "admin/experiment_making.hpp"

#include "admin/experiment_finding.hpp"
#include "admin/handlers.hpp"
#include "base/clock.hpp"
#include "store/experiments.hpp"

namespace tollgate::admin {

using domain::ExperimentRow;

bool end_now(ExperimentRow& row) {
    const std::int64_t now = base::unix_seconds();
    const bool goes_on = row.spec.started < now && (row.spec.ends == 0 || row.spec.ends > now);
    if (!row.spec.enabled && !goes_on) return false;
    row.spec.enabled = false;
    if (goes_on) row.spec.ends = now;
    return true;
}

Outcome create_experiment(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    ExperimentRow row;
    std::string tenant;
    fields->text("tenant", tenant);
    read(*fields, row);
    TRY_VOID(call.checked());
    if (!tenant.empty() || !call.platform()) {
        TRY(const domain::Tenant of, call.tenant_for(session, tenant));
        row.spec.tenant = of.id;
    }
    TRY_VOID(call.check_reach({row.spec.tenant}, "tenant " + tenant));
    TRY_VOID(check_name_is_free(call, session, row.spec));
    TRY_VOID(check_arms(call, session, row.spec));
    TRY(const ExperimentRow made, store::insert_experiment(session, call.access, std::move(row)));
    call.record("experiment.created", "experiment/" + made.spec.name, made.spec.tenant, {},
                shown(made));
    call.header("location", "/api/v1/experiments/" + made.spec.name);
    return call.show(made, 201);
}

Outcome update_experiment(Call& call, Session& session) {
    TRY(const ExperimentRow stored, experiment_to_change(call, session));
    TRY(ExperimentRow changed, changed_by(call, stored, "experiment " + stored.spec.name));
    if (changed.spec.arms != stored.spec.arms) {
        TRY_VOID(check_arms(call, session, changed.spec));
    }
    TRY(const ExperimentRow written,
        store::update_experiment(session, call.access, std::move(changed)));
    call.record_change("experiment.updated", "experiment/" + stored.spec.name,
                       stored.spec.tenant, stored, written);
    return call.show(written);
}

Outcome delete_experiment(Call& call, Session& session) {
    TRY(const ExperimentRow stored, experiment_to_change(call, session));
    TRY_VOID(call.checked());
    TRY_VOID(store::remove_experiment(session, call.access, stored.spec.id));
    call.record("experiment.deleted", "experiment/" + stored.spec.name, stored.spec.tenant,
                shown(stored));
    return call.done("the experiment is deleted", stored.spec.name);
}

Outcome stop_experiment(Call& call, Session& session) {
    TRY(const ExperimentRow stored, experiment_to_change(call, session));
    TRY_VOID(call.checked());
    ExperimentRow changed = stored;
    if (!end_now(changed)) return call.show(stored);
    TRY(const ExperimentRow written,
        store::update_experiment(session, call.access, std::move(changed)));
    call.record_change("experiment.stopped", "experiment/" + stored.spec.name,
                       stored.spec.tenant, stored, written);
    return call.show(written);
}

}  // namespace tollgate::admin
