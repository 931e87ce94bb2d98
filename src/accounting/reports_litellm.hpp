// Spend in the shapes of LiteLLM's calls: /spend/logs, /spend/tags, /global/spend and
// /global/spend/report, so that scripts written for it go on working. Blocking functions inside
// Db::transact (store threads). Spend there is a JSON number of dollars; ours is exact.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

// /spend/logs of one request, of a key or of a user: an array of rows as LiteLLM_SpendLogs has
// them. `api_key` is the key's id with us. At most `rows_max`, newest first.
constexpr std::int64_t spend_log_rows_max = 1'000;
base::Result<void> append_spend_logs(std::string& out, store::Session& session,
                                     const store::Access& access, const store::UsageFilter& filter,
                                     std::int64_t rows_max = spend_log_rows_max);
base::Result<void> append_spend_log(std::string& out, store::Session& session,
                                    const store::Access& access, std::string_view request_id);
// /spend/logs?start_date=&end_date= : [{startTime, spend, users{}, models{}}] by day.
base::Result<void> append_spend_by_day(std::string& out, store::Session& session,
                                       const store::Access& access,
                                       const store::UsageFilter& filter);

// [{individual_request_tag, log_count, total_spend}], dearest first.
base::Result<void> append_spend_tags(std::string& out, store::Session& session,
                                     const store::Access& access, const store::UsageFilter& filter);

// {spend, max_budget}; null where there is none.
base::Result<void> append_global_spend(std::string& out, store::Session& session,
                                       const store::Access& access,
                                       const store::UsageFilter& filter,
                                       std::optional<domain::NanoUsd> max_budget);

// /global/spend/report: of each day its teams ("team") or users ("customer") with their keys and
// models; of each key ("api_key") its models over the range.
enum class SpendGroup : std::uint8_t { team, customer, api_key };
std::optional<SpendGroup> spend_group_of(std::string_view text);
base::Result<void> append_spend_report(std::string& out, store::Session& session,
                                       const store::Access& access,
                                       const store::UsageFilter& filter, SpendGroup group);

}  // namespace tollgate::accounting
