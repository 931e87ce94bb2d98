// What a routing decision knows of each candidate: prices joined to this request's size, live
// figures of its deployment, the user's own keys. Pure but for the clock that is given.
#pragma once
#include <string>
#include <vector>

#include "gateway/directory.hpp"
#include "gateway/snapshot.hpp"
#include "routing/facts.hpp"

namespace tollgate::gateway {

// The size of one request, in tokens.
struct RequestSize {
    std::int64_t input = 0;
    std::int64_t output_expected = 0;
    std::int64_t output_max = 0;      // asked for; 0: the model's limit
    std::int64_t cached = 0;          // of the input, where the conversation was last
};

// Output that is expected where nothing better is known.
constexpr std::int64_t usual_output_tokens = 1'024;
struct FactsInput {
    const RequestSize& size;
    const policy::OwnKeys* own_keys = nullptr;  // null: none
    double byok_fee_percent = 10;               // of the list price
    const Endpoint* pinned = nullptr;           // the conversation's; its prefix is cached
    net::Instant now;
};

// The facts of a candidate of this stage; the views borrow the endpoint and `name`, which is
// filled with "provider/model".
routing::CandidateFacts facts_of(const Endpoint& endpoint, const FactsInput& input,
                                 std::int64_t stage, std::string& name);

// The user's own key that would be used there; null: none is, or it is meant for other models.
const policy::OwnKey* own_key_for(const domain::Deployment& target, const policy::OwnKeys* keys);

// What the request is expected to cost there, in USD; negative: no price is known.
double expected_cost(const domain::ModelTraits& model, const RequestSize& size,
                     std::int64_t cached);

}  // namespace tollgate::gateway
