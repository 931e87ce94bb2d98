// A legacy text completion as a neutral request: one user message.
#include <algorithm>
#include <array>

#include "dialect/openai_chat_decode.hpp"
#include "dialect/openai_completions.hpp"
#include "dialect/openai_fields.hpp"

namespace tollgate::dialect::openai_completions {
namespace {

using domain::Request;
using json::Value;
using openai_chat::field_error;
using openai_chat::is_set;

// What is read, or refused where it asks for more than a chat gives; everything else is an extra.
constexpr std::array<std::string_view, 20> known_fields = {
    "model",      "prompt", "suffix",           "max_tokens",        "temperature",
    "top_p",      "top_k",  "presence_penalty", "frequency_penalty", "seed",
    "stop",       "n",      "best_of",          "logprobs",          "echo",
    "logit_bias", "user",   "stream",           "stream_options",    "power_level"};

class RequestDecoder {
public:
    RequestDecoder(const json::Document& document, base::Arena& arena)
        : root_(document.root()), arena_(arena) {}

    base::Result<Request> decode() {
        if (!root_.is_object()) return base::invalid("the body must be a JSON object");
        request_.client = domain::Protocol::openai_completions;
        if (!root_["model"].is_string() || root_["model"].string_empty()) {
            return field_error("model", "is required: the name of a model");
        }
        request_.alias = root_["model"].text(arena_);
        TRY_VOID(prompt());
        TRY_VOID(openai_chat::decode_power_level(root_));
        TRY_VOID(single("n"));
        TRY_VOID(single("best_of"));
        TRY_VOID(text_only());
        TRY_VOID(openai_chat::decode_sampling(root_, request_));
        request_.max_output_tokens = default_max_tokens;
        TRY_VOID(openai_chat::decode_max_tokens(root_, "max_tokens", request_));
        TRY_VOID(openai_chat::decode_stop(root_, request_));
        TRY_VOID(openai_chat::decode_streaming(root_, request_));
        TRY_VOID(user());
        extras();
        return std::move(request_);
    }

private:
    base::Result<void> prompt() {
        Value prompt = root_["prompt"];
        if (!is_set(prompt) && root_["messages"].exists()) {
            return field_error("messages",
                               "belongs to Chat Completions; this path takes a text "
                               "completion: send prompt, or use /v1/chat/completions");
        }
        if (prompt.is_array()) {
            const Value first = *prompt.elements().begin();
            if (prompt.size() > 0 && !first.is_string()) {
                return field_error("prompt", "lists of tokens are not taken: send the text");
            }
            if (prompt.size() != 1) {
                return field_error("prompt",
                                   "a list must hold exactly one string: send one "
                                   "request for each prompt");
            }
            prompt = first;
        }
        if (!prompt.is_string() || prompt.string_empty()) {
            return field_error("prompt", "is required: a text that is not empty");
        }
        domain::Message& message = request_.messages.emplace_back();
        message.parts.emplace_back().text = prompt.escaped();
        return {};
    }

    base::Result<void> single(std::string_view field) {
        const Value value = root_[field];
        if (!is_set(value) || value.integer() == 1) return {};
        return field_error(field,
                           "must be 1: one completion per request; send the request again "
                           "for more");
    }

    // What only a completion engine could do: the answer of a chat is new text behind the prompt.
    base::Result<void> text_only() {
        const Value suffix = root_["suffix"];
        if (is_set(suffix) && !(suffix.is_string() && suffix.string_empty())) {
            return field_error("suffix", "text cannot be inserted before a suffix here; remove it");
        }
        const Value echo = root_["echo"];
        if (is_set(echo) && echo.boolean() != false) {
            return field_error("echo", "the prompt cannot be repeated in the answer; remove it");
        }
        const Value logprobs = root_["logprobs"];
        if (is_set(logprobs) && logprobs.boolean() != false) {
            return field_error("logprobs",
                               "probabilities of tokens are not given here; remove "
                               "it, or use /v1/chat/completions");
        }
        const Value bias = root_["logit_bias"];
        if (is_set(bias) && !(bias.is_object() && bias.size() == 0)) {
            return field_error("logit_bias",
                               "is not carried here; remove it, or use "
                               "/v1/chat/completions");
        }
        return {};
    }

    base::Result<void> user() {
        const Value user = root_["user"];
        if (!is_set(user)) return {};
        if (!user.is_string()) return field_error("user", "must be a string");
        request_.user_id = user.text(arena_);
        return {};
    }

    void extras() {
        const Value::Range range = root_.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            const std::string_view name = it.key().text(arena_);
            if (std::find(known_fields.begin(), known_fields.end(), name) == known_fields.end()) {
                request_.extras.push_back({name, (*it).raw()});
            }
        }
    }

    Value root_;
    base::Arena& arena_;
    Request request_;
};

}  // namespace

base::Result<Request> decode_request(const json::Document& document, base::Arena& arena) {
    return RequestDecoder(document, arena).decode();
}

}  // namespace tollgate::dialect::openai_completions
