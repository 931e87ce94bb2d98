#include "commands/import_litellm_rows.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <set>

#include "commands/import_litellm_fields.hpp"

namespace tollgate::commands::litellm {
namespace {

constexpr std::string_view prefix = "LiteLLM_";

bool is_word_of(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::size_t space = list.find(' ');
        if (list.substr(0, space) == word) return true;
        list.remove_prefix(space == std::string_view::npos ? list.size() : space + 1);
    }
    return false;
}

// Nothing, as every type of a column says it.
bool is_unset(json::Value value) {
    switch (value.kind()) {
        case json::Kind::absent:
        case json::Kind::null: return true;
        case json::Kind::boolean: return !value.boolean().value_or(false);
        case json::Kind::number: return value.number().value_or(0) == 0;
        case json::Kind::string: return value.string_empty();
        case json::Kind::array:
        case json::Kind::object: return value.size() == 0;
    }
    return true;
}

std::vector<std::pair<std::string, std::string>> pairs_of(json::Value object) {
    std::vector<std::pair<std::string, std::string>> pairs;
    const json::Value::Range members = object.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        if ((*it).is_string()) pairs.emplace_back(it.key().text(), (*it).text());
    }
    return pairs;
}

std::optional<std::int64_t> positive(json::Value value) {
    const auto number = value.integer();
    return number && *number >= 0 ? number : std::nullopt;
}

void add_leftovers(json::Value row, const TableFields& fields, std::vector<Leftover>& out) {
    const json::Value::Range members = row.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        const std::string name = it.key().text();
        if (is_word_of(fields.understood, name) || is_unset(*it)) continue;
        std::string_view words = "a column that this version does not know";
        for (const Advice& advice : fields.unsupported) {
            if (advice.name == name) words = advice.words;
        }
        out.push_back({name, std::string(words)});
    }
    const json::Value metadata = row["metadata"];
    for (const Advice& advice : metadata_fields()) {
        if (is_unset(metadata[advice.name])) continue;
        out.push_back({"metadata." + std::string(advice.name), std::string(advice.words)});
    }
}

void read_row(json::Value from, std::string_view id, std::string_view alias,
              const TableFields& fields, Row& row) {
    row.id = text_of(from, id);
    if (!alias.empty()) row.alias = text_of(from, alias);
    row.budget_id = text_of(from, "budget_id");
    row.models = texts_of(from, "models");
    if (from["metadata"].is_object()) row.metadata = std::string(from["metadata"].raw());
    row.terms.max_budget = money_of(from, "max_budget");
    row.terms.soft_budget = money_of(from, "soft_budget");
    row.terms.duration = text_of(from, "budget_duration");
    row.terms.reset = time_of(from, "budget_reset_at");
    row.terms.limits.tokens_per_minute = positive(from["tpm_limit"]);
    row.terms.limits.requests_per_minute = positive(from["rpm_limit"]);
    row.terms.limits.concurrent_requests = positive(from["max_parallel_requests"]);
    row.terms.spend = std::max<NanoUsd>(0, money_of(from, "spend").value_or(0));
    row.created = time_of(from, "created_at");
    row.blocked = from["blocked"].boolean().value_or(false);
    add_leftovers(from, fields, row.leftovers);
}

// Reads tables inside one transaction; a table that is not there has no rows.
class Reading {
public:
    explicit Reading(store::Session& session) : session_(session) {}

    base::Result<void> list_tables() {
        return session_.each(
            "SELECT tablename::text FROM pg_catalog.pg_tables "
            "WHERE schemaname = ANY (current_schemas(false))",
            {}, [this](const store::Row& row) -> base::Result<void> {
                tables_.insert(row.string(0));
                return {};
            });
    }
    bool has(std::string_view table) const {
        return tables_.contains(std::string(prefix) + std::string(table));
    }
    base::Result<void> each(std::string_view table, std::string_view order,
                            const std::function<void(json::Value)>& use) {
        if (!has(table)) return {};
        const std::string sql = "SELECT to_jsonb(t)::text FROM \"" + std::string(prefix) +
                                std::string(table) + "\" t ORDER BY " + std::string(order);
        return session_.each(sql, {}, [&](const store::Row& row) -> base::Result<void> {
            json::Document document;
            TRY(const json::Value value, document.parse(row.text(0)));
            use(value);
            return {};
        });
    }
    base::Result<std::int64_t> count(std::string_view table) {
        std::int64_t rows = 0;
        if (!has(table)) return rows;
        TRY_VOID(session_.each("SELECT count(*) FROM \"" + std::string(prefix) +
                                   std::string(table) + "\"",
                               {}, [&](const store::Row& row) -> base::Result<void> {
                                   rows = row.integer(0);
                                   return {};
                               }));
        return rows;
    }

private:
    store::Session& session_;
    std::set<std::string> tables_;
};

