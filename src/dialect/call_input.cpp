#include "dialect/call_input.hpp"

namespace tollgate::dialect {

void append_input(std::string& out, const domain::Part& call) {
    if (call.input.empty()) {
        out += "{}";
    } else {
        json::append_compact(out, call.input);
    }
}

void append_input_escaped(std::string& out, const domain::Part& call) {
    if (!call.spelled_input.empty()) {
        out += call.spelled_input.raw;
    } else if (call.input.empty()) {
        out += "{}";
    } else {
        json::append_compact_escaped(out, call.input);
    }
}

}  // namespace tollgate::dialect
