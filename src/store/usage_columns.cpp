#include "store/usage_columns.hpp"

#include <algorithm>
#include <span>

#include "store/partitions.hpp"

namespace tollgate::store {
namespace {

constexpr std::array<std::string_view, usage_dimension_count> dimension_names = {
    "none",  "tenant", "team",    "user",        "key",  "provider",
    "model", "alias",  "project", "power_level", "rule", "status_class"};
constexpr std::array<std::string_view, usage_dimension_count> dimension_columns = {
    "",           "tenant_id", "team_id", "user_id",     "key_id", "provider",
    "model_name", "alias",     "project", "power_level", "rule",   "status_class"};

// Visitors of usage_columns().
struct Names {
    std::vector<BatchColumn> columns;
    std::string names;
    // `usual` is the column's default in both tables.
    void add(std::string_view name, BatchColumn::Type type, const Parameter& usual) {
        const bool key = columns.size() < usage_key_columns;
        columns.push_back({name, type, key ? std::nullopt : std::optional(usual)});
        if (!names.empty()) names += ", ";
        names += name;
    }
    void integer(std::string_view name, std::int64_t) {
        add(name, BatchColumn::Type::integer, std::int64_t{0});
    }
    void counted(std::string_view name, std::int64_t) {
        add(name, BatchColumn::Type::integer, nullptr);
    }
    void flag(std::string_view name, bool) {
        add(name, BatchColumn::Type::flag, std::int64_t{name == "priced" ? 1 : 0});
    }
    void text(std::string_view name, std::string_view) {
        add(name, BatchColumn::Type::text, std::string_view());
    }
    void cut(std::string_view name, std::string_view value, std::size_t) { text(name, value); }
    void list(std::string_view name, std::span<const std::string>) {
        add(name, BatchColumn::Type::json, std::string_view("[]"));
    }
};

const Names& all_names() {
    static const Names names = [] {
        Names made;
        const domain::UsageView record;
        usage_columns(record, made);
        return made;
    }();
    return names;
}

struct Cells {
    RowBatch& batch;
    void integer(std::string_view, std::int64_t value) { batch.add(value); }
    void counted(std::string_view, std::int64_t value) {
        if (value < 0) return batch.add(nullptr);
        batch.add(value);
    }
    void flag(std::string_view, bool value) { batch.add(std::int64_t{value ? 1 : 0}); }
    void text(std::string_view, std::string_view value) { batch.add(value); }
    void cut(std::string_view, std::string_view value, std::size_t characters) {
        batch.add(cut_text(value, characters));
    }
    void list(std::string_view, std::span<const std::string> values) {
        if (values.empty()) return batch.add(std::string_view("[]"));
        batch.own(json_of(values));
    }
};

// All that a record has, in the order of the columns, and the same given to a view of it.
struct Collected {
    std::vector<std::int64_t> numbers;
    std::vector<std::string_view> texts;
    std::span<const std::string> tags;
    void integer(std::string_view, std::int64_t value) { numbers.push_back(value); }
    void counted(std::string_view, std::int64_t value) { numbers.push_back(value); }
    void flag(std::string_view, bool value) { numbers.push_back(value ? 1 : 0); }
    void text(std::string_view, std::string_view value) { texts.push_back(value); }
    void cut(std::string_view, std::string_view value, std::size_t) { texts.push_back(value); }
    void list(std::string_view, std::span<const std::string> values) { tags = values; }
};
struct Given {
    const Collected& from;
    std::size_t number = 0, word = 0;
    void integer(std::string_view, std::int64_t& value) { value = from.numbers[number++]; }
    void counted(std::string_view, std::int64_t& value) { value = from.numbers[number++]; }
    void flag(std::string_view, bool& value) { value = from.numbers[number++] != 0; }
    void text(std::string_view, std::string_view& value) { value = from.texts[word++]; }
    void cut(std::string_view, std::string_view& value, std::size_t) { value = from.texts[word++]; }
    void list(std::string_view, std::span<const std::string>& values) { values = from.tags; }
};

struct Reader {
    const Row& row;
    std::size_t at = 0;
    base::Result<void> problem = {};
    void integer(std::string_view, std::int64_t& value) { value = row.integer(at++); }
    void counted(std::string_view, std::int64_t& value) {
        value = row.is_null(at) ? -1 : row.integer(at);
        ++at;
    }
    void flag(std::string_view, bool& value) { value = row.flag(at++); }
    void text(std::string_view, std::string& value) { value = row.string(at++); }
    void cut(std::string_view name, std::string& value, std::size_t) { text(name, value); }
    void list(std::string_view, std::vector<std::string>& values) {
        auto read = from_json(row.text(at++), values);
        if (!read.ok() && problem.ok()) problem = std::move(read);
    }
};

std::int64_t floor_to(std::int64_t at, std::int64_t unit) {
    return at - ((at % unit) + unit) % unit;
}

}  // namespace

const char* to_string(UsageDimension dimension) {
    return dimension_names[static_cast<std::size_t>(dimension)].data();
}

std::optional<UsageDimension> usage_dimension_of(std::string_view text) {
    const auto found = std::ranges::find(dimension_names, text);
    if (found == dimension_names.end()) return std::nullopt;
    return static_cast<UsageDimension>(found - dimension_names.begin());
}

std::string dimension_of_days(UsageDimension dimension) { return to_string(dimension); }
std::string name_of_months(std::string_view name) { return "month:" + std::string(name); }
std::string name_of_copies(std::string_view name) { return "copies:" + std::string(name); }
std::string name_of_hours(std::string_view name) { return "hour:" + std::string(name); }

std::vector<std::string> split_joined(std::string_view value, std::size_t count) {
    std::vector<std::string> parts;
    while (parts.size() + 1 < count) {
        const std::string_view part = value.substr(0, value.find(joined_separator));
        value.remove_prefix(std::min(part.size() + 1, value.size()));
        parts.emplace_back(part);
    }
    parts.emplace_back(value);
    return parts;
}

std::int64_t ceiling_of(std::int64_t at, std::int64_t unit) {
    const std::int64_t floor = floor_to(at, unit);
    return floor == at ? at : floor + unit;
}

std::vector<UsageRange> months_and_days(std::int64_t from, std::int64_t to) {
    const std::int64_t first = from == 0 ? 0 : month_of(from - 1).end_at;
    const std::int64_t last = to == 0 ? 0 : month_of(to).first_at;
    if (first != 0 && last != 0 && first >= last) return {{false, from, to}};
    std::vector<UsageRange> ranges = {{true, first, last}};
    if (from < first) ranges.push_back({false, from, first});
    if (last < to) ranges.push_back({false, last, to});
    return ranges;
}

std::string_view column_of(UsageDimension dimension) {
    return dimension_columns[static_cast<std::size_t>(dimension)];
}

std::string value_of(const domain::UsageView& r, UsageDimension dimension) {
    switch (dimension) {
        case UsageDimension::none: return {};
        case UsageDimension::tenant: return std::string(r.tenant);
        case UsageDimension::team: return std::string(r.team);
        case UsageDimension::user: return std::string(cut_text(r.user, user_characters_max));
        case UsageDimension::key: return std::string(r.key_id);
        case UsageDimension::provider: return std::string(r.provider);
        case UsageDimension::model: return std::string(r.model);
        case UsageDimension::alias: return std::string(r.alias);
        case UsageDimension::project: return std::string(r.project);
        case UsageDimension::power_level:
            return std::string(cut_text(r.power_level, power_level_characters_max));
        case UsageDimension::rule: return std::string(r.rule);
        case UsageDimension::status_class: return std::to_string(status_class_of(r.status));
    }
    return {};
}

std::int64_t status_class_of(std::int64_t status) {
    return status >= 200 && status < 600 ? status / 100 : 0;
}

std::int64_t hour_of(std::int64_t at) { return floor_to(at, micros_per_hour); }
std::int64_t day_of(std::int64_t at) { return floor_to(at, micros_per_day); }

std::string_view cut_text(std::string_view text, std::size_t characters) {
    if (text.size() <= characters) return text;
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
        if (begins && count++ == characters) return text.substr(0, at);
    }
    return text;
}

