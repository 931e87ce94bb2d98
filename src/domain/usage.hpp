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
    // The sum of both, field by field; what neither counted stays -1.
    void add(const Usage& more);

private:
    // `use` gets each field of this one and of the other.
    template <typename Use>
    void each(const Usage& other, const Use& use);
};

template <typename Use>
void Usage::each(const Usage& other, const Use& use) {
    use(input, other.input);
    use(output, other.output);
    use(cache_read, other.cache_read);
    use(cache_write_5m, other.cache_write_5m);
    use(cache_write_1h, other.cache_write_1h);
    use(reasoning, other.reasoning);
    use(audio_input, other.audio_input);
    use(audio_output, other.audio_output);
    use(image_output, other.image_output);
    use(images, other.images);
    use(web_searches, other.web_searches);
    use(provider_cost_nano_usd, other.provider_cost_nano_usd);
    estimated = estimated || other.estimated;
}

inline void Usage::update(const Usage& later) {
    each(later, [](std::int64_t& mine, std::int64_t theirs) {
        if (theirs >= 0) mine = theirs;
    });
}

inline void Usage::add(const Usage& more) {
    each(more, [](std::int64_t& mine, std::int64_t theirs) {
        if (theirs >= 0) mine = or_zero(mine) + theirs;
    });
}

}  // namespace tollgate::domain
