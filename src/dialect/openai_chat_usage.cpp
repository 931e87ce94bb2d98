// Token figures as OpenAI and its relatives spell them.
#include <algorithm>
#include <cmath>

#include "dialect/members.hpp"
#include "dialect/openai_chat.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using json::Value;

// The first of the values that is a number, -1 when none is.
std::int64_t first_of(std::initializer_list<Value> values) {
    for (Value value : values) {
        if (auto number = value.integer()) return std::max<std::int64_t>(*number, 0);
        if (auto number = value.number()) return static_cast<std::int64_t>(*number);
    }
    return -1;
}

}  // namespace

domain::Usage read_usage(Value usage) {
    domain::Usage out;
    const Members<"prompt_tokens", "input_tokens", "completion_tokens", "output_tokens",
                  "total_tokens", "prompt_tokens_details", "completion_tokens_details",
                  "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens",
                  "cache_creation_input_tokens", "reasoning_tokens", "cost">
        said(usage);
    const Members<"cached_tokens", "cache_write_tokens", "cache_creation_tokens",
                  "cache_creation_input_tokens">
        details(said.get<"prompt_tokens_details">());
    std::int64_t prompt = first_of({said.get<"prompt_tokens">(), said.get<"input_tokens">()});
    out.output = first_of({said.get<"completion_tokens">(), said.get<"output_tokens">()});
    out.cache_read =
        first_of({details.get<"cached_tokens">(), said.get<"prompt_cache_hit_tokens">(),
                  said.get<"cached_tokens">(), said.get<"cache_read_input_tokens">()});
    out.cache_write_5m =
        first_of({details.get<"cache_write_tokens">(), details.get<"cache_creation_tokens">(),
                  details.get<"cache_creation_input_tokens">(),
                  said.get<"cache_creation_input_tokens">()});
    out.reasoning = first_of({said.get<"completion_tokens_details">()["reasoning_tokens"],
                              said.get<"reasoning_tokens">()});
    if (prompt >= 0) {
        std::int64_t cached = domain::Usage::or_zero(out.cache_read) + out.cache_write();
        out.input = std::max<std::int64_t>(prompt - cached, 0);
    }
    // xAI counts reasoning beside the completion; its total gives that away.
    std::int64_t total = first_of({said.get<"total_tokens">()});
    if (out.reasoning > 0 && prompt >= 0 && out.output >= 0 &&
        total == prompt + out.output + out.reasoning) {
        out.output += out.reasoning;
    }
    Value cost = said.get<"cost">();
    if (cost.is_object()) cost = cost["total_cost"];
    if (auto dollars = cost.number(); dollars && *dollars >= 0 && *dollars < 1e9) {
        out.provider_cost_nano_usd = std::llround(*dollars * 1e9);
    }
    return out;
}

void write_usage(json::Writer& writer, const domain::Usage& usage) {
    std::int64_t prompt = usage.prompt();
    std::int64_t output = domain::Usage::or_zero(usage.output);
    writer.begin_object();
    writer.integer("prompt_tokens", prompt).integer("completion_tokens", output);
    writer.integer("total_tokens", prompt + output);
    writer.key("prompt_tokens_details").begin_object();
    writer.integer("cached_tokens", domain::Usage::or_zero(usage.cache_read));
    if (usage.cache_write() > 0) writer.integer("cache_write_tokens", usage.cache_write());
    writer.end_object();
    writer.key("completion_tokens_details").begin_object();
    writer.integer("reasoning_tokens", domain::Usage::or_zero(usage.reasoning));
    writer.end_object().end_object();
}

}  // namespace tollgate::dialect::openai_chat
