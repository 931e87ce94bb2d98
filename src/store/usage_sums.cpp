// Sums of requests, as they are added in the transaction that inserts the rows.
#include <algorithm>
#include <compare>
#include <map>

#include "store/partitions.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

using domain::UsageView;
using Records = std::span<const UsageView* const>;
using Type = BatchColumn::Type;

// Kept sorted: two instances that add to the same rows take their locks in one order.
struct Group {
    std::string_view tenant;
    std::int64_t start = 0;
    std::array<std::string_view, 9> texts;
    std::int64_t status_class = 0;
    friend auto operator<=>(const Group&, const Group&) = default;
};
constexpr std::array<std::string_view, 9> group_columns = {"key_id",  "user_id",     "team_id",
                                                           "alias",   "provider",    "model_name",
                                                           "project", "power_level", "rule"};

std::vector<BatchColumn> sum_batch_columns(std::vector<BatchColumn> keys) {
    const UsageSums sums;
    sum_columns(
        sums, [&](std::string_view name, std::int64_t) { keys.push_back({name, Type::integer}); });
    return keys;
}

// ON CONFLICT (a, b) DO UPDATE SET x = t.x + excluded.x, ...
std::string add_on_conflict(std::string_view table, const std::vector<BatchColumn>& columns,
                            std::size_t keys) {
    std::string names, sets;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string name(columns[i].name);
        if (i < keys) {
            names += (i == 0 ? "" : ", ") + name;
        } else {
            sets += (i == keys ? "" : ", ") + name + " = " + std::string(table) + "." + name +
                    " + excluded." + name;
        }
    }
    return "ON CONFLICT (" + names + ") DO UPDATE SET " + sets;
}

RowBatch adding_batch(std::string_view table, const std::vector<BatchColumn>& columns,
                      std::size_t keys) {
    return {table, columns, add_on_conflict(table, columns, keys)};
}

void add_sums(RowBatch& batch, const UsageSums& sums) {
    sum_columns(sums, [&](std::string_view, std::int64_t value) { batch.add(value); });
}

// The records of an hour that differ in nothing that sums are kept by. What is kept by less is
// summed from these: there are far fewer of them than records.
struct Gathered {
    const UsageView* example = nullptr;
    UsageSums sums;
};
using Hours = std::map<Group, Gathered>;

Group group_of(const UsageView& r) {
    return {r.tenant,
            hour_of(r.at),
            {r.key_id, cut_text(r.user, user_characters_max), r.team, r.alias, r.provider, r.model,
             r.project, cut_text(r.power_level, power_level_characters_max), r.rule},
            status_class_of(r.status)};
}

Hours gather(Records records) {
    Hours hours;
    auto last = hours.end();
    for (const UsageView* r : records) {
        const Group group = group_of(*r);
        // One record is mostly like the one before it.
        if (last == hours.end() || last->first != group) {
            last = hours.try_emplace(group, Gathered{r, {}}).first;
        }
        last->second.sums.add(sums_of(*r));
    }
    return hours;
}

base::Result<void> add_groups(Session& session, const Hours& hours, bool daily) {
    std::map<Group, UsageSums> groups;
    for (const auto& [hour, gathered] : hours) {
        Group group = hour;
        if (daily) group.start = day_of(gathered.example->at);
        groups[group].add(gathered.sums);
    }
    std::vector<BatchColumn> keys = {{"tenant_id", Type::text},
                                     {daily ? "day" : "hour", Type::integer}};
    for (const auto name : group_columns) keys.push_back({name, Type::text});
    keys.push_back({"status_class", Type::integer});
    RowBatch batch =
        adding_batch(daily ? "usage_daily" : "usage_hourly", sum_batch_columns(keys), keys.size());
    for (const auto& [group, sums] : groups) {
        batch.add(group.tenant);
        batch.add(group.start);
        for (const auto text : group.texts) batch.add(text);
        batch.add(group.status_class);
        add_sums(batch, sums);
    }
    return batch.insert(session);
}

