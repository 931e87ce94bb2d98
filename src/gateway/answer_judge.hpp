// What an answer did that experiments compare: were the arguments of its tool calls JSON objects,
// and did the model refuse. One per request, only where an experiment chose the model; one thread.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "domain/event.hpp"

namespace tollgate::gateway {

class AnswerJudge {
public:
    // Each event of the answer, in order.
    void note(const domain::Event& event);
    // Another attempt answers: what the one before did counts no more.
    void begin_again();
    // Appends what was seen to a JSON object's text, as the member `answer`; nothing when nothing
    // was. REQUIRES: `object` ends in `}`.
    void append_to(std::string& object) const;

    std::int64_t calls() const { return calls_; }
    std::int64_t valid_calls() const { return valid_; }
    bool refused() const { return refused_; }

private:
    struct OpenCall {
        std::uint32_t index = 0;
        std::string arguments;  // as JSON text spells them, escaped once more
    };
    std::vector<OpenCall> open_;
    std::int64_t calls_ = 0, valid_ = 0;
    bool refused_ = false;
};

}  // namespace tollgate::gateway
