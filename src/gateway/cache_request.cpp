#include "gateway/cache_request.hpp"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/sha256.hpp"

namespace tollgate::gateway {
namespace {

constexpr std::string_view header_name = "x-tollgate-cache";
constexpr std::int64_t ttl_max = 7 * 86'400;

bool one_of(std::string_view key, std::span<const std::string_view> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return json::key_equals(key, name); });
}

// Who asks and how that is to be accounted for; the level is taken from where it was decided.
bool is_volatile(std::string_view key) {
    static constexpr std::string_view names[] = {
        "metadata",         "user",        "safety_identifier",      "session_id",
        "prompt_cache_key", "power_level", "prompt_cache_retention", "litellm_session_id",
        "litellm_metadata"};
    return one_of(key, names);
}

std::string_view trimmed(std::string_view word) {
    while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
    while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
    return word;
}

base::Result<void> take_word(std::string_view word, CacheWishes& wishes) {
    constexpr std::string_view ttl = "ttl=";
    if (word == "no-cache") {
        wishes.no_cache = true;
    } else if (word == "no-store") {
        wishes.no_store = true;
    } else if (word.starts_with(ttl)) {
        const std::string_view text = word.substr(ttl.size());
        std::int64_t seconds = 0;
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (problem != std::errc() || end != text.data() + text.size() || seconds < 1 ||
            seconds > ttl_max) {
            return base::invalid("ttl must be whole seconds, 1 to " + std::to_string(ttl_max) +
                                     ", not '" + std::string(text) + "'",
                                 std::string(header_name));
        }
        wishes.ttl = std::chrono::seconds(seconds);
    } else if (!word.empty()) {
        return base::invalid("'" + std::string(word) +
                                 "' is not known: use no-cache, no-store and ttl=SECONDS, "
                                 "separated by commas",
                             std::string(header_name));
    }
    return {};
}

// What a key stands for, in one spelling.
std::string canonical(const CacheKeyInput& input, std::string_view configuration) {
    std::vector<const json::TopField*> fields;
    std::size_t size = 256;
    for (const json::TopField& field : *input.fields) {
        if (is_volatile(field.key)) continue;
        fields.push_back(&field);
        size += field.key.size() + field.value.size() + 2;
    }
    std::sort(fields.begin(), fields.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    std::string text;
    text.reserve(size);
    // No part of it holds a zero byte, so that none can look like two.
    const auto add = [&](std::string_view part) { text.append(part).push_back('\0'); };
    add(input.tenant);
    add(domain::to_string(input.protocol));
    add(configuration);
    for (const std::string_view part :
         {input.name, input.route, input.level, input.provider, input.betas}) {
        add(part);
    }
    for (const json::TopField* field : fields) {
        add(field->key);
        json::append_compact(text, field->value);
        text.push_back('\0');
    }
    return text;
}

}  // namespace

CacheKey cache_key(const CacheKeyInput& input, std::uint64_t seed) {
    const std::string text = canonical(input, std::to_string(input.snapshot));
    const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
    return {hash.high64, hash.low64};
}

CacheKey shared_cache_key(const CacheKeyInput& input) {
    const base::Sha256Digest digest = base::sha256(canonical(input, input.configuration));
    CacheKey key;
    std::memcpy(&key.high, digest.data(), sizeof key.high);
    std::memcpy(&key.low, digest.data() + sizeof key.high, sizeof key.low);
    return key;
}

bool can_be_repeated(const std::vector<json::TopField>& fields) {
    static constexpr std::string_view names[] = {"previous_response_id", "conversation",
                                                 "container", "background"};
    return std::none_of(fields.begin(), fields.end(), [](const json::TopField& field) {
        return one_of(field.key, names) && field.value != "null" && field.value != "false";
    });
}

base::Result<CacheWishes> cache_wishes(std::string_view header) {
    CacheWishes wishes;
    while (!header.empty()) {
        const std::size_t end = std::min(header.find(','), header.size());
        TRY_VOID(take_word(trimmed(header.substr(0, end)), wishes));
        header.remove_prefix(std::min(end + 1, header.size()));
    }
    return wishes;
}

}  // namespace tollgate::gateway