base::Result<void> add_dimensions(Session& session, const Hours& groups) {
    struct Key {
        std::string_view tenant;
        std::string dimension;
        std::int64_t day;
        std::string value;
        auto operator<=>(const Key&) const = default;
    };
    std::map<Key, UsageSums> found;
    const auto add = [&](const std::string& name, bool by_hour, const auto& value) {
        const std::string hours = name_of_hours(name), months = name_of_months(name);
        std::map<Key, UsageSums> small;
        for (const auto& [group, gathered] : groups) {
            small[{group.tenant, hours, group.start, value(*gathered.example)}].add(gathered.sums);
        }
        for (const auto& [key, sums] : small) {
            found[{key.tenant, name, day_of(key.day), key.value}].add(sums);
            found[{key.tenant, months, month_of(key.day).first_at, key.value}].add(sums);
        }
        if (by_hour) found.merge(small);
    };
    for (std::size_t i = 0; i < usage_dimension_count; ++i) {
        const auto dimension = static_cast<UsageDimension>(i);
        if (dimension == UsageDimension::tenant) continue;  // it is a column of each row
        add(dimension_of_days(dimension), true,
            [&](const UsageView& r) { return value_of(r, dimension); });
    }
    add(std::string(joined_routing), false, [](const UsageView& r) {
        return std::string(r.rule)
            .append(1, joined_separator)
            .append(r.provider)
            .append(1, joined_separator)
            .append(r.model);
    });
    add(std::string(joined_users), false, [](const UsageView& r) {
        return std::string(r.provider) + joined_separator + value_of(r, UsageDimension::user);
    });
    const std::vector<BatchColumn> keys = {{"tenant_id", Type::text},
                                           {"dimension", Type::text},
                                           {"day", Type::integer},
                                           {"value", Type::text}};
    RowBatch batch = adding_batch("usage_by_dimension", sum_batch_columns(keys), keys.size());
    for (const auto& [key, sums] : found) {
        batch.add(key.tenant);
        batch.add(std::string_view(key.dimension));
        batch.add(key.day);
        batch.add(std::string_view(key.value));
        add_sums(batch, sums);
    }
    return batch.insert(session);
}

base::Result<void> add_tags(Session& session, Records records) {
    struct Key {
        std::string_view tenant;
        std::int64_t day;
        std::string_view tag;
        auto operator<=>(const Key&) const = default;
    };
    std::map<Key, UsageSums> found;
    for (const UsageView* r : records) {
        for (std::size_t i = 0; i < r->tags.size(); ++i) {
            // A tag that is given twice counts once.
            const auto first = std::ranges::find(r->tags, r->tags[i]);
            if (static_cast<std::size_t>(first - r->tags.begin()) != i) continue;
            found[{r->tenant, day_of(r->at), r->tags[i]}].add(sums_of(*r));
        }
    }
    const std::vector<BatchColumn> columns = {{"tenant_id", Type::text},
                                              {"day", Type::integer},
                                              {"tag", Type::text},
                                              {"requests", Type::integer},
                                              {"errors", Type::integer},
                                              {"input_tokens", Type::integer},
                                              {"output_tokens", Type::integer},
                                              {"cache_read_tokens", Type::integer},
                                              {"cache_write_tokens", Type::integer},
                                              {"cost_nano", Type::integer},
                                              {"baseline_cost_nano", Type::integer},
                                              {"total_us", Type::integer}};
    RowBatch batch = adding_batch("usage_tag_daily", columns, 3);
    for (const auto& [key, sums] : found) {
        batch.add(key.tenant);
        batch.add(key.day);
        batch.add(key.tag);
        for (const std::int64_t value :
             {sums.requests, sums.errors, sums.input_tokens, sums.output_tokens,
              sums.cache_read_tokens, sums.cache_write_5m_tokens + sums.cache_write_1h_tokens,
              sums.cost, sums.baseline_cost, sums.total_us}) {
            batch.add(value);
        }
    }
    return batch.insert(session);
}

// The times of a day's requests of one model, by kind and bucket.
struct ModelDay {
    std::string_view tenant;
    std::int64_t day = 0;
    std::string_view provider, model;
    friend auto operator<=>(const ModelDay&, const ModelDay&) = default;
};
struct Times {
    LatencyCounts total{}, first_token{};
};
std::map<ModelDay, Times> times_of(Records records) {
    std::map<ModelDay, Times> found;
    auto last = found.end();
    for (const UsageView* r : records) {
        const ModelDay of{r->tenant, day_of(r->at), r->provider, r->model};
        if (last == found.end() || last->first != of) last = found.try_emplace(of).first;
        ++last->second.total[static_cast<std::size_t>(latency_bucket_of(r->total_us))];
        if (r->first_token_us < 0) continue;
        ++last->second.first_token[static_cast<std::size_t>(latency_bucket_of(r->first_token_us))];
    }
    return found;
}

base::Result<void> add_times(Session& session, Records records) {
    struct Key {
        std::string_view tenant;
        std::int64_t day;
        std::string_view provider, model, kind;
        std::int64_t bucket;
        auto operator<=>(const Key&) const = default;
    };
    constexpr std::string_view total = "total", first_token = "first_token";
    const std::string months_of_total = name_of_months("total");
    const std::string months_of_first = name_of_months("first_token");
    std::map<Key, std::int64_t> found;
    for (const auto& [of, times] : times_of(records)) {
        for (std::size_t i = 0; i < times.total.size(); ++i) {
            const auto bucket = static_cast<std::int64_t>(i);
            const Key all{of.tenant, of.day, of.provider, of.model, total, bucket};
            const Key first{of.tenant, of.day, of.provider, of.model, first_token, bucket};
            if (times.total[i] > 0) found[all] = times.total[i];
            if (times.first_token[i] > 0) found[first] = times.first_token[i];
        }
    }
    std::map<Key, std::int64_t> months;
    for (const auto& [key, requests] : found) {
        Key month = key;
        month.day = month_of(key.day).first_at;
        month.kind = key.kind == total ? months_of_total : months_of_first;
        months[month] += requests;
    }
    found.merge(months);
    const std::vector<BatchColumn> columns = {
        {"tenant_id", Type::text},  {"day", Type::integer}, {"provider", Type::text},
        {"model_name", Type::text}, {"kind", Type::text},   {"bucket", Type::integer},
        {"requests", Type::integer}};
    RowBatch batch = adding_batch("usage_latency_daily", columns, 6);
    for (const auto& [key, requests] : found) {
        batch.add(key.tenant);
        batch.add(key.day);
        batch.add(key.provider);
        batch.add(key.model);
        batch.add(key.kind);
        batch.add(key.bucket);
        batch.add(requests);
    }
    return batch.insert(session);
}

