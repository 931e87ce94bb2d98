// The dialect `ollama`, its streams line by line: see dialect.hpp.
#include "dialect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate;
    static const fuzz::DialectFuzzer fuzzer(domain::Protocol::ollama);
    fuzzer.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