base::Result<void> read_organizations(Reading& from, Database& to) {
    TRY_VOID(from.each("BudgetTable", "budget_id", [&](json::Value row) {
        read_row(row, "budget_id", "", budget_fields(), to.budgets.emplace_back());
    }));
    return from.each("OrganizationTable", "organization_id", [&](json::Value row) {
        read_row(row, "organization_id", "organization_alias", organization_fields(),
                 to.organizations.emplace_back());
    });
}

void read_members(json::Value row, Team& team) {
    const auto add = [](std::vector<std::string>& list, std::string id) {
        if (id.empty() || std::find(list.begin(), list.end(), id) != list.end()) return;
        list.push_back(std::move(id));
    };
    for (const json::Value member : row["members_with_roles"].elements()) {
        const std::string id = text_of(member, "user_id");
        add(team.members, id);
        if (member["role"].equals("admin")) add(team.admins, id);
    }
    for (std::string& id : texts_of(row, "members")) add(team.members, std::move(id));
    for (std::string& id : texts_of(row, "admins")) {
        add(team.members, id);
        add(team.admins, std::move(id));
    }
}

base::Result<void> read_teams(Reading& from, Database& to) {
    std::map<std::int64_t, std::vector<std::pair<std::string, std::string>>> aliases;
    TRY_VOID(from.each("ModelTable", "id", [&](json::Value row) {
        // Some versions keep the object as a text of JSON.
        json::Document inner;
        json::Value object = row["aliases"];
        const std::string text = object.text();
        if (object.is_string()) {
            const auto parsed = inner.parse(text);
            if (parsed.ok()) object = *parsed;
        }
        aliases[row["id"].integer().value_or(0)] = pairs_of(object);
    }));
    return from.each("TeamTable", "team_id", [&](json::Value row) {
        Team& team = to.teams.emplace_back();
        read_row(row, "team_id", "team_alias", team_fields(), team);
        team.organization = text_of(row, "organization_id");
        read_members(row, team);
        if (const auto id = row["model_id"].integer()) team.aliases = aliases[*id];
    });
}

base::Result<void> read_users(Reading& from, Database& to) {
    TRY_VOID(from.each("UserTable", "user_id", [&](json::Value row) {
        User& user = to.users.emplace_back();
        read_row(row, "user_id", "user_alias", user_fields(), user);
        user.email = text_of(row, "user_email");
        user.role = text_of(row, "user_role");
        user.organization = text_of(row, "organization_id");
        user.sso_id = text_of(row, "sso_user_id");
        user.teams = texts_of(row, "teams");
        if (const std::string team = text_of(row, "team_id"); !team.empty()) {
            user.teams.push_back(team);
        }
    }));
    std::map<std::string, User*> users;
    for (User& user : to.users) users.emplace(user.id, &user);
    TRY_VOID(from.each("OrganizationMembership", "user_id, organization_id", [&](json::Value row) {
        const auto found = users.find(text_of(row, "user_id"));
        if (found == users.end()) return;
        User& user = *found->second;
        const std::string organization = text_of(row, "organization_id");
        if (user.organization.empty()) user.organization = organization;
        const bool administers = row["user_role"].equals("org_admin");
        if (administers && user.organization == organization && user.role != "proxy_admin") {
            user.role = "org_admin";
        }
    }));
    return from.each("TeamMembership", "user_id, team_id", [&](json::Value row) {
        Membership& membership = to.memberships.emplace_back();
        membership.user = text_of(row, "user_id");
        membership.team = text_of(row, "team_id");
        membership.budget_id = text_of(row, "budget_id");
        membership.spend = money_of(row, "spend").value_or(0);
    });
}

base::Result<void> read_keys(Reading& from, Database& to) {
    TRY_VOID(from.each("VerificationToken", "token", [&](json::Value row) {
        Key& key = to.keys.emplace_back();
        read_row(row, "token", "key_alias", key_fields(), key);
        key.shown = text_of(row, "key_name");
        key.team = text_of(row, "team_id");
        key.user = text_of(row, "user_id");
        key.organization = text_of(row, "organization_id");
        key.aliases = pairs_of(row["aliases"]);
        key.routes = texts_of(row, "allowed_routes");
        key.tags = texts_of(row["metadata"], "tags");
        key.expires = time_of(row, "expires");
        key.last_used = time_of(row, "last_active");
        key.rotates = row["auto_rotate"].boolean().value_or(false);
        key.rotation = text_of(row, "rotation_interval");
    }));
    return from.each("DeprecatedVerificationToken", "revoke_at", [&](json::Value row) {
        const std::string active = text_of(row, "active_token_id");
        for (Key& key : to.keys) {
            if (key.id != active) continue;
            key.previous = text_of(row, "token");
            key.previous_until = time_of(row, "revoke_at");
        }
    });
}