// What the attempts of requests with several cost, by the providers that took it.
base::Result<void> add_attempts(Session& session, Records records, Records attempts) {
    struct Key {
        std::string_view tenant;
        std::string dimension;
        std::int64_t start;
        std::string_view provider;
        auto operator<=>(const Key&) const = default;
    };
    std::map<Key, std::int64_t> found;
    const std::string days(attempt_provider), hours = name_of_hours(days);
    const auto move = [&](const UsageView& r, std::int64_t cost) {
        if (cost == 0) return;
        found[{r.tenant, days, day_of(r.at), r.provider}] += cost;
        found[{r.tenant, hours, hour_of(r.at), r.provider}] += cost;
    };
    for (const UsageView* r : attempts) move(*r, r->cost);
    for (const UsageView* r : records) {
        if (r->attempts > 1) move(*r, -r->cost);
    }
    const std::vector<BatchColumn> columns = {{"tenant_id", Type::text},
                                              {"dimension", Type::text},
                                              {"day", Type::integer},
                                              {"value", Type::text},
                                              {"cost_nano", Type::integer}};
    RowBatch batch = adding_batch("usage_by_dimension", columns, 4);
    for (const auto& [key, cost] : found) {
        // Most often one provider alone was tried again.
        if (cost == 0) continue;
        batch.add(key.tenant);
        batch.add(std::string_view(key.dimension));
        batch.add(key.start);
        batch.add(key.provider);
        batch.add(cost);
    }
    return batch.insert(session);
}

// Budgets are over these, and over whole tenants ("none").
constexpr std::array budget_dimensions = {UsageDimension::none, UsageDimension::team,
                                          UsageDimension::user, UsageDimension::key,
                                          UsageDimension::provider, UsageDimension::model};

// Takes copies off again, for budgets.
base::Result<void> add_copies(Session& session, Records records) {
    struct Key {
        std::string_view tenant;
        std::string dimension;
        std::int64_t start;
        std::string value;
        auto operator<=>(const Key&) const = default;
    };
    struct Taken {
        std::int64_t cost = 0, fee = 0, requests = 0;
    };
    std::map<Key, Taken> found;
    for (const UsageView* r : records) {
        if (!r->is_shadow()) continue;
        for (const UsageDimension dimension : budget_dimensions) {
            const std::string days = name_of_copies(dimension_of_days(dimension));
            for (const Key& key : {Key{r->tenant, days, day_of(r->at), value_of(*r, dimension)},
                                   Key{r->tenant, name_of_hours(days), hour_of(r->at),
                                       value_of(*r, dimension)}}) {
                Taken& taken = found[key];
                taken.cost -= r->cost;
                taken.fee -= r->fee;
                taken.requests -= 1;
            }
        }
    }
    if (found.empty()) return {};
    const std::vector<BatchColumn> columns = {
        {"tenant_id", Type::text},     {"dimension", Type::text},   {"day", Type::integer},
        {"value", Type::text},         {"cost_nano", Type::integer}, {"fee_nano", Type::integer},
        {"requests", Type::integer}};
    RowBatch batch = adding_batch("usage_by_dimension", columns, 4);
    for (const auto& [key, taken] : found) {
        batch.add(key.tenant);
        batch.add(std::string_view(key.dimension));
        batch.add(key.start);
        batch.add(std::string_view(key.value));
        batch.add(taken.cost);
        batch.add(taken.fee);
        batch.add(taken.requests);
    }
    return batch.insert(session);
}

}  // namespace

base::Result<void> add_to_sums(Session& session, Records records, Records attempts) {
    TRY_VOID(add_attempts(session, records, attempts));
    if (records.empty()) return {};
    TRY_VOID(add_copies(session, records));
    const Hours hours = gather(records);
    TRY_VOID(add_groups(session, hours, false));
    TRY_VOID(add_groups(session, hours, true));
    TRY_VOID(add_dimensions(session, hours));
    TRY_VOID(add_tags(session, records));
    return add_times(session, records);
}

}  // namespace tollgate::store
