// Checks that a request body is well-formed JSON and finds what the benchmark must know about it.
// Pure. Used once per distinct body (the stub remembers the facts by hash), so it need not be fast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

struct BodyFacts {
    bool valid = false;          // one JSON object and nothing after it
    bool stream = false;         // top-level "stream": true
    bool include_usage = false;  // stream_options.include_usage is true
    std::size_t model_begin = 0; // span of the top-level model's text, without its quotes
    std::size_t model_end = 0;
    // Hash of the body with the model's text left out: equal on both sides of a relay that
    // replaces the model's name and nothing else.
    std::uint64_t hash_without_model = 0;
};

BodyFacts scan_body(std::string_view body);

}  // namespace bench
