#include "gateway/shared_answer.hpp"

#include <array>

#include "gateway/shared_affinity.hpp"
#include "routing/session_key.hpp"
#include "shared_state/shared_values.hpp"

namespace tollgate::gateway {
namespace {

using shared_state::ValueKind;
using std::chrono::milliseconds;

constexpr std::int64_t version = 1;

constexpr std::array usage_fields = {
    &domain::Usage::input,          &domain::Usage::output,       &domain::Usage::cache_read,
    &domain::Usage::cache_write_5m, &domain::Usage::cache_write_1h, &domain::Usage::reasoning,
    &domain::Usage::audio_input,    &domain::Usage::audio_output, &domain::Usage::image_output,
    &domain::Usage::images,         &domain::Usage::web_searches,
    &domain::Usage::provider_cost_nano_usd,
};

std::int64_t unix_milliseconds() {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// The tenant stands in it, so that who looks into Redis can tell whose an answer is.
std::string shared_key(const std::string& tenant, const CacheKey& key) {
    return tenant + ':' + to_string(routing::SessionKey{key.high, key.low});
}

net::Task<void> tell(shared_state::SharedValues* shared, std::string text) {
    (void)co_await shared->tell(std::move(text));
}

}  // namespace

bool shares_answers(const Generation& generation) {
    return generation.worker.gateway.shared != nullptr && generation.snapshot->cache.shared;
}

net::Task<CachedAnswerPointer> shared_answer(Generation& generation, CacheKey key) {
    Gateway& gateway = generation.worker.gateway;
    const std::string& tenant = generation.who->tenant;
    auto text = co_await gateway.shared->get(ValueKind::answer, shared_key(tenant, key),
                                             answer_patience);
    if (!text) co_return nullptr;
    auto found = decode_answer(*text, unix_milliseconds(), net::Clock::now());
    if (!found || found->tenant != tenant) co_return nullptr;
    auto answer = std::make_shared<const CachedAnswer>(*std::move(found));
    (void)gateway.response_cache.keep(key, answer);  // too large for this one: used all the same
    co_return answer;
}

void share_answer(Generation& generation, const NotedAnswer& noted, const CachedAnswer& answer) {
    shared_state::SharedValues* shared = generation.worker.gateway.shared;
    if (answer.bytes.size() > shared_answer_bytes_max || noted.ttl.count() < 1) return;
    shared->put(ValueKind::answer, shared_key(answer.tenant, noted.key),
                encode(answer, unix_milliseconds() + noted.ttl.count()), noted.ttl);
    // Others may still have the one that was not to be used.
    if (noted.replaces) net::spawn(tell(shared, news_of_answer(noted.key)), "answer_replaced");
}

std::string encode(const CachedAnswer& answer, std::int64_t unix_ms) {
    std::string text;
    constexpr std::size_t head_bytes = 512;
    text.reserve(answer.bytes.size() + head_bytes);
    json::Writer writer(text);
    writer.begin_object().integer("version", version).string("tenant", answer.tenant);
    writer.string("endpoint", answer.endpoint).string("own_key", answer.own_key);
    writer.string("price_version", answer.price_version).integer("until", unix_ms);
    writer.integer("list_cost", answer.list_cost).boolean("priced", answer.priced);
    writer.boolean("translated", answer.translated).key("usage").begin_array();
    for (const auto field : usage_fields) writer.integer(answer.usage.*field);
    writer.end_array().boolean("estimated", answer.usage.estimated);
    writer.integer("bytes", static_cast<std::int64_t>(answer.bytes.size())).end_object();
    text += '\n';
    text += answer.bytes;
    return text;
}

std::optional<CachedAnswer> decode_answer(std::string_view text, std::int64_t unix_ms,
                                          std::chrono::steady_clock::time_point now) {
    const std::size_t line = text.find('\n');
    if (line == std::string_view::npos) return std::nullopt;
    json::Document document;
    const auto head = document.parse(text.substr(0, line));
    if (!head.ok() || (*head)["version"].integer() != version) return std::nullopt;
    const std::string_view bytes = text.substr(line + 1);
    const auto until = (*head)["until"].integer();
    const auto list_cost = (*head)["list_cost"].integer();
    const json::Value usage = (*head)["usage"];
    const auto size = (*head)["bytes"].integer();
    const bool whole = until && list_cost && usage.size() == usage_fields.size() && size &&
                       static_cast<std::size_t>(*size) == bytes.size();
    if (!whole || *until <= unix_ms) return std::nullopt;
    CachedAnswer answer;
    answer.tenant = (*head)["tenant"].text();
    answer.endpoint = (*head)["endpoint"].text();
    answer.own_key = (*head)["own_key"].text();
    answer.price_version = (*head)["price_version"].text();
    answer.list_cost = *list_cost;
    answer.priced = (*head)["priced"].boolean().value_or(false);
    answer.translated = (*head)["translated"].boolean().value_or(false);
    std::size_t at = 0;
    for (const json::Value figure : usage.elements()) {
        answer.usage.*usage_fields[at++] = figure.integer().value_or(-1);
    }
    answer.usage.estimated = (*head)["estimated"].boolean().value_or(false);
    answer.bytes = bytes;
    answer.expires = now + milliseconds(*until - unix_ms);
    return answer;
}

}  // namespace tollgate::gateway
