// What people thought of answers, and what was measured of the requests of an experiment. Blocking
// functions inside Db::transact; see page.hpp for access and errors.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/feedback.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// One per request: given again, it replaces what was there. Fails: permission.
base::Result<void> put_feedback(Session& session, const Access& access,
                                const domain::Feedback& feedback);
base::Result<std::optional<domain::Feedback>> feedback_of(Session& session, const Access& access,
                                                          std::string_view request_id);

// A request that an experiment's arm was chosen for.
struct ArmRow {
    std::string arm;
    std::int64_t status = 0;
    std::string error_class;             // "" : none
    bool client_gone = false, priced = true;
    std::int64_t cost = 0;               // nano-dollars, with the fee
    std::int64_t total_us = 0;
    std::int64_t first_token_us = -1;    // -1: no content came
    std::int64_t output_tokens = -1;     // -1: nobody counted
    std::optional<double> score;         // of feedback
    std::int64_t tool_calls = 0, tool_calls_valid = 0;  // valid: their arguments are JSON objects
    bool refused = false;                // the model did, in its answer
};
// The newest `rows_max` of them in from <= at < to (0: open), newest first.
struct ArmRowsQuery {
    std::string experiment;
    std::string tenant;                  // "" : every one that access shows
    std::int64_t from = 0, to = 0;
    std::int64_t rows_max = 0;
};
base::Result<void> each_arm_row(Session& session, const Access& access, const ArmRowsQuery& query,
                                const std::function<void(const ArmRow&)>& use);

}  // namespace tollgate::store
