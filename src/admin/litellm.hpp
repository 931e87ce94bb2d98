// LiteLLM's administration by its own names and shapes, over our tenants, teams, users, keys and
// budgets, so that scripts written for it go on working. Fields that mean nothing here are ignored
// and named in x-tollgate-ignored-fields. Blocking.
//
// What its objects are here:
//   team          a team; its id may be chosen. Of the tenant that organization_id names, else the
//                 caller's, else "default", which is made when it is first needed
//   user          a user; user_id is the external id where there is one, else the id. One that a
//                 key is made for and that is not there yet is made
//   token         the key's id
//   max_budget    a budget of the key, team or user, named "litellm DURATION"
//   budget        a budget of kind key and subject "template": keys made with its budget_id get a
//                 budget of their own like it
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "admin/call.hpp"
#include "store/users.hpp"

namespace tollgate::admin {

// Bounds as LiteLLM spells them.
struct LiteTerms {
    bool has_max = false, has_soft = false, has_duration = false;
    std::optional<domain::NanoUsd> max_budget, soft_budget;
    std::string duration;  // "30d", "" : for good
    bool any() const { return has_max || has_soft || has_duration; }
};
// max_budget, soft_budget, budget_duration.
void read_terms(Fields& fields, LiteTerms& terms);
// tpm_limit, rpm_limit, max_parallel_requests.
void read_lite_limits(Fields& fields, domain::Limits& limits);
// models; "all-proxy-models" and "all-team-models" are no bound.
void read_lite_models(Fields& fields, std::vector<std::string>& allowed);

// The tenant that something new belongs to.
base::Result<domain::Tenant> lite_tenant(Call& call, store::Session& session,
                                         const std::string& organization);
// A user by what LiteLLM calls user_id; made when it is not there.
base::Result<domain::User> lite_user(Call& call, store::Session& session,
                                     const std::string& tenant, const std::string& user_id);
std::string lite_user_id(const domain::User& user);
// By the key itself, its id, or the SHA-256 of an imported one. Fails: not_found.
base::Result<domain::Key> lite_key(Call& call, store::Session& session, const std::string& given);

// The budget that max_budget stands for; nullopt: none.
base::Result<std::optional<domain::Budget>> lite_budget(Call& call, store::Session& session,
                                                        domain::SubjectKind kind,
                                                        const std::string& subject);
// Makes, changes or removes it, as the terms say.
base::Result<void> put_lite_budget(Call& call, store::Session& session, domain::SubjectKind kind,
                                   const std::string& tenant, const std::string& subject,
                                   const LiteTerms& terms);
// The terms as a budget's limit, hardness, thresholds, period and name. Fails: invalid_request.
base::Result<void> apply_terms(const LiteTerms& terms, domain::Budget& budget);

// max_budget, soft_budget, budget_duration, budget_reset_at and spend, as members.
base::Result<void> write_lite_money(json::Writer& writer, Call& call, store::Session& session,
                                    domain::SubjectKind kind, const std::string& tenant,
                                    const std::string& subject);
void write_lite_terms(json::Writer& writer, const std::optional<domain::Budget>& budget);
void write_lite_limits(json::Writer& writer, const domain::Limits& limits);
// A key as /key/info shows it, as members; `secret` "" : it is not shown.
base::Result<void> write_lite_key(json::Writer& writer, Call& call, store::Session& session,
                                  const domain::Key& key, const std::string& secret);
// The objects of all keys that match, at most 500.
base::Result<void> write_lite_keys_of(json::Writer& writer, Call& call, store::Session& session,
                                      const std::string& tenant, const std::string& team,
                                      const std::string& user);

// litellm_keys.cpp
base::Result<void> lite_key_generate(Call& call, store::Session& session);
base::Result<void> lite_key_info(Call& call, store::Session& session);
base::Result<void> lite_key_update(Call& call, store::Session& session);
base::Result<void> lite_key_delete(Call& call, store::Session& session);
base::Result<void> lite_key_list(Call& call, store::Session& session);
base::Result<void> lite_key_block(Call& call, store::Session& session);
base::Result<void> lite_key_unblock(Call& call, store::Session& session);
base::Result<void> lite_key_regenerate(Call& call, store::Session& session);
// Makes the key that /key/generate and /user/new ask for; reads their fields.
struct LiteKeyRequest {
    domain::Key key;
    LiteTerms terms;
    std::string chosen, duration, team_id, user_id, organization, budget_id;
};
void read_lite_key(Fields& fields, LiteKeyRequest& wanted);
// litellm_teams.cpp
base::Result<void> lite_team_new(Call& call, store::Session& session);
base::Result<void> lite_team_info(Call& call, store::Session& session);
base::Result<void> lite_team_update(Call& call, store::Session& session);
base::Result<void> lite_team_list(Call& call, store::Session& session);
base::Result<void> lite_team_delete(Call& call, store::Session& session);
// litellm_users.cpp
base::Result<void> lite_user_new(Call& call, store::Session& session);
base::Result<void> lite_user_info(Call& call, store::Session& session);
base::Result<void> lite_user_update(Call& call, store::Session& session);
base::Result<void> lite_user_list(Call& call, store::Session& session);
// litellm_budgets.cpp
base::Result<void> lite_budget_new(Call& call, store::Session& session);
base::Result<void> lite_budget_info(Call& call, store::Session& session);
// litellm_models.cpp
base::Result<void> lite_model_info(Call& call);
base::Result<void> lite_model_group_info(Call& call);
base::Result<void> lite_health_services(Call& call);
// litellm_spend.cpp
base::Result<void> lite_spend_logs(Call& call, store::Session& session);
base::Result<void> lite_spend_tags(Call& call, store::Session& session);
base::Result<void> lite_global_spend(Call& call, store::Session& session);
base::Result<void> lite_global_spend_report(Call& call, store::Session& session);

}  // namespace tollgate::admin
