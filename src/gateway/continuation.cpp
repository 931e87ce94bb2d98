#include "gateway/continuation.hpp"

#include <algorithm>

namespace tollgate::gateway {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using domain::Usage;

constexpr std::size_t text_bytes_max = 1024 * 1024;  // more is not told to another provider
constexpr std::int64_t bytes_per_token = 4;
// For targets that answer a trailing message of the assistant instead of going on with it.
constexpr std::string_view go_on_words =
    "Your answer was cut off by a technical fault. Go on exactly where it ended, with the very "
    "next character. Repeat nothing, and say nothing about the interruption.";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Also of an escaped one.
bool ends_in_space(std::string_view escaped) {
    if (escaped.empty()) return true;
    if (is_space(escaped.back())) return true;
    return escaped.size() >= 2 && escaped[escaped.size() - 2] == '\\' &&
           (escaped.back() == 'n' || escaped.back() == 't' || escaped.back() == 'r');
}

void add_known(std::int64_t& figure, std::int64_t more) {
    if (figure >= 0) figure += Usage::or_zero(more);
}

std::string_view empty_delta(BlockKind kind) {
    return kind == BlockKind::thinking ? R"({"type":"thinking_delta","thinking":""})"
                                       : R"({"type":"text_delta","text":""})";
}

Event block_event(EventKind kind, std::uint32_t index, BlockKind block) {
    Event event;
    event.kind = kind;
    event.block = block;
    event.index = index;
    return event;
}

}  // namespace

Continuation::Seen* Continuation::seen(std::uint32_t index) {
    const auto at = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                 [&](const Seen& one) { return one.index == index; });
    return at == blocks_.rend() ? nullptr : &*at;
}

void Continuation::note(const Event& event) {
    if (fixed_) return;
    switch (event.kind) {
        case EventKind::start:
            start_id_ = event.id;
            started_with_ = event.usage;
            return;
        case EventKind::block_start: {
            const bool told_again =
                event.block == BlockKind::text || event.block == BlockKind::thinking;
            fixed_ = !told_again;
            next_index_ = std::max(next_index_, event.index + 1);
            Seen block;
            block.index = event.index;
            block.kind = event.block;
            blocks_.push_back(std::move(block));
            return;
        }
        case EventKind::block_delta: {
            Seen* block = seen(event.index);
            if (block == nullptr) return;
            block->text += event.text.raw;
            if (!event.signature.empty()) block->signature = event.signature.raw;
            if (block->kind == BlockKind::text) text_ += event.text.raw;
            fixed_ = text_.size() > text_bytes_max;
            return;
        }
        case EventKind::block_end: {
            Seen* block = seen(event.index);
            if (block == nullptr) return;
            block->ended = true;
            if (!event.signature.empty()) block->signature = event.signature.raw;
            return;
        }
        case EventKind::stop:
        case EventKind::error: fixed_ = true; return;
        case EventKind::usage:
        case EventKind::ping: return;
    }
}

std::unique_ptr<dialect::StreamEncoder> Continuation::caught_up(
    const dialect::ClientDialect& client, const dialect::EncoderOptions& options) {
    auto encoder = client.stream_encoder(options);
    std::string unused;
    Event start;
    start.kind = EventKind::start;
    start.id = start_id_;
    start.usage = started_with_;
    encoder->encode(start, unused);
    for (const Seen& block : blocks_) {
        encoder->encode(block_event(EventKind::block_start, block.index, block.kind), unused);
        Event delta = block_event(EventKind::block_delta, block.index, block.kind);
        delta.text.raw = block.text;
        delta.signature.raw = block.signature;
        // Encoders begin a block with its first words; the client has its beginning already.
        if (block.text.empty()) delta.verbatim = empty_delta(block.kind);
        encoder->encode(delta, unused);
        if (!block.ended) continue;
        Event end = block_event(EventKind::block_end, block.index, block.kind);
        end.signature.raw = block.signature;
        encoder->encode(end, unused);
    }
    return encoder;
}

void Continuation::keep(std::unique_ptr<dialect::StreamEncoder> encoder,
                        const dialect::ClientDialect& client,
                        const dialect::EncoderOptions& options, const Usage& used) {
    encoder_ = encoder ? std::move(encoder) : caught_up(client, options);
    lent_ = false;
    spent_.add(used);
    base_ = next_index_;
    joined_ = -1;
    open_text_ = -1;
    for (Seen& block : blocks_) {
        if (block.ended) continue;
        if (block.kind == BlockKind::text && !block.text.empty()) {
            open_text_ = block.index;
            continue;
        }
        // Thinking is not gone on with, nor is what was opened in vain: another block follows.
        block.ended = true;
        encoder_->encode(block_event(EventKind::block_end, block.index, block.kind), owed_);
    }
}

std::unique_ptr<dialect::StreamEncoder> Continuation::lend_encoder() {
    lent_ = true;
    return std::move(encoder_);
}

bool Continuation::fit(Event& event) {
    add_known(event.usage.input, spent_.input);
    add_known(event.usage.output, spent_.output);
    add_known(event.usage.cache_read, spent_.cache_read);
    add_known(event.usage.cache_write_5m, spent_.cache_write_5m);
    add_known(event.usage.cache_write_1h, spent_.cache_write_1h);
    add_known(event.usage.reasoning, spent_.reasoning);
    const bool of_block = event.kind == EventKind::block_start ||
                          event.kind == EventKind::block_delta ||
                          event.kind == EventKind::block_end;
    if (!of_block) return event.kind != EventKind::start;
    const bool thought =
        event.block == BlockKind::thinking || event.block == BlockKind::redacted_thinking;
    if (thought && !text_.empty()) return false;
    const std::uint32_t index = event.index;
    if (event.kind == EventKind::block_start && open_text_ >= 0) {
        if (event.block == BlockKind::text && joined_ < 0) {
            joined_ = index;
            return false;
        }
    }
    event.index = joined_ == static_cast<std::int64_t>(index)
                      ? static_cast<std::uint32_t>(open_text_)
                      : base_ + index;
    return true;
}

void Continuation::extend(domain::Request& request, const domain::Deployment& target) const {
    if (request.max_output_tokens) {
        const std::int64_t made = std::max<std::int64_t>(
            Usage::or_zero(spent_.output),
            static_cast<std::int64_t>(text_.size()) / bytes_per_token);
        request.max_output_tokens = std::max<std::int64_t>(*request.max_output_tokens - made, 1);
    }
    if (text_.empty()) return;
    domain::Part said;
    said.text.raw = text_;
    // A client's own beginning of the answer is one message with what followed.
    if (request.messages.empty() || request.messages.back().role != domain::Role::assistant) {
        request.messages.emplace_back().role = domain::Role::assistant;
    }
    request.messages.back().parts.push_back(std::move(said));
    const bool thinks = request.thinking.mode == domain::ThinkingMode::budget ||
                        request.thinking.mode == domain::ThinkingMode::adaptive;
    // Anthropic refuses words that end in a space, and words in front of which there is no thought.
    if (target.model.prefill && !thinks && !ends_in_space(text_)) return;
    domain::Part wish;
    wish.text.raw = go_on_words;
    domain::Message& turn = request.messages.emplace_back();
    turn.role = domain::Role::user;
    turn.parts.push_back(std::move(wish));
}

}  // namespace tollgate::gateway
