#include "app/model_sync_job.hpp"

#include <algorithm>
#include <chrono>
#include <future>

#include "admin/model_sync.hpp"
#include "admin/providers.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "store/audit_rows.hpp"
#include "store/changes.hpp"
#include "store/models.hpp"

namespace tollgate::app {
namespace {

constexpr std::chrono::milliseconds day = std::chrono::hours(24);

// Enabled providers of whose models some came from the provider's list.
base::Result<void> find_listed(store::Session& session,
                               std::vector<domain::ProviderRow>& providers) {
    TRY(providers, store::load_providers(session));
    TRY(const auto models, store::load_models(session));
    std::erase_if(providers, [&](const domain::ProviderRow& provider) {
        const bool listed = std::any_of(models.begin(), models.end(), [&](const auto& model) {
            return model.provider == provider.slug && model.origin == "sync";
        });
        return !provider.enabled || !listed;
    });
    return {};
}

base::Result<void> keep(store::Session& session, const domain::ProviderRow& provider,
                        const std::vector<domain::OfferedModel>& offered) {
    const store::Access access = store::Access::everything();
    TRY(const admin::ModelSync sync,
        admin::sync_models(session, access, provider, offered, false));
    if (!sync.any()) return {};
    domain::AuditRow row;
    row.tenant = provider.tenant;
    row.actor_type = "system";
    row.actor = "daily model list";
    row.action = "models.synced";
    row.resource = "provider/" + provider.slug;
    row.outcome = "success";
    row.details.clear();
    json::Writer writer(row.details);
    writer.begin_object();
    admin::write_members(writer, sync);
    writer.end_object();
    TRY(const domain::AuditRow written, store::append_audit(session, access, row));
    (void)written;
    return store::bump(session);
}

}  // namespace

void ModelSyncJob::begin() {
    loop_.post([this] {
        running_ = true;
        net::spawn(look_every_day(), "model_sync");
    });
}

void ModelSyncJob::end() {
    std::promise<void> done;
    loop_.post([this, &done] {
        ended_ = [&done] { done.set_value(); };
        scope_.cancel(loop_, net::CancelReason::shutdown);
        if (!running_) ended_();
    });
    done.get_future().wait();
}

net::Task<void> ModelSyncJob::look_every_day() {
    while (!scope_.cancelled()) {
        co_await net::sleep_for(day, &scope_);
        if (!scope_.cancelled()) co_await look();
    }
    running_ = false;
    if (ended_) ended_();
}

net::Task<void> ModelSyncJob::look() {
    const auto providers = std::make_shared<std::vector<domain::ProviderRow>>();
    store::Db::Work find = [providers](store::Session& session) {
        return find_listed(session, *providers);
    };
    auto found = co_await services_.db.run(loop_, store::Access::everything(), false,
                                           std::move(find));
    if (!found.ok()) {
        base::log().warn("model_lists_not_asked", {{"why", found.error().message}});
        co_return;
    }
    for (const domain::ProviderRow& provider : *providers) {
        if (scope_.cancelled()) co_return;
        auto key = admin::credential_of(services_, provider);
        if (!key.ok()) continue;  // the administration's list of providers shows why
        admin::ProviderTarget target{provider, std::move(key).value(), ""};
        auto offered = co_await services_.providers->offered(loop_, std::move(target), &scope_);
        if (!offered.ok()) {
            base::log().warn("model_list_not_read", {{"provider", provider.slug},
                                                     {"why", offered.error().message}});
            continue;
        }
        const auto list = std::make_shared<const std::vector<domain::OfferedModel>>(
            std::move(offered).value());
        store::Db::Work write = [provider, list](store::Session& session) {
            return keep(session, provider, *list);
        };
        auto kept = co_await services_.db.run(loop_, store::Access::everything(), true,
                                              std::move(write));
        if (!kept.ok()) {
            base::log().warn("model_list_not_kept",
                             {{"provider", provider.slug}, {"why", kept.error().message}});
        }
    }
}

}  // namespace tollgate::app
