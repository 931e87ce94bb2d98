// From a provider's bytes to the client's: the pure half of call_provider. One per attempt.
//
// Two ways. Verbatim (both sides speak one protocol): frames pass as they are, only the model's
// name is restored and the usage chunk that we asked for is taken out; a decoder on the side
// meters. Translated: the decoder's events go to the client's encoder, or are collected for one
// JSON answer.
//
// Until the first content everything is held back: a failure before that is nobody's business but
// the attempts loop's.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "dialect/dialect.hpp"
#include "domain/event.hpp"
#include "gateway/answer_judge.hpp"
#include "gateway/continuation.hpp"
#include "gateway/stop_cutter.hpp"
#include "http/event_stream.hpp"
#include "http/sse.hpp"

namespace tollgate::gateway {

struct RelaySetup {
    const dialect::ClientDialect* client = nullptr;
    dialect::Framing framing = dialect::Framing::sse;
    std::unique_ptr<dialect::StreamDecoder> decoder;
    dialect::EncoderOptions options;   // options.model: the name to restore
    bool verbatim = false;             // same protocol on both sides
    bool to_stream = true;             // the client asked for a stream; else collect
    bool start_sent = false;           // an earlier attempt's start is with the client already
    std::vector<std::string> stop_here;
    // Where another attempt may go on when this one breaks off, else null. Borrowed.
    Continuation* continuation = nullptr;
    AnswerJudge* judge = nullptr;  // borrowed; null: nobody asks
};

// A failure that the provider reported inside its answer.
struct StreamFailure {
    domain::ErrorClass error_class = domain::ErrorClass::provider_fault;
    std::string type;
    std::string message;
};

class Relay {
public:
    explicit Relay(RelaySetup setup);

    // Takes provider bytes of a stream and appends what may go to the client now.
    // Fails: provider, when the bytes make no sense; the stream is over then.
    base::Result<void> feed(std::string_view bytes, std::string& out);
    // Takes a whole JSON answer instead of a stream.
    void take_answer(const std::vector<domain::Event>& events, std::string& out);
    // The provider's bytes have ended. Fails: provider, when the answer was cut short.
    base::Result<void> finish(std::string& out);
    // Sends what is held back, if anything, and a ping: the provider has been silent for long.
    void keep_alive(std::string& out);
    // The client's last frame when the answer breaks after content reached it.
    void break_off(int status, const base::Error& error, std::string& out);
    // The answer broke off where another attempt may go on: gives the continuation what that one
    // needs. `used`: by this attempt. REQUIRES: setup.continuation.
    void hand_over(const domain::Usage& used);
    // This attempt goes on with the answer of another one.
    bool goes_on() const { return goes_on_; }
    // The collected answer. REQUIRES: complete() and !to_stream.
    std::string answer_body() const;

    bool begun() const { return begun_; }          // content has been seen
    bool complete() const { return complete_; }    // nothing further can come
    bool start_sent() const { return start_sent_; }
    const std::optional<StreamFailure>& failure() const { return failure_; }
    bool failure_passed() const { return failure_passed_; }  // the client has the provider's words
    const domain::Usage& usage() const { return usage_; }
    // What the decoder found odd about the answer, in words; "" : nothing.
    std::string warning() const { return setup_.decoder->warning(); }
    // Bytes of generated text seen, to count an answer whose provider said nothing.
    std::size_t generated_bytes() const { return generated_bytes_; }

private:
    base::Result<void> feed_sse(std::string_view bytes, std::string& out);
    base::Result<void> feed_ndjson(std::string_view bytes, std::string& out);
    base::Result<void> feed_event_stream(std::string_view bytes, std::string& out);
    base::Result<void> take_frame(std::string_view event, std::string_view data,
                                  std::string_view raw, std::string& out);
    void note(const domain::Event& event);
    void pass_verbatim(const dialect::FrameFacts& facts, std::string_view raw, std::string& out);
    void translate(std::string& out);
    void complete_usage(domain::Event& stop);
    void collect(const domain::Event& event);
    std::string& sink(std::string& out) { return begun_ ? out : held_; }
    void release_held(std::string& out);

    RelaySetup setup_;
    std::unique_ptr<dialect::StreamEncoder> encoder_;
    http::SseParser sse_;
    http::NdjsonParser ndjson_;
    http::EventStreamParser event_stream_;
    std::unique_ptr<StopCutter> cutter_;
    std::vector<domain::Event> events_;
    std::string held_;             // start and pings, before content
    std::string model_json_;       // the client's name as JSON text, quotes included
    base::Arena collected_text_;
    std::vector<domain::Event> collected_;
    std::optional<StreamFailure> failure_;
    domain::Usage usage_;
    std::size_t generated_bytes_ = 0;
    bool begun_ = false;
    bool complete_ = false;
    bool start_sent_ = false;
    bool start_seen_ = false;
    bool drop_held_ = false;
    bool failure_passed_ = false;
    bool goes_on_ = false;
};

}  // namespace tollgate::gateway
