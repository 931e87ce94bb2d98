// What routing looks at in a request's body, read from the decoded request when a rule or the
// detection of tasks first asks. Lives on the frame of the plan; one thread.
#pragma once
#include <optional>
#include <string>

#include "gateway/generation.hpp"
#include "routing/request_features.hpp"

namespace tollgate::gateway {

// Pure: the features of a decoded request. The texts are stored in `texts`, which must outlive
// what is returned. `input_tokens`: the estimate of the whole body.
struct BodyTexts {
    std::string words, system, reminders;
};
routing::BodyFeatures features_of(const domain::Request& request, std::int64_t input_tokens,
                                  BodyTexts& texts);

class RequestBody final : public routing::BodySource {
public:
    // Borrows the generation. A body that cannot be decoded has no features but its size: whoever
    // sends it on will say what is wrong with it.
    explicit RequestBody(Generation& generation) : generation_(generation) {}
    const routing::BodyFeatures& body() const override;

private:
    Generation& generation_;
    mutable BodyTexts texts_;
    mutable std::optional<routing::BodyFeatures> features_;
};

// Of a request for embeddings: nobody speaks in it, so that it has a size and no words.
class EmbeddingsBody final : public routing::BodySource {
public:
    explicit EmbeddingsBody(Generation& generation) : generation_(generation) {}
    const routing::BodyFeatures& body() const override;

private:
    Generation& generation_;
    mutable std::optional<routing::BodyFeatures> features_;
};

}  // namespace tollgate::gateway
