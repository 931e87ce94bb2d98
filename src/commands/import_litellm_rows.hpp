// LiteLLM's database as plain values. Its tables differ from version to version: a column that is
// missing reads as empty, one that is set and not understood is kept as a leftover for the report.
// Blocking; see store/db.hpp for what a read fails with.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"

namespace tollgate::commands::litellm {

using domain::NanoUsd;
using domain::UnixMicros;

// Something a row says that has no counterpart here.
struct Leftover {
    std::string field, advice;
};

// What LiteLLM bounds a key, team, user or budget by, and what was spent since the last reset.
struct Terms {
    std::optional<NanoUsd> max_budget, soft_budget;
    std::string duration;      // "30d"; "" : never reset
    UnixMicros reset = 0;      // the next one; 0: none
    domain::Limits limits;
    NanoUsd spend = 0;
};

struct Row {
    std::string id;            // of the table's own key
    std::string alias;         // the name for people; "" : none
    std::string budget_id;     // of LiteLLM_BudgetTable; "" : none
    std::vector<std::string> models;
    std::string metadata = "{}";  // a JSON object
    Terms terms;
    UnixMicros created = 0;
    bool blocked = false;
    std::vector<Leftover> leftovers;
};
struct Organization : Row {};
struct Team : Row {
    std::string organization;
    std::vector<std::pair<std::string, std::string>> aliases;
    std::vector<std::string> members;  // user ids
    std::vector<std::string> admins;   // those of them that administer the team
};
struct User : Row {
    std::string email, role, organization, sso_id;
    std::vector<std::string> teams;
};
struct Key : Row {                     // id: the SHA-256 of the key, 64 hexadecimal digits
    std::string shown;                 // "sk-...Ab12"
    std::string team, user, organization;
    std::vector<std::pair<std::string, std::string>> aliases;
    std::vector<std::string> routes, tags;
    UnixMicros expires = 0, last_used = 0;
    bool rotates = false;
    std::string rotation;              // "30d"
    std::string previous;              // the hash before a rotation
    UnixMicros previous_until = 0;
};
struct Membership {                    // a user's own terms within a team
    std::string user, team, budget_id;
    NanoUsd spend = 0;
};
// A table with rows that nothing here takes over.
struct OtherTable {
    std::string name, advice;
    std::int64_t rows = 0;
};

struct Database {
    std::vector<Organization> organizations;
    std::vector<Team> teams;
    std::vector<User> users;
    std::vector<Key> keys;
    std::vector<Row> budgets;          // LiteLLM_BudgetTable
    std::vector<Membership> memberships;
    std::vector<OtherTable> others;
    std::int64_t logged_requests = 0;  // rows of LiteLLM_SpendLogs
};

// All of it, in one transaction that only reads. Fails: not_found when there is no
// LiteLLM_VerificationToken in the database.
base::Result<Database> read_database(store::Db& db);

// The logged requests from the oldest on, one JSON object each, in constant memory. An error of
// `use` ends it. Nothing when the table is not there.
using UseLog = std::function<base::Result<void>(json::Value)>;
base::Result<void> each_spend_log(store::Db& db, const UseLog& use);

// Fields of a JSON row; what is missing or of another kind is empty.
std::string text_of(json::Value row, std::string_view name);
std::vector<std::string> texts_of(json::Value row, std::string_view name);
UnixMicros time_of(json::Value row, std::string_view name);
std::optional<NanoUsd> money_of(json::Value row, std::string_view name);
// "2026-11-21T05:00:00.123", with or without a zone (none: UTC); 0 when it is no such time.
UnixMicros parse_time(std::string_view text);

}  // namespace tollgate::commands::litellm
