#include "gateway/relay.hpp"

#include <algorithm>

namespace tollgate::gateway {

namespace {
constexpr std::size_t bytes_per_token = 4;  // of generated text, where nobody counts
}

using domain::Event;
using domain::EventKind;

Relay::Relay(RelaySetup setup) : setup_(std::move(setup)) {
    start_sent_ = setup_.start_sent;
    drop_held_ = setup_.start_sent;
    json::append_string(model_json_, setup_.options.model);
    goes_on_ = setup_.continuation != nullptr && setup_.continuation->under_way();
    if (goes_on_) {
        encoder_ = setup_.continuation->lend_encoder();
    } else if (!setup_.verbatim && setup_.to_stream) {
        encoder_ = setup_.client->stream_encoder(setup_.options);
    }
    if (!setup_.stop_here.empty()) cutter_ = std::make_unique<StopCutter>(setup_.stop_here);
}

base::Result<void> Relay::feed(std::string_view bytes, std::string& out) {
    if (complete_ || failure_) return {};
    switch (setup_.framing) {
        case dialect::Framing::sse: return feed_sse(bytes, out);
        case dialect::Framing::ndjson: return feed_ndjson(bytes, out);
        case dialect::Framing::aws_event_stream: return feed_event_stream(bytes, out);
    }
    return {};
}

base::Result<void> Relay::feed_sse(std::string_view bytes, std::string& out) {
    sse_.feed(bytes);
    http::SseFrame frame;
    while (true) {
        TRY(const bool more, sse_.next(frame));
        if (!more) return {};
        if (complete_ || failure_) continue;  // the parser must still see the rest
        if (frame.comment_only) {
            if (setup_.verbatim && setup_.to_stream) sink(out) += frame.raw;
            continue;
        }
        TRY_VOID(take_frame(frame.event, frame.data, frame.raw, out));
    }
}

base::Result<void> Relay::feed_ndjson(std::string_view bytes, std::string& out) {
    ndjson_.feed(bytes);
    std::string_view line;
    while (true) {
        TRY(const bool more, ndjson_.next(line));
        if (!more) return {};
        if (complete_ || failure_) continue;
        TRY_VOID(take_frame({}, line, line, out));
    }
}

base::Result<void> Relay::feed_event_stream(std::string_view bytes, std::string& out) {
    event_stream_.feed(bytes);
    http::EventStreamFrame frame;
    std::string failed_type;
    while (true) {
        TRY(const bool more, event_stream_.next(frame));
        if (!more) return {};
        if (complete_ || failure_) continue;
        std::string_view type = frame.type;
        if (frame.failed) type = failed_type = ":" + std::string(frame.type);
        std::string spelled;
        // An exception is none to clients that read another protocol inside of Bedrock's frames.
        const bool passes = !frame.failed || (setup_.client->protocol() ==
                                              domain::Protocol::bedrock_converse);
        if (setup_.verbatim && setup_.to_stream && passes) {
            // Clients of this protocol get their framing on the way out.
            spelled.append("event: ").append(type).append("\ndata: ").append(frame.payload);
            // Line ends between a payload's tokens are white space; inside texts there are none.
            std::replace(spelled.begin() + static_cast<std::ptrdiff_t>(type.size() + 8),
                         spelled.end(), '\n', ' ');
            spelled += "\n\n";
        }
        TRY_VOID(take_frame(type, frame.payload, spelled, out));
    }
}

base::Result<void> Relay::take_frame(std::string_view event, std::string_view data,
                                     std::string_view raw, std::string& out) {
    events_.clear();
    TRY(const dialect::FrameFacts facts, setup_.decoder->feed(event, data, events_));
    if (setup_.verbatim && setup_.to_stream) {
        Continuation* const kept = setup_.continuation;
        for (const Event& item : events_) {
            note(item);
            if (kept != nullptr && !failure_) kept->note(item);
        }
        if (failure_ && (!begun_ || (kept != nullptr && kept->possible()))) return {};
        failure_passed_ = failure_.has_value();
        begun_ = begun_ || facts.content;
        if (begun_) release_held(out);
        pass_verbatim(facts, facts.raw.empty() ? raw : facts.raw, out);
    } else {
        translate(out);
    }
    if (!facts.end || failure_) return {};
    // A mark of the end after nothing that is of this protocol: another attempt may do better.
    if (!begun_) {
        return base::Error{base::ErrorCode::provider,
                           "the provider ended its answer without having said anything"};
    }
    complete_ = true;
    return {};
}

void Relay::note(const Event& event) {
    if (setup_.judge != nullptr) setup_.judge->note(event);
    switch (event.kind) {
        case EventKind::start:
            start_seen_ = true;
            usage_.update(event.usage);
            break;
        case EventKind::block_start: begun_ = true; break;
        case EventKind::block_delta:
            begun_ = true;
            generated_bytes_ += event.text.raw.size();
            break;
        case EventKind::block_end: break;
        case EventKind::usage: usage_.update(event.usage); break;
        case EventKind::stop:
            begun_ = true;  // an answer without content is an answer all the same
            usage_.update(event.usage);
            break;
        case EventKind::error:
            failure_ = StreamFailure{event.error_class, std::string(event.error_type), {}};
            json::append_unescaped(failure_->message, event.text);
            break;
        case EventKind::ping: break;
    }
}

void Relay::pass_verbatim(const dialect::FrameFacts& facts, std::string_view raw,
                          std::string& out) {
    if (facts.usage_only && !setup_.options.include_usage) return;
    std::string& to = sink(out);
    // The view lies in this frame's bytes unless the frame had to be put together from lines.
    const char* const begin = raw.data();
    const bool inside = facts.has_model && facts.model.data() >= begin &&
                        facts.model.data() + facts.model.size() <= begin + raw.size();
    if (!inside) {
        to += raw;
        return;
    }
    const auto at = static_cast<std::size_t>(facts.model.data() - begin);
    to.append(raw.substr(0, at));
    // The facts name the value with or without its quotes; ours has them.
    const bool quoted = !facts.model.empty() && facts.model.front() == '"';
    to.append(quoted ? std::string_view(model_json_)
                     : std::string_view(model_json_).substr(1, model_json_.size() - 2));
    to.append(raw.substr(at + facts.model.size()));
}

void Relay::translate(std::string& out) {
    bool stopped_here = false;
    if (cutter_) stopped_here = cutter_->cut(events_);
    for (Event& event : events_) {
        const bool was_begun = begun_;
        if (event.kind == EventKind::stop) complete_usage(event);
        note(event);
        if (failure_) return;
        if (!was_begun && begun_) release_held(out);
        if (goes_on_ && !setup_.continuation->fit(event)) continue;
        if (setup_.continuation != nullptr) setup_.continuation->note(event);
        if (encoder_) {
            encoder_->encode(event, sink(out));
        } else {
            collect(event);
        }
        if (event.kind == EventKind::stop && setup_.to_stream && stopped_here) complete_ = true;
    }
    if (stopped_here) complete_ = true;
}

// The client is never told of zero tokens because a provider said nothing.
void Relay::complete_usage(Event& stop) {
    domain::Usage known = usage_;
    known.update(stop.usage);
    if (known.input < 0) {
        stop.usage.input = setup_.options.input_estimate;
        stop.usage.estimated = true;
    }
    if (known.output < 0 && generated_bytes_ > 0) {
        stop.usage.output = static_cast<std::int64_t>(generated_bytes_ / bytes_per_token + 1);
        stop.usage.estimated = true;
    }
}

void Relay::release_held(std::string& out) {
    if (goes_on_) out += setup_.continuation->take_owed();
    if (held_.empty()) return;
    // After a failover the client has a start already: this attempt's own is dropped.
    if (!drop_held_) out += held_;
    drop_held_ = false;
    held_.clear();
    start_sent_ = true;
}

void Relay::take_answer(const std::vector<Event>& events, std::string& out) {
    events_ = events;
    translate(out);
    if (!failure_) complete_ = true;
}

base::Result<void> Relay::finish(std::string& out) {
    if (complete_ || failure_) return {};
    http::SseFrame frame;
    std::string_view line;
    if (setup_.framing == dialect::Framing::sse && sse_.finish(frame) && !frame.comment_only) {
        TRY_VOID(take_frame(frame.event, frame.data, frame.raw, out));
    } else if (setup_.framing == dialect::Framing::ndjson && ndjson_.finish(line)) {
        TRY_VOID(take_frame({}, line, line, out));
    }
    if (complete_ || failure_) return {};
    events_.clear();
    const bool whole = setup_.decoder->finish(events_);
    if (setup_.verbatim && setup_.to_stream) {
        for (const Event& item : events_) note(item);
    } else {
        translate(out);
    }
    if (failure_) return {};
    if (!whole) {
        return base::Error{base::ErrorCode::provider,
                           "the provider ended its answer before it was complete"};
    }
    complete_ = true;
    return {};
}

void Relay::keep_alive(std::string& out) {
    if (!setup_.to_stream) return;
    if (!drop_held_) {
        out += held_;
        start_sent_ = start_sent_ || start_seen_;
    }
    held_.clear();
    out += setup_.client->ping();
}

void Relay::break_off(int status, const base::Error& error, std::string& out) {
    if (!setup_.to_stream) return;
    if (encoder_ && encoder_->break_off(error, out)) return;
    out += setup_.client->encode_stream_error(status, error, setup_.options.request_id);
}

void Relay::hand_over(const domain::Usage& used) {
    setup_.continuation->keep(std::move(encoder_), *setup_.client, setup_.options, used);
}

void Relay::collect(const Event& event) {
    Event kept = event;
    const auto keep = [this](std::string_view text) { return collected_text_.store(text); };
    kept.text.raw = keep(event.text.raw);
    kept.signature.raw = keep(event.signature.raw);
    kept.id = keep(event.id);
    kept.name = keep(event.name);
    kept.model = keep(event.model);
    kept.stop_sequence.raw = keep(event.stop_sequence.raw);
    kept.verbatim = keep(event.verbatim);
    collected_.push_back(kept);
}

std::string Relay::answer_body() const {
    return setup_.client->encode_answer(collected_, setup_.options);
}

}  // namespace tollgate::gateway
