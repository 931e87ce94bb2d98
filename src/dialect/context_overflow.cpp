#include "dialect/context_overflow.hpp"

#include <algorithm>
#include <array>

namespace tollgate::dialect {
namespace {

struct Figures {
    std::int64_t limit = 0;   // {M}
    std::int64_t prompt = 0;  // {I}: input alone; {J}: more of it, counted apart
    std::int64_t total = 0;   // {T}: input and output
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits with optional thousands separators; advances `text`. False: no number there.
bool take_number(std::string_view& text, std::int64_t& value) {
    std::size_t at = 0;
    std::int64_t number = 0;
    while (at < text.size() && at < 16) {
        bool separator = (text[at] == ',' || text[at] == '_') && at > 0 && at + 1 < text.size() &&
                         is_digit(text[at + 1]);
        if (is_digit(text[at])) {
            number = number * 10 + (text[at] - '0');
        } else if (!separator) {
            break;
        }
        ++at;
    }
    if (at == 0 || !is_digit(text[0])) return false;
    value = number;
    text.remove_prefix(at);
    return true;
}

// Matches `pattern` at the start of `text`: {M} {I} {J} {T} are numbers, {} is any number, * is any
// run of characters (up to 120), letters match in either case.
bool match_here(std::string_view text, std::string_view pattern, Figures& figures) {
    while (!pattern.empty()) {
        if (pattern[0] == '*') {
            std::size_t reach = std::min<std::size_t>(text.size(), 120);
            for (std::size_t skip = 0; skip <= reach; ++skip) {
                Figures attempt = figures;
                // A number is taken whole: never begin one in the middle.
                if (skip > 0 && is_digit(text[skip - 1]) && skip < text.size() &&
                    is_digit(text[skip])) {
                    continue;
                }
                if (match_here(text.substr(skip), pattern.substr(1), attempt)) {
                    figures = attempt;
                    return true;
                }
            }
            return false;
        }
        if (pattern[0] == '{') {
            std::size_t close = pattern.find('}');
            std::string_view name = pattern.substr(1, close - 1);
            std::int64_t value = 0;
            if (!take_number(text, value)) return false;
            if (name == "M") figures.limit = value;
            if (name == "I") figures.prompt = value;
            if (name == "J") figures.prompt += value;
            if (name == "T") figures.total = value;
            pattern.remove_prefix(close + 1);
            continue;
        }
        if (text.empty() || lower(text[0]) != pattern[0]) return false;
        text.remove_prefix(1);
        pattern.remove_prefix(1);
    }
    return true;
}

bool match(std::string_view text, std::string_view pattern, Figures& figures) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at > 0 && is_digit(text[at - 1]) && is_digit(text[at])) continue;
        if (match_here(text.substr(at), pattern, figures)) return true;
    }
    return false;
}

// Lower-case, the most telling first; all of the first that matches count.
constexpr std::array<std::string_view, 37> wordings = {
    // OpenAI, vLLM, DeepSeek, OpenRouter and many behind them
    "maximum context length is {M} tokens*requested {T} tokens ({I} ",
    "maximum context length is {M} tokens*requested about {T} tokens ({I} of text input, {J} of",
    "maximum context length is {M} tokens*requested about {T} tokens ({I} ",
    "maximum context length is {M} tokens*resulted in {I} tokens",
    "maximum context length is {M} tokens and your request has {I} input tokens",
    "maximum context length is {M} tokens*your request has {I} input tokens",
    "maximum context length is {M} tokens*prompt contains at least {I} input tokens",
    "maximum context length of {M} tokens*total of {T} tokens: {I} tokens from the input",
    "maximum context length is {M} tokens*requested {T} tokens",
    "configured limit of {M} tokens*resulted in {I} tokens",
    "decoder prompt (length {I}) is longer than the maximum model length of {M}",
    "prompt (length {I}) is longer than the maximum model length of {M}",
    // llama.cpp
    "request ({I} tokens) exceeds the available context size ({M} tokens",
    "exceeds the available context size ({M} tokens",
    "exceed context window of {M}",
    // Mistral, xAI, Fireworks, Cerebras, SGLang, Moonshot, LM Studio, text-generation-inference
    "prompt contains {I} tokens*too large for model with {M} maximum context length",
    "maximum prompt length is {M} but the request contains {I} tokens",
    "prompt is too long: {I}, model maximum context length: {M}",
    "current length is {I} while limit is {M}",
    "input ({I} tokens) is longer than the model's context length ({M} tokens",
    "exceeded model token limit: {M} (requested: {T})",
    "exceeded model token limit: {M}",
    "keep the first {I} tokens*context length of only {M} tokens",
    "`inputs` tokens + `max_new_tokens` must be <= {M}*given: {I} `inputs` tokens",
    "`inputs` must have less than {M} tokens*given: {I}",
    // Anthropic, Gemini, Qwen
    "prompt is too long: {I} tokens > {M} maximum",
    "context limit: {I} + {} > {M}",
    "tokens in the prompt cannot exceed {M} - received {I}",  // Cohere
    "request body too large*max size: {M} tokens",            // GitHub Models
    "input token count ({I}) exceeds the maximum number of tokens allowed ({M})",
    "input token count* exceeds the maximum number of tokens allowed",
    "range of input length should be [{}, {M}]",
    "maximum context length is {M}",
    "exceeds the context window",
    "maximum context length",
    "prompt exceeds max length",
    "input is too long for requested model",
};

}  // namespace

std::optional<ContextOverflow> read_context_overflow(std::string_view message) {
    constexpr std::size_t searched_max = 4096;  // error pages are no prose
    message = message.substr(0, searched_max);
    for (std::string_view wording : wordings) {
        Figures figures;
        if (!match(message, wording, figures)) continue;
        ContextOverflow out;
        out.context_tokens = figures.limit;
        out.prompt_tokens = figures.prompt > 0 ? figures.prompt : figures.total;
        if (figures.prompt > 0 && figures.limit > figures.prompt) {
            out.max_tokens_fitting = figures.limit - figures.prompt;
        }
        return out;
    }
    return std::nullopt;
}

}  // namespace tollgate::dialect
