// The JSON of what administration handles: how stored objects are shown, and how they are read from
// a request's body. Secrets and hashes are never shown. Money is a number of US dollars, times are
// RFC 3339 or null for never. Pure.
#pragma once
#include <string>

#include "admin/experiment_objects.hpp"
#include "admin/fields.hpp"
#include "admin/provider_objects.hpp"
#include "base/json.hpp"
#include "domain/tenancy.hpp"
#include "domain/usage_record.hpp"

namespace tollgate::admin {

// Shown. Each writes one object.
void write(json::Writer& writer, const domain::Tenant& tenant);
void write(json::Writer& writer, const domain::Team& team);
void write(json::Writer& writer, const domain::User& user);
void write(json::Writer& writer, const domain::Key& key);
void write(json::Writer& writer, const domain::Tier& tier);
void write(json::Writer& writer, const domain::LimitRow& limit);
void write(json::Writer& writer, const domain::CreditMovement& movement);
void write(json::Writer& writer, const domain::AuditRow& row);
void write(json::Writer& writer, const domain::AlertChannel& channel);
void write(json::Writer& writer, const domain::Alert& alert);
// A request, or one of its attempts.
void write(json::Writer& writer, const domain::UsageRecord& record);
// The members of a budget without the braces, so that its live state can stand beside them.
void write_members(json::Writer& writer, const domain::Budget& budget);
void write_members(json::Writer& writer, const domain::UserSettings& settings);
inline void write(json::Writer& writer, const domain::Budget& budget) {
    writer.begin_object();
    write_members(writer, budget);
    writer.end_object();
}
inline void write(json::Writer& writer, const domain::UserSettings& settings) {
    writer.begin_object();
    write_members(writer, settings);
    writer.end_object();
}
template <typename Object>
std::string shown(const Object& object) {
    std::string text;
    json::Writer writer(text);
    write(writer, object);
    return text;
}

// Where a channel leads, as it is shown: of a URL scheme and host, and the last four characters of
// the rest when it is long, the others as target_mask.
inline constexpr std::string_view target_mask = "…";
std::string shown_target(const domain::AlertChannel& channel);

// Parts of them.
void write_limits(json::Writer& writer, const domain::Limits& limits);
void write_names(json::Writer& writer, std::string_view name,
                 const std::vector<std::string>& names);
void write_pairs(json::Writer& writer, std::string_view name,
                 const std::vector<std::pair<std::string, std::string>>& pairs);
void write_time(json::Writer& writer, std::string_view name, domain::UnixMicros at);
void write_money(json::Writer& writer, std::string_view name, domain::NanoUsd amount);
void write_money(json::Writer& writer, std::string_view name,
                 const std::optional<domain::NanoUsd>& amount);

// Read: what a body may set. Ids, origins, times and etags are ours.
void read(Fields& fields, domain::Tenant& tenant);
void read(Fields& fields, domain::Team& team);
void read(Fields& fields, domain::User& user);
void read(Fields& fields, domain::Key& key);
void read(Fields& fields, domain::Tier& tier);
void read(Fields& fields, domain::LimitRow& limit);
void read(Fields& fields, domain::Budget& budget);
void read(Fields& fields, domain::UserSettings& settings);
void read(Fields& fields, domain::AlertChannel& channel);
void read_role(Fields& fields, std::string_view name, domain::AccessRole& role);
void read_subject_kind(Fields& fields, std::string_view name, domain::SubjectKind& kind);

// What a PUT starts from: the object as if it had just been made, with what a body cannot set.
domain::Tenant fresh(const domain::Tenant& stored);
domain::Team fresh(const domain::Team& stored);
domain::User fresh(const domain::User& stored);
domain::Key fresh(const domain::Key& stored);
domain::Tier fresh(const domain::Tier& stored);
domain::LimitRow fresh(const domain::LimitRow& stored);
domain::Budget fresh(const domain::Budget& stored);
domain::UserSettings fresh(const domain::UserSettings& stored);
domain::AlertChannel fresh(const domain::AlertChannel& stored);

}  // namespace tollgate::admin
