// Ends an answer at a stop sequence that the model itself does not accept: the client asked for it,
// so we look for it in the text and cut there. Pure; one per attempt.
#pragma once
#include <string>
#include <vector>

#include "domain/event.hpp"

namespace tollgate::gateway {

class StopCutter {
public:
    explicit StopCutter(std::vector<std::string> sequences);

    // Rewrites the events in place: text that may be the start of a sequence is held back, text
    // from a sequence on is dropped. True when one was found: the events then end with a stop, and
    // what the provider sends later is of no interest. Views stay valid until the next call.
    bool cut(std::vector<domain::Event>& events);

private:
    // The earliest sequence in `pending_`, or npos.
    std::size_t find(std::size_t& which) const;
    // Bytes at the end of `pending_` that could begin a sequence.
    std::size_t suspicious() const;
    domain::Event text_event(std::uint32_t index, std::string_view plain);

    std::vector<std::string> sequences_;
    std::size_t longest_ = 0;
    std::string pending_;  // plain text held back
    std::uint32_t block_ = 0;
    bool in_text_ = false;
    bool found_ = false;
    std::vector<std::string> kept_;  // escaped texts that this call's events refer to
    std::string stop_escaped_;
};

}  // namespace tollgate::gateway
