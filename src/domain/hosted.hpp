// Tools that a provider runs by itself: what they are called for, and what came of a call, in words
// that every protocol can be given. Values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace tollgate::domain {

enum class HostedTool : std::uint8_t {
    none,            // a function: the client runs it
    web_search, web_fetch, code_execution,
    other,           // nobody but its own provider has it
};

// What a client says about its web search; empty where it says nothing. Views as in Request.
struct SearchOptions {
    json::Raw uses_max;                          // a number
    json::Raw allowed_domains, blocked_domains;  // lists of strings
    // {"type":"approximate","city":..,"region":..,"country":..,"timezone":..}, all optional
    json::Raw user_location;
    std::string_view context_size;               // low, medium, high
};

// A page that an answer names. Texts are escaped.
struct Source {
    std::string url, title;
    std::int64_t begin = -1, end = -1;  // characters of the answer's text it stands for; -1: unsaid
};

enum class HostedStep : std::uint8_t {
    call,       // the provider runs the tool
    result,     // what came of the call with the same id
    citations,  // pages that a text refers to
};

// One step of a provider-run tool in an answer. Owns what it says, for it outlives a frame.
struct HostedRecord {
    HostedTool tool = HostedTool::web_search;
    HostedStep step = HostedStep::call;
    std::string id;               // plain; joins call and result, unique in the answer
    std::string input;            // escaped: query, URL or program
    std::vector<Source> sources;  // web search: results, citations
    std::string output;           // escaped: what the program printed
    bool failed = false;          // result: the tool gave none
};

}  // namespace tollgate::domain
