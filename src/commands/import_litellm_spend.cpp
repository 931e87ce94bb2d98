#include "commands/import_litellm_spend.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/ids.hpp"
#include "store/partitions.hpp"
#include "store/usage.hpp"

namespace tollgate::commands::litellm {
namespace {

using domain::SubjectKind;
using domain::UsageRecord;

constexpr std::size_t batch_records = 500;
constexpr std::int64_t status_done = 200, status_failed = 500;

// What records of the import say of each subject since its period began.
class SoFar {
public:
    explicit SoFar(std::span<const CarriedSpend> spends) {
        for (const CarriedSpend& spend : spends) {
            sums_[name(spend.kind, spend.tenant, spend.subject)] = {spend.since, 0};
        }
    }
    base::Result<void> read(store::Session& session) {
        store::UsageFilter filter;
        filter.rule = import_rule;
        return store::each_usage(session, store::Access::everything(), filter, false,
                                 [this](const UsageRecord& record) -> base::Result<void> {
                                     add(record);
                                     return {};
                                 });
    }
    void add(const UsageRecord& record) {
        add(SubjectKind::key, record.key_id, record);
        add(SubjectKind::team, record.team, record);
        add(SubjectKind::user, record.user, record);
        add(SubjectKind::tenant, record.tenant, record);
    }
    NanoUsd of(const CarriedSpend& spend) const {
        return sums_.at(name(spend.kind, spend.tenant, spend.subject)).cost;
    }

private:
    struct Sum {
        UnixMicros since = 0;
        NanoUsd cost = 0;
    };
    static std::string name(SubjectKind kind, const std::string& tenant,
                            const std::string& subject) {
        return std::string(domain::to_string(kind)) + "\n" + tenant + "\n" + subject;
    }
    void add(SubjectKind kind, const std::string& subject, const UsageRecord& record) {
        const auto found = sums_.find(name(kind, record.tenant, subject));
        if (found == sums_.end() || record.at < found->second.since) return;
        found->second.cost += record.cost;
    }
    std::unordered_map<std::string, Sum> sums_;
};

UsageRecord record_of(const CarriedSpend& spend, NanoUsd amount) {
    UsageRecord record;
    record.request_id = base::uuid7();
    record.at = spend.at;
    record.tenant = spend.tenant;
    record.team = spend.kind == SubjectKind::team ? spend.subject : spend.team;
    record.user = spend.kind == SubjectKind::user ? spend.subject : spend.user;
    if (spend.kind == SubjectKind::key) {
        record.key_id = spend.subject;
        record.key_name = spend.key_name;
    }
    record.protocol = "import";
    record.alias = record.model = "litellm";
    record.rule = import_rule;
    record.status = status_done;
    record.cost = record.list_cost = record.baseline_cost = amount;
    return record;
}

std::string subject_of(const CarriedSpend& spend) {
    const std::string& name = spend.key_name.empty() ? spend.subject : spend.key_name;
    return "spend of " + std::string(domain::to_string(spend.kind)) + " " + name;
}

std::string words_of(NanoUsd amount) { return domain::dollars(amount) + " USD"; }

base::Result<void> insert(store::Session& session, std::span<const UsageRecord> records,
                          std::size_t& inserted) {
    std::set<std::int64_t> months;
    for (const UsageRecord& record : records) months.insert(store::month_of(record.at).first_at);
    for (const std::int64_t month : months) {
        TRY(const std::int64_t made, store::ensure_partitions(session, month));
        (void)made;
    }
    TRY(const store::UsageInserted done, store::insert_usage(session, records));
    inserted += done.rows;
    return {};
}

// Whose a logged request was.
class Owners {
public:
    Owners(const Plan& plan, const Database& from) : plan_(plan) {
        for (const domain::Key& key : plan.keys) keys_.emplace(key.id, &key);
        for (const domain::Team& team : plan.teams) teams_.emplace(team.id, &team);
        for (const domain::User& user : plan.users) users_.emplace(user.external_id, &user);
        for (const Organization& one : from.organizations) organizations_.insert(one.id);
    }
    void set(json::Value log, UsageRecord& record) const {
        const std::string token = text_of(log, "api_key");
        if (!token.empty()) record.key_id = key_id_of(token);
        record.key_name = text_of(log["metadata"], "user_api_key_alias");
        record.team = text_of(log, "team_id");
        if (record.team.empty()) record.team = text_of(log["metadata"], "user_api_key_team_id");
        const std::string user = text_of(log, "user");
        const auto known_user = users_.find(user);
        record.user = known_user == users_.end() ? user : known_user->second->id;
        if (const auto key = keys_.find(record.key_id); key != keys_.end()) {
            record.tenant = key->second->tenant;
            record.key_name = key->second->name;
            return;
        }
        if (const auto team = teams_.find(record.team); team != teams_.end()) {
            record.tenant = team->second->tenant;
        } else if (known_user != users_.end()) {
            record.tenant = known_user->second->tenant;
        } else {
            const std::string organization = text_of(log, "organization_id");
            record.tenant = organizations_.contains(organization) ? organization
                                                                  : plan_.shared_tenant;
        }
    }

private:
    const Plan& plan_;
    std::unordered_map<std::string, const domain::Key*> keys_;
    std::unordered_map<std::string, const domain::Team*> teams_;
    std::unordered_map<std::string, const domain::User*> users_;
    std::set<std::string> organizations_;
};

std::int64_t count_of(json::Value value) {
    return std::max<std::int64_t>(0, value.integer().value_or(0));
}

// LiteLLM's prompt tokens are all of the input, cached or not.
void set_tokens(json::Value log, UsageRecord& record) {
    json::Value more = log["metadata"]["additional_usage_values"];
    if (!more.is_object()) more = log["metadata"]["usage_object"];
    domain::Usage& usage = record.usage;
    usage.cache_read = count_of(more["cache_read_input_tokens"]);
    usage.cache_write_5m = count_of(more["cache_creation_input_tokens"]);
    usage.input = std::max<std::int64_t>(0, count_of(log["prompt_tokens"]) - usage.cache_read -
                                                usage.cache_write_5m);
    usage.output = count_of(log["completion_tokens"]);
}

UsageRecord record_of(json::Value log, const Owners& owners) {
    UsageRecord record;
    record.request_id = text_of(log, "request_id");
    record.at = time_of(log, "startTime");
    owners.set(log, record);
    record.session_id = text_of(log, "session_id");
    record.tags = texts_of(log, "request_tags");
    record.protocol = text_of(log, "call_type");
    record.model = text_of(log, "model");
    record.alias = text_of(log, "model_group");
    if (record.alias.empty()) record.alias = record.model;
    record.provider = record.provider_type = text_of(log, "custom_llm_provider");
    record.rule = import_rule;
    record.status = status_done;
    if (log["status"].equals("failure")) {
        record.status = status_failed;
        record.error_class = "provider";
    }
    set_tokens(log, record);
    record.cost = std::max<NanoUsd>(0, money_of(log, "spend").value_or(0));
    record.list_cost = record.baseline_cost = record.cost;
    record.cache = log["cache_hit"].equals("True") ? "hit" : "";
    record.total_us = std::max<std::int64_t>(0, time_of(log, "endTime") - record.at);
    const UnixMicros first = time_of(log, "completionStartTime");
    if (first > record.at) record.first_token_us = first - record.at;
    record.client_address = text_of(log, "requester_ip_address");
    return record;
}

}  // namespace

base::Result<void> carry_spends(store::Session& session, std::span<const CarriedSpend> spends,
                                ImportReport& report) {
    SoFar so_far(spends);
    TRY_VOID(so_far.read(session));
    std::vector<UsageRecord> records;
    for (const CarriedSpend& spend : spends) {
        const NanoUsd difference = spend.spent - so_far.of(spend);
        if (difference == 0 || (difference < 0 && !spend.may_lower)) {
            if (spend.spent != 0) {
                report.add(subject_of(spend), Fate::unchanged, words_of(spend.spent));
            }
            continue;
        }
        // A key's record is a part of what its team, user and tenant have spent.
        so_far.add(records.emplace_back(record_of(spend, difference)));
        report.add(subject_of(spend), Fate::imported, words_of(spend.spent));
    }
    std::size_t inserted = 0;
    for (std::size_t at = 0; at < records.size(); at += batch_records) {
        const std::size_t count = std::min(batch_records, records.size() - at);
        TRY_VOID(insert(session, std::span(records).subspan(at, count), inserted));
    }
    return {};
}

void report_spends(std::span<const CarriedSpend> spends, ImportReport& report) {
    for (const CarriedSpend& spend : spends) {
        if (spend.spent == 0) continue;
        report.add(subject_of(spend), Fate::imported, words_of(spend.spent));
    }
}

base::Result<void> import_spend_logs(store::Db& source, store::Db& target, const Plan& plan,
                                     const Database& from, ImportReport& report) {
    const Owners owners(plan, from);
    std::vector<UsageRecord> batch;
    std::size_t seen = 0, inserted = 0, unusable = 0;
    const auto flush = [&]() -> base::Result<void> {
        if (batch.empty()) return {};
        std::size_t added = 0;
        TRY_VOID(target.write(store::Access::everything(),
                              [&](store::Session& session) -> base::Result<void> {
                                  added = 0;
                                  return insert(session, batch, added);
                              }));
        inserted += added;
        batch.clear();
        return {};
    };
    TRY_VOID(each_spend_log(source, [&](json::Value log) -> base::Result<void> {
        ++seen;
        UsageRecord record = record_of(log, owners);
        if (record.request_id.empty() || record.at == 0) {
            ++unusable;
            return {};
        }
        batch.push_back(std::move(record));
        return batch.size() < batch_records ? base::Result<void>() : flush();
    }));
    TRY_VOID(flush());
    if (unusable > 0) {
        report.add("table LiteLLM_SpendLogs: " + std::to_string(unusable) + " rows",
                   Fate::unsupported, "they have no id or no start");
    }
    report.add("table LiteLLM_SpendLogs: " + std::to_string(seen - unusable) + " rows",
               inserted > 0 ? Fate::imported : Fate::unchanged,
               std::to_string(inserted) + " usage records that were not here yet");
    return {};
}

}  // namespace tollgate::commands::litellm
