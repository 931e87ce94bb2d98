#include "secret_sources/environment.hpp"

#include <unistd.h>

#include <string_view>

namespace tollgate::secret_sources {

std::map<std::string, std::string, std::less<>> process_environment() {
    std::map<std::string, std::string, std::less<>> variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

}  // namespace tollgate::secret_sources
