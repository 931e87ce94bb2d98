// Bedrock's Converse, its events spelled as server-sent ones: see dialect.hpp.
#include "dialect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate;
    static const fuzz::DialectFuzzer fuzzer(domain::Protocol::bedrock_converse);
    fuzzer.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
