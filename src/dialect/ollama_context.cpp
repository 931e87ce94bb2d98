#include "dialect/ollama_context.hpp"

#include <algorithm>

namespace tollgate::dialect {
namespace {

constexpr std::int64_t context_min = 4096;
constexpr std::int64_t context_max = 1'048'576;
constexpr std::int64_t bytes_per_token = 3;      // few tokenizers of open models do worse
constexpr std::int64_t tokens_per_image = 1'600;
constexpr std::int64_t tokens_per_turn = 8;      // the template's words around a message
// A client's max_tokens is a ceiling, not a plan (Claude Code always says 32,000), and context
// costs memory: this much room is kept for the answer.
constexpr std::int64_t answer_room_max = 8'192;

std::int64_t tokens_of(const std::vector<domain::Part>& parts) {
    std::int64_t bytes = 0, images = 0, inner = 0;
    for (const auto& part : parts) {
        bytes += static_cast<std::int64_t>(part.text.raw.size() + part.input.size() +
                                           part.name.size());
        if (part.kind == domain::PartKind::image) ++images;
        if (part.media.source == domain::MediaSource::text) {
            bytes += static_cast<std::int64_t>(part.media.data.raw.size());
        }
        if (!part.content.empty()) inner += tokens_of(part.content);
    }
    return bytes / bytes_per_token + images * tokens_per_image + inner;
}

}  // namespace

std::int64_t context_step(std::int64_t tokens) {
    std::int64_t step = context_min;
    while (step < context_max) {
        if (tokens <= step) return step;
        if (tokens <= step + step / 2) return step + step / 2;
        step *= 2;
    }
    return context_max;
}

std::int64_t prompt_tokens_at_most(const domain::Request& request) {
    std::int64_t total = tokens_of(request.system) + tokens_per_turn;
    for (const auto& message : request.messages) {
        total += tokens_of(message.parts) + tokens_per_turn;
    }
    for (const auto& tool : request.tools) {
        auto bytes = tool.name.size() + tool.description.raw.size() + tool.schema.size();
        total += static_cast<std::int64_t>(bytes) / bytes_per_token + tokens_per_turn;
    }
    return total;
}

std::int64_t context_for(const domain::Request& request, const domain::Deployment& target,
                         std::int64_t output_tokens) {
    std::int64_t answer = output_tokens > 0 ? std::min(output_tokens, answer_room_max)
                                            : answer_room_max / 4;
    std::int64_t needed = context_step(prompt_tokens_at_most(request) + answer);
    std::int64_t wanted = std::max(target.num_ctx, needed);
    // Of a model that nobody has described the context is a guess, and configuration knows better.
    std::int64_t most = target.model.context_tokens;
    if (!target.model.in_catalog) most = std::max(most, target.num_ctx);
    return most > 0 ? std::min(wanted, most) : wanted;
}

}  // namespace tollgate::dialect
