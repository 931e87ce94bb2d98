#include "assembly/retirements.hpp"

#include <string>

#include "base/clock.hpp"

namespace tollgate::assembly {
namespace {

using config::Severity;
using domain::ModelTraits;

constexpr std::int64_t ahead_seconds = 60 * 86'400;  // that an end is told before it comes
constexpr std::int64_t micros = 1'000'000;
constexpr std::size_t day_bytes = 10;                // "2026-12-11"

std::string day_of(std::int64_t unix_seconds) {
    return base::rfc3339_of_micros(unix_seconds * micros).substr(0, day_bytes);
}

class Teller {
public:
    Teller(const config::Config& config, const config::Catalog& catalog,
           const gateway::Snapshot& snapshot, std::int64_t unix_now,
           std::vector<config::Problem>& problems)
        : config_(config), catalog_(catalog), snapshot_(snapshot), now_(unix_now),
          soon_(day_of(unix_now + ahead_seconds)), problems_(problems) {}

    void entries() {
        for (std::size_t i = 0; i < config_.model_list.size(); ++i) {
            const config::ModelEntry& entry = config_.model_list[i];
            const ModelTraits* model = catalog_.model(entry.model);
            if (model == nullptr || !ends(*model)) continue;
            tell(*model, entry.origin, "model_list[" + std::to_string(i) + "]",
                 "'" + entry.model_name + "' is " + entry.model + ", which its provider " +
                     when(*model) + successor(*model));
        }
    }
    void task(const domain::TaskKind& kind) {
        if (kind.models.empty()) return;
        const std::string& first = kind.models.front();
        const ModelTraits* model = catalog_.model(first);
        if (model == nullptr || !ends(*model) || !is_served(first)) return;
        const bool gone = has_ended(*model);
        const std::string next = next_of(kind);
        std::string behind = next.empty() ? "the model that was asked for serves the task"
                                          : next + " serves the task";
        if (!gone) behind = "from then on " + behind;
        tell(*model, {}, "routing.tasks." + kind.name,
             first + ", the first model of the task, is one that its provider " + when(*model) +
                 successor(*model) + "; " + behind + ", unless `routing.tasks." + kind.name +
                 ".models` names others");
    }

private:
    bool has_ended(const ModelTraits& model) const { return gateway::has_retired(model, now_); }
    bool ends(const ModelTraits& model) const {
        return !model.retires.empty() && model.retires <= soon_;
    }
    std::string when(const ModelTraits& model) const {
        return (has_ended(model) ? "switched off on " : "switches off on ") + model.retires;
    }
    static std::string successor(const ModelTraits& model) {
        return model.deprecated_for.empty() ? "" : " (its successor: " + model.deprecated_for + ")";
    }
    bool is_served(const std::string& name) const {
        const routing::Resolution found = snapshot_.names.resolve(name);
        if (!found.found()) return false;
        const routing::Candidate& first = found.candidates.front();
        return !first.is_direct() || snapshot_.make_endpoints(first).ok();
    }
    // The first behind the row's first that is served and goes on being so.
    std::string next_of(const domain::TaskKind& kind) const {
        for (std::size_t i = 1; i < kind.models.size(); ++i) {
            const ModelTraits* model = catalog_.model(kind.models[i]);
            const bool gone = model != nullptr && has_ended(*model);
            if (!gone && is_served(kind.models[i])) return kind.models[i];
        }
        return "";
    }
    void tell(const ModelTraits& model, const config::Origin& origin, std::string path,
              std::string message) {
        const Severity severity = has_ended(model) ? Severity::warning : Severity::notice;
        problems_.push_back({severity, origin.file, origin.line, origin.column, std::move(path),
                             std::move(message), ""});
    }

    const config::Config& config_;
    const config::Catalog& catalog_;
    const gateway::Snapshot& snapshot_;
    const std::int64_t now_;
    const std::string soon_;
    std::vector<config::Problem>& problems_;
};

}  // namespace

void tell_retirements(const config::Config& config, const config::Catalog& catalog,
                      const gateway::Snapshot& snapshot, std::int64_t unix_now,
                      std::vector<config::Problem>& problems) {
    Teller teller(config, catalog, snapshot, unix_now, problems);
    teller.entries();
    for (const domain::TaskKind& kind : snapshot.routing.tasks.data().tasks) teller.task(kind);
}

}  // namespace tollgate::assembly
