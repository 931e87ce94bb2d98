// Freeform tools (OpenAI's `custom` tools, whose call is plain text) for targets that know only
// functions: the text travels as the one string argument `input`, and is taken out of the
// arguments again while they stream. Pure; one object per call, one thread.
#pragma once
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "base/json.hpp"

namespace tollgate::dialect {

// The argument that holds a freeform call's text.
constexpr std::string_view freeform_argument = "input";
// The schema of the function that stands for a freeform tool.
json::Raw freeform_schema();
// What the model is told about such a tool: its own description, how to call it here, and the
// grammar of its text. `tool` is the tool as the client sent it. The result lives in `arena`.
json::Escaped freeform_description(json::Value tool, base::Arena& arena);
// A call's text as the arguments of that function.
json::Raw freeform_arguments(json::Escaped text, base::Arena& arena);

// Takes fragments of a call's arguments and gives the text inside, as far as it is certain.
// Arguments of another form than {"input": TEXT} are held back until the end: an object with one
// string gives that string, anything else is the text itself.
class FreeformText {
public:
    // `fragment` of the arguments' JSON text, escaped as in domain::Event::text. Appends text,
    // escaped once: it may stand between quotes as it is.
    void feed(json::Escaped fragment, std::string& out);
    // No fragment follows. Appends what was held back.
    void finish(std::string& out);

private:
    enum class State : unsigned char { before, inside, after, other };
    void unwrap(std::string_view escaped);
    void advance(std::string& out);
    bool find_text();
    void copy_text(std::string& out);

    State state_ = State::before;
    std::string outer_;       // an escape of the fragments that is not whole yet
    std::string pending_;     // JSON text not looked at yet
    std::string arguments_;   // all of it, while the form is not certain
};

}  // namespace tollgate::dialect
