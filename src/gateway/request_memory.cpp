// How long the text of a request stays in memory: a stream may be open for an hour, a body may have
// megabytes.
#include "accounting/token_count.hpp"
#include "gateway/generation.hpp"

namespace tollgate::gateway {
namespace {

// A document has several times its text's size; those of huge bodies are not kept for others.
constexpr std::size_t kept_document_body_bytes_max = 1024 * 1024;

}  // namespace

std::int64_t Generation::input_estimate() {
    if (estimate_ < 0) estimate_ = accounting::quick_estimate(body);
    return estimate_;
}

void Generation::release_document() {
    if (document == nullptr) return;
    if (body.size() <= kept_document_body_bytes_max) {
        worker.documents.give_back(std::move(document));
    }
    document.reset();
}

void Generation::release_decoded() {
    if (!decoded) return;
    static_cast<void>(describe_answer());
    decoded.reset();
}

void Generation::release_request() {
    if (std::exchange(released_, true)) return;
    release_document();
    decoded.reset();
    outline.fields.clear();
    outline.model = record.alias;
    arena.reset();
    body = {};
    exchange.release_body();
}

}  // namespace tollgate::gateway