base::Result<void> read_others(Reading& from, Database& to) {
    for (const Advice& table : other_tables()) {
        TRY(const std::int64_t rows, from.count(table.name));
        if (rows > 0) {
            to.others.push_back({std::string(table.name), std::string(table.words), rows});
        }
    }
    TRY(to.logged_requests, from.count("SpendLogs"));
    return {};
}

}  // namespace

std::string text_of(json::Value row, std::string_view name) { return row[name].text(); }

std::vector<std::string> texts_of(json::Value row, std::string_view name) {
    std::vector<std::string> texts;
    for (const json::Value one : row[name].elements()) {
        if (one.is_string()) texts.push_back(one.text());
    }
    return texts;
}

std::optional<NanoUsd> money_of(json::Value row, std::string_view name) {
    const json::Value value = row[name];
    const auto number = value.number();
    if (!number) return std::nullopt;
    const auto exact = domain::parse_dollars(value.raw());
    return exact.ok() ? *exact : domain::from_dollars(*number);
}

UnixMicros time_of(json::Value row, std::string_view name) {
    return parse_time(row[name].text());
}

UnixMicros parse_time(std::string_view text) {
    const auto digits = [&](std::size_t at, std::size_t count) {
        int value = -1;
        if (at + count > text.size()) return value;
        const auto [end, failure] =
            std::from_chars(text.data() + at, text.data() + at + count, value);
        return failure == std::errc() && end == text.data() + at + count ? value : -1;
    };
    const int year = digits(0, 4), month = digits(5, 2), day = digits(8, 2);
    const int hour = digits(11, 2), minute = digits(14, 2), second = digits(17, 2);
    if (year < 0 || hour < 0 || minute < 0 || second < 0) return 0;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (month < 1 || day < 1 || !date.ok()) return 0;
    std::int64_t micros =
        std::chrono::sys_days(date).time_since_epoch() / std::chrono::microseconds(1);
    micros += (hour * 3600LL + minute * 60LL + second) * 1'000'000;
    std::size_t at = 19;
    if (at < text.size() && text[at] == '.') {
        std::int64_t scale = 100'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            micros += (text[at] - '0') * scale;
            scale /= 10;
        }
    }
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        const std::int64_t east = std::max(0, digits(at + 1, 2)) * 3600LL +
                                  std::max(0, digits(at + 4, 2)) * 60LL;
        micros -= (text[at] == '+' ? east : -east) * 1'000'000;
    }
    return micros;
}

base::Result<Database> read_database(store::Db& db) {
    Database database;
    TRY_VOID(db.read(store::Access::of_owner(), [&](store::Session& session) -> base::Result<void> {
        database = {};
        Reading from(session);
        TRY_VOID(from.list_tables());
        if (!from.has("VerificationToken")) {
            return base::Error{base::ErrorCode::not_found,
                               "the database has no table LiteLLM_VerificationToken: is the URL "
                               "that of LiteLLM's database, with its schema (?schema=...)?"};
        }
        TRY_VOID(read_organizations(from, database));
        TRY_VOID(read_teams(from, database));
        TRY_VOID(read_users(from, database));
        TRY_VOID(read_keys(from, database));
        return read_others(from, database);
    }));
    return database;
}

base::Result<void> each_spend_log(store::Db& db, const UseLog& use) {
    return db.read(store::Access::of_owner(), [&](store::Session& session) -> base::Result<void> {
        Reading from(session);
        TRY_VOID(from.list_tables());
        if (!from.has("SpendLogs")) return {};
        // Bodies are never looked at, and may be large.
        return session.each(
            "SELECT (to_jsonb(t) - 'messages' - 'response' - 'proxy_server_request')::text "
            "FROM \"LiteLLM_SpendLogs\" t ORDER BY \"startTime\", request_id",
            {}, [&](const store::Row& row) -> base::Result<void> {
                json::Document document;
                TRY(const json::Value value, document.parse(row.text(0)));
                return use(value);
            });
    });
}

}  // namespace tollgate::commands::litellm
