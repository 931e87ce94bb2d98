#include "gateway/prepared.hpp"

#include <algorithm>

#include "dialect/body_size.hpp"

namespace tollgate::gateway {
namespace {

// The client's body cut at the splices.
void cut(std::string_view body, Prepared& prepared) {
    prepared.pieces.reserve(2 * prepared.splices.size() + 1);
    std::size_t at = 0;
    for (const dialect::Splice& splice : prepared.splices) {
        if (splice.begin > at) prepared.pieces.push_back(body.substr(at, splice.begin - at));
        if (!splice.text.empty()) prepared.pieces.push_back(splice.text);
        at = splice.end;
    }
    if (at < body.size()) prepared.pieces.push_back(body.substr(at));
}

// A splice for the top-level max_tokens field: a provider said how much fits, or a budget clamps.
void clamp_max_tokens(const Generation& generation, const domain::Deployment& target,
                      std::int64_t limit, Prepared& prepared) {
    const std::vector<json::TopField>& fields = generation.outline.fields;
    prepared.translation.warnings.push_back("max_tokens lowered to " + std::to_string(limit));
    if (generation.outline.max_tokens == 0) {
        if (target.default_max_tokens || fields.empty()) return;
        const std::size_t begin =
            static_cast<std::size_t>(fields.front().key.data() - generation.body.data()) - 1;
        prepared.splices.push_back(
            {begin, begin, "\"" + std::string(dialect::max_tokens_name(prepared.protocol, target)) +
                               "\":" + std::to_string(limit) + ","});
        return;
    }
    for (const json::TopField& field : generation.outline.fields) {
        if (!json::key_equals(field.key, "max_tokens") &&
            !json::key_equals(field.key, "max_completion_tokens") &&
            !json::key_equals(field.key, "max_output_tokens")) {
            continue;
        }
        std::erase_if(prepared.splices, [&](const dialect::Splice& splice) {
            return splice.begin >= field.offset && splice.end <= field.offset + field.value.size();
        });
        prepared.splices.push_back(
            {field.offset, field.offset + field.value.size(), std::to_string(limit)});
    }
}

void in_order(std::vector<dialect::Splice>& splices) {
    // At equal places what is inserted comes before what is cut there.
    std::sort(splices.begin(), splices.end(), [](const auto& a, const auto& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
}

bool overlap(const std::vector<dialect::Splice>& own, const std::vector<dialect::Splice>& wanted) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const dialect::Splice& splice) {
        return std::any_of(own.begin(), own.end(), [&](const dialect::Splice& other) {
            return other.begin < splice.end && splice.begin < other.end;
        });
    });
}

std::string applied(std::string_view body, const std::vector<dialect::Splice>& splices) {
    std::string text;
    text.reserve(body.size());
    std::size_t at = 0;
    for (const dialect::Splice& splice : splices) {
        text.append(body.substr(at, splice.begin - at)).append(splice.text);
        at = splice.end;
    }
    return text.append(body.substr(at));
}

// What the provider wants changed of a body that is our own.
base::Result<void> splice_own_body(const Generation& generation, const Endpoint& endpoint,
                                   Prepared& prepared) {
    TRY(const dialect::Outline outline,
        dialect::outline_translated(prepared.protocol, prepared.body));
    TRY(prepared.splices,
        endpoint.provider->body_splices(endpoint.deployment, prepared.protocol, prepared.body,
                                        outline, generation.client_headers(),
                                        prepared.translation));
    cut(prepared.body, prepared);
    return {};
}

// What the provider wants changed besides `prepared.splices`, which are in order.
base::Result<void> add_provider_splices(Generation& generation, const Endpoint& endpoint,
                                        Prepared& prepared) {
    TRY(std::vector<dialect::Splice> wanted,
        endpoint.provider->body_splices(endpoint.deployment, prepared.protocol, generation.body,
                                        generation.outline, generation.client_headers(),
                                        prepared.translation));
    if (!overlap(prepared.splices, wanted)) {
        std::move(wanted.begin(), wanted.end(), std::back_inserter(prepared.splices));
        in_order(prepared.splices);
        cut(generation.body, prepared);
        return {};
    }
    // Neighbours are cut by both, and each counts on a comma that the other takes: one after the
    // other, then, at the price of a copy.
    prepared.body = applied(generation.body, prepared.splices);
    return splice_own_body(generation, endpoint, prepared);
}

bool may_mark(const Generation& generation) {
    const CacheMarks wanted = generation.snapshot->cache_marks;
    if (wanted != CacheMarks::automatic) return wanted == CacheMarks::always;
    // Of English text; no provider keeps fewer than 1,024 tokens.
    constexpr std::size_t least_bytes = 4 * 1'024;
    if (generation.body.size() < least_bytes) return false;
    // Claude Code knows where marks pay: what it sends without any is asked once.
    const http::Headers& headers = generation.exchange.headers();
    return !headers.find("x-claude-code-session-id").has_value() &&
           !headers.get("user-agent").starts_with("claude-cli/");
}

// In front of what the provider changes, which may have to do with our marks as well.
base::Result<void> add_cache_marks(Generation& generation, const Endpoint& endpoint,
                                   Prepared& prepared) {
    const dialect::CacheMarkPlaces places = marks_of(generation, endpoint);
    if (!places.any()) return {};
    json::Document own;
    if (generation.document == nullptr) {
        TRY([[maybe_unused]] const json::Value root, own.parse(generation.body));
    }
    const json::Document& parsed = generation.document != nullptr ? *generation.document : own;
    std::vector<dialect::Splice> marks =
        dialect::cache_mark_splices(prepared.protocol, parsed.root(), places);
    // Where configuration replaces what would be marked, its value stands.
    if (overlap(prepared.splices, marks)) return {};
    std::move(marks.begin(), marks.end(), std::back_inserter(prepared.splices));
    return {};
}

base::Result<void> prepare_relay(Generation& generation, const Endpoint& endpoint,
                                 std::int64_t max_tokens_override, Prepared& prepared) {
    TRY(prepared.splices, dialect::relay_splices(prepared.protocol, generation.body,
                                                 generation.outline, endpoint.deployment,
                                                 prepared.translation,
                                                 generation.document.get()));
    if (max_tokens_override > 0) {
        clamp_max_tokens(generation, endpoint.deployment, max_tokens_override, prepared);
    }
    TRY_VOID(add_cache_marks(generation, endpoint, prepared));
    in_order(prepared.splices);
    TRY_VOID(add_provider_splices(generation, endpoint, prepared));
    generation.release_document();
    return {};
}

base::Result<void> prepare_translation(Generation& generation, const Endpoint& endpoint,
                                       std::int64_t max_tokens_override,
                                       const Continuation* begun, Prepared& prepared) {
    TRY(domain::Request * request, generation.request());
    std::optional<domain::Request> longer;
    if (begun != nullptr) {
        request = &longer.emplace(*request);
        begun->extend(*request, endpoint.deployment);
    }
    const auto wanted = request->max_output_tokens;
    if (max_tokens_override > 0) request->max_output_tokens = max_tokens_override;
    const dialect::AddedCacheMarks marks(*request, marks_of(generation, endpoint));
    // What is cut afterwards, and what was begun with texts of its own, is written as a whole.
    const bool splices =
        endpoint.provider->splices_translated(endpoint.deployment, prepared.protocol);
    if (!splices && begun == nullptr) request->lender = generation.body;
    auto encoded = endpoint.provider->dialect(prepared.protocol)
                       .encode_request(*request, endpoint.deployment);
    request->max_output_tokens = wanted;
    request->lender = {};
    if (!encoded.ok()) return std::move(encoded).error();
    prepared.body = std::move(encoded->body);
    prepared.lent = std::move(encoded->lent);
    prepared.translation = std::move(encoded->translation);
    if (!splices) {
        prepared.pieces = dialect::pieces_of(prepared.body, prepared.lent);
        return {};
    }
    return splice_own_body(generation, endpoint, prepared);
}

}  // namespace

