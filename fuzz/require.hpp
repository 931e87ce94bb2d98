// What fuzz targets say instead of assert(): prints the broken rule and stops, in every build type.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tollgate::fuzz {

inline void require(bool holds, const char* rule, std::string_view about = {}) {
    if (holds) return;
    std::fprintf(stderr, "broken rule: %s\n%.*s\n", rule, static_cast<int>(about.size()),
                 about.data());
    std::abort();
}

}  // namespace tollgate::fuzz
