// A tool call's arguments, as the bodies of requests have them. Pure, thread-safe.
#pragma once
#include <string>

#include "domain/conversation.hpp"

namespace tollgate::dialect {

// As a JSON value, compact; "{}" for a call without any.
void append_input(std::string& out, const domain::Part& call);
// As the inside of a string that holds it. The client's own spelling goes on as it is.
void append_input_escaped(std::string& out, const domain::Part& call);

}  // namespace tollgate::dialect