const std::string& usage_column_names() { return all_names().names; }
const std::vector<BatchColumn>& usage_batch_columns() { return all_names().columns; }

void add_usage_row(RowBatch& batch, const domain::UsageView& record) {
    Cells cells{batch};
    usage_columns(record, cells);
}

domain::UsageView view_of(const domain::UsageRecord& record) {
    Collected collected;
    usage_columns(record, collected);
    domain::UsageView view;
    Given given{collected};
    usage_columns(view, given);
    return view;
}

base::Result<domain::UsageRecord> read_usage_row(const Row& row) {
    domain::UsageRecord record;
    Reader reader{row};
    usage_columns(record, reader);
    TRY_VOID(std::move(reader.problem));
    return record;
}

std::int64_t latency_bucket_of(std::int64_t micros) {
    return std::ranges::lower_bound(latency_bounds_us, micros) - latency_bounds_us.begin();
}

UsageSums sums_of(const domain::UsageView& r) {
    using domain::Usage;
    UsageSums s;
    s.requests = 1;
    s.errors = !r.error_class.empty() || r.status >= 400 ? 1 : 0;
    s.fallbacks = r.fallback_reason.empty() ? 0 : 1;
    s.input_tokens = Usage::or_zero(r.usage.input);
    s.output_tokens = Usage::or_zero(r.usage.output);
    s.cache_read_tokens = Usage::or_zero(r.usage.cache_read);
    s.cache_write_5m_tokens = Usage::or_zero(r.usage.cache_write_5m);
    s.cache_write_1h_tokens = Usage::or_zero(r.usage.cache_write_1h);
    s.reasoning_tokens = Usage::or_zero(r.usage.reasoning);
    s.web_searches = Usage::or_zero(r.usage.web_searches);
    s.cost = r.cost;
    s.list_cost = r.list_cost;
    s.baseline_cost = r.baseline_cost;
    s.fee = r.fee;
    s.byok_requests = r.byok ? 1 : 0;
    s.byok_list_cost = r.byok ? r.list_cost : 0;
    s.cache_hits = r.cache == "hit" ? 1 : 0;
    s.cache_hit_list_cost = r.cache == "hit" ? r.list_cost : 0;
    s.unpriced_requests = r.priced ? 0 : 1;
    s.estimated_requests = r.usage.estimated ? 1 : 0;
    s.total_us = r.total_us;
    s.first_token_us = std::max<std::int64_t>(r.first_token_us, 0);
    s.first_token_count = r.first_token_us >= 0 ? 1 : 0;
    s.request_bytes = r.request_bytes;
    s.response_bytes = r.response_bytes;
    return s;
}

namespace {

void combine(UsageSums& mine, const UsageSums& theirs, std::int64_t sign) {
    std::array<std::int64_t, 32> values{};
    std::size_t at = 0;
    sum_columns(theirs, [&](std::string_view, std::int64_t value) { values[at++] = value; });
    at = 0;
    sum_columns(mine, [&](std::string_view, std::int64_t& value) { value += sign * values[at++]; });
}

}  // namespace

void UsageSums::add(const UsageSums& other) { combine(*this, other, 1); }
void UsageSums::subtract(const UsageSums& other) { combine(*this, other, -1); }

}  // namespace tollgate::store
