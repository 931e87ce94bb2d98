// Mid-stream resume: what a client has seen of a streamed answer, kept so that the next candidate
// can go on where an attempt broke off, within the same message. One per request; one thread.
//
// The answer of the first attempt passes as it would without one. When it breaks, the client's
// encoder is kept (of a verbatim relay one is made that has "seen" what the client has), the next
// request carries the text so far, and the events that come back are fitted into the open message.
// Only text and thinking can be gone on with: a tool call that has begun is never told twice.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dialect/dialect.hpp"
#include "domain/conversation.hpp"
#include "domain/event.hpp"
#include "domain/target.hpp"
#include "domain/usage.hpp"

namespace tollgate::gateway {

class Continuation {
public:
    // An event that reached the client, numbered as its encoder was told.
    void note(const domain::Event& event);
    // Another attempt could go on from here.
    bool possible() const { return !fixed_; }
    // An attempt has broken off: the present one goes on from there.
    bool under_way() const { return encoder_ != nullptr || lent_; }

    // The attempt broke off. `encoder`: what wrote the client's stream; null: the bytes passed
    // verbatim, and one is made with `options`. `used`: by this attempt.
    void keep(std::unique_ptr<dialect::StreamEncoder> encoder,
              const dialect::ClientDialect& client, const dialect::EncoderOptions& options,
              const domain::Usage& used);
    // For the attempt that goes on; keep() brings it back. REQUIRES: under_way(), not lent.
    std::unique_ptr<dialect::StreamEncoder> lend_encoder();
    // The one at rest, to end the stream with; null while lent.
    dialect::StreamEncoder* encoder() { return encoder_.get(); }

    // Makes an event of the attempt that goes on one of the client's message; false: the client
    // gets nothing of it (a second start, thinking after text, the start of the open text).
    bool fit(domain::Event& event);
    // What the client is owed before the first content of the attempt that goes on.
    std::string take_owed() { return std::exchange(owed_, {}); }

    // Appends the text so far to `request`, and the wish to go on where `target` does not continue
    // an assistant's words by itself; lowers the output limit by what was made. The views lie in
    // this object.
    void extend(domain::Request& request, const domain::Deployment& target) const;
    // Bytes of text that the client has.
    std::size_t text_bytes() const { return text_.size(); }

private:
    struct Seen {  // in the order of beginning, for an encoder that is made later
        std::uint32_t index = 0;
        domain::BlockKind kind = domain::BlockKind::text;
        std::string text, signature;
        bool ended = false;
    };
    Seen* seen(std::uint32_t index);
    std::unique_ptr<dialect::StreamEncoder> caught_up(const dialect::ClientDialect& client,
                                                      const dialect::EncoderOptions& options);

    std::vector<Seen> blocks_;
    std::string start_id_;
    std::string text_;            // of all text blocks, JSON-escaped
    domain::Usage started_with_;  // as the start told
    domain::Usage spent_;         // by the attempts that broke off
    std::unique_ptr<dialect::StreamEncoder> encoder_;
    std::string owed_;
    std::uint32_t next_index_ = 0;
    std::uint32_t base_ = 0;      // added to the numbers of the attempt that goes on
    std::int64_t open_text_ = -1;    // the client's block that is still open, -1: none
    std::int64_t joined_ = -1;       // the attempt's block that goes on with it
    bool lent_ = false;
    bool fixed_ = false;
};

}  // namespace tollgate::gateway