void Prepared::release_body() {
    pieces.clear();
    splices.clear();
    lent.clear();
    body = std::string();
}

dialect::CacheMarkPlaces marks_of(const Generation& generation, const Endpoint& endpoint) {
    if (!may_mark(generation) || endpoint.deployment.provider.echo) return {};
    const dialect::CacheMarkPlaces places = dialect::cache_mark_places(
        endpoint.provider->protocol_for(endpoint.deployment, generation.outline,
                                        generation.protocol()),
        endpoint.deployment);
    if (!places.any() || dialect::has_cache_marks(generation.body)) return {};
    return places;
}

base::Result<void> prepare(Generation& generation, const Endpoint& endpoint,
                           std::int64_t max_tokens_override, const Continuation* begun,
                           Prepared& prepared) {
    const domain::Deployment& target = endpoint.deployment;
    prepared.protocol = endpoint.provider->protocol_for(target, generation.outline,
                                                       generation.protocol());
    prepared.verbatim = prepared.protocol == generation.protocol() &&
                        !generation.outline.foreign && begun == nullptr;
    // A cloud's query says nothing to another place.
    const bool own_query = prepared.verbatim && generation.by_path == nullptr;
    const std::string_view query =
        own_query ? generation.exchange.head().query : std::string_view();
    prepared.target = endpoint.origin.base_path +
                      endpoint.provider->relay_path(target, prepared.protocol, query,
                                                    generation.outline.stream);
    if (prepared.verbatim) {
        TRY_VOID(prepare_relay(generation, endpoint, max_tokens_override, prepared));
    } else {
        TRY_VOID(prepare_translation(generation, endpoint, max_tokens_override, begun, prepared));
    }
    prepared.headers = endpoint.provider->headers(target, generation.protocol(),
                                                  generation.client_headers());
    // Everything is decoded if it comes, but nothing is gained by it on the way.
    prepared.headers.erase("accept-encoding");
    prepared.headers.append("accept-encoding", "identity");
    return {};
}

}  // namespace tollgate::gateway
