// The conversation as Gemini's `contents`: user and model take turns, the results of a turn's calls
// come first and in the order of the calls, each with the name of the function that was called.
// Internal to dialect/gemini*.cpp.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/gemini_model.hpp"

namespace tollgate::dialect::gemini {

// A function's name as Gemini takes it: what a row's charset allows, and never a digit first.
std::string function_name(const domain::Deployment& target, std::string_view name,
                          Translation& translation);

class Contents {
public:
    Contents(json::Writer& writer, const domain::Request& request,
             const domain::Deployment& target, Translation& translation)
        : writer_(writer), request_(request), target_(target), translation_(translation) {}

    // Writes the array. `opening` (escaped) is what the first user turn begins with, "" for
    // nothing. Fails: invalid_request for a part that the target cannot carry.
    base::Result<void> write(std::string_view opening);

private:
    using Turns = std::span<const domain::Message>;
    void open_turn();  // of speaker_, unless it is open
    void close_turn();
    void text(std::string_view escaped, std::string_view signature = {});
    base::Result<void> model(Turns turns);
    void thought(const domain::Part& part);
    void call(const domain::Part& part);
    base::Result<void> user(Turns turns);
    base::Result<void> result_of(const domain::Part& call, const domain::Part& result);
    void lost_result(const domain::Part& call);
    void response(const domain::Part& call, std::string_view member, std::string_view escaped);
    base::Result<void> orphan(const domain::Part& result);
    base::Result<void> spoken(const domain::Message& turn);
    base::Result<void> part(const domain::Part& part);
    base::Result<void> media(const domain::Part& part);
    base::Result<void> document(const domain::Part& part);
    void inline_data(std::string_view mime_type, json::Escaped data);
    bool takes_images() const;

    json::Writer& writer_;
    const domain::Request& request_;
    const domain::Deployment& target_;
    Translation& translation_;
    std::string_view speaker_ = "user";  // whose parts are being written
    std::string_view role_;              // of the open content, "" when none is
    std::vector<const domain::Part*> open_calls_;
    // Of the assistant's turn that is being written.
    std::string call_signature_, text_signature_;
    bool step_signed_ = false;  // its first call has been written
    std::size_t message_ = 0;   // in which the client put the part at hand, for refusals
};

}  // namespace tollgate::dialect::gemini
