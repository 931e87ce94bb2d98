#include "config/config.hpp"

namespace tollgate::config {

std::string Origin::text() const {
    switch (kind) {
        case Kind::defaulted: return "default";
        case Kind::environment: return "environment " + file;
        case Kind::file: break;
    }
    if (line == 0) return file;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Secret::masked() const {
    constexpr std::size_t long_enough = 16;  // the last four of a short one say too much
    if (value.empty()) return "";
    if (value.size() < long_enough) return "****";
    return "****" + value.substr(value.size() - 4);
}

bool ModelEntry::chat() const {
    return info.mode.empty() || info.mode == "chat" || info.mode == "completion" ||
           info.mode == "responses";
}

}  // namespace tollgate::config
