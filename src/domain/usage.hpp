// What one answer used, in tokens by class. A plain value.
#pragma once
#include <cstdint>

namespace tollgate::domain {

// Tokens; -1 means that nobody has said. `input` excludes cached tokens (Anthropic's convention):
// prompt = input + cache_read + cache_write_5m + cache_write_1h. `reasoning` is part of `output`.
struct Usage {
    std::int64_t input = -1;
    std::int64_t output = -1;
    std::int64_t cache_read = -1;
    std::int64_t cache_write_5m = -1;
    std::int64_t cache_write_1h = -1;
    std::int64_t reasoning = -1;
    std::int64_t audio_input = -1;   // part of `input`
    std::int64_t audio_output = -1;  // part of `output`
    std::int64_t image_output = -1;  // part of `output`: tokens of pictures that were made
    std::int64_t images = -1;        // pictures made, where they are counted by piece
    std::int64_t web_searches = -1;            // that the provider ran; a number, no tokens
    std::int64_t provider_cost_nano_usd = -1;  // stated by the provider (OpenRouter)
    bool estimated = false;                    // counted here because the provider did not say

    static std::int64_t or_zero(std::int64_t tokens) { return tokens < 0 ? 0 : tokens; }
    std::int64_t cache_write() const { return or_zero(cache_write_5m) + or_zero(cache_write_1h); }
    std::int64_t prompt() const { return or_zero(input) + or_zero(cache_read) + cache_write(); }
    bool known() const { return input >= 0 || output >= 0; }
    // Later figures replace earlier ones, field by field; -1 changes nothing.
    void update(const Usage& later);
};

inline void Usage::update(const Usage& later) {
    auto take = [](std::int64_t& mine, std::int64_t theirs) {
        if (theirs >= 0) mine = theirs;
    };
    take(input, later.input);
    take(output, later.output);
    take(cache_read, later.cache_read);
    take(cache_write_5m, later.cache_write_5m);
    take(cache_write_1h, later.cache_write_1h);
    take(reasoning, later.reasoning);
    take(audio_input, later.audio_input);
    take(audio_output, later.audio_output);
    take(image_output, later.image_output);
    take(images, later.images);
    take(web_searches, later.web_searches);
    take(provider_cost_nano_usd, later.provider_cost_nano_usd);
    estimated = estimated || later.estimated;
}

}  // namespace tollgate::domain
