#include "base/find_bytes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::base {
namespace {

TEST(FindBytes, AgreesWithPlainSearch_AtEveryPlaceAndLength) {
    const std::string needle = "\"signature\"";
    for (std::size_t size = 0; size < 80; ++size) {
        for (std::size_t at = 0; at + needle.size() <= size; ++at) {
            std::string text(size, '"');  // every byte looks like an end of the needle
            text.replace(at, needle.size(), needle);
            for (std::size_t from : {std::size_t{0}, at, at + 1}) {
                ASSERT_EQ(find_bytes(text, needle, from), text.find(needle, from))
                    << size << " " << at << " " << from;
            }
        }
        ASSERT_EQ(find_bytes(std::string(size, 'x'), needle, 0), std::string::npos);
    }
}

}  // namespace
}  // namespace tollgate::base
