// AWS's shared files. The first byte says how many eighths of the rest are the configuration file;
// what follows is the credentials file. Rules: keys are in lower case, names and values have no
// blanks around them and no line ends; what was read, written anew, reads the same; what the
// credentials file says of a profile counts.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "credentials/aws_profiles.hpp"
#include "credentials/files.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

using credentials::Profile;

void check_word(const std::string& word) {
    require(credentials::trimmed(word) == word, "no blanks around a word", word);
    require(word.find('\n') == std::string::npos, "a word is of one line", word);
}

auto read(std::string_view text) {
    auto sections = credentials::parse_ini(text);
    std::string again;
    for (const auto& [name, keys] : sections) {
        check_word(name);
        again += "[" + name + "]\n";
        for (const auto& [key, value] : keys) {
            check_word(key);
            check_word(value);
            require(key.find('=') == std::string::npos, "the first '=' ends a key", key);
            for (const char c : key) require(c < 'A' || c > 'Z', "keys are in lower case", key);
            again += key + "=" + value + "\n";
        }
    }
    require(credentials::parse_ini(again) == sections, "written anew it reads the same", again);
    return sections;
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t cut = text.size() * (data[0] % 9) / 8;
    fuzz::read(text.substr(0, cut));
    const auto own = fuzz::read(text.substr(cut));
    const auto all = credentials::merge_profiles(text.substr(0, cut), text.substr(cut));
    for (const auto& [name, keys] : own) {
        if (keys.empty()) continue;
        const credentials::Profile* profile = all.find(name);
        fuzz::require(profile != nullptr, "sections of the credentials file are profiles", name);
        for (const auto& [key, value] : keys) {
            fuzz::require(credentials::setting(*profile, key) == value,
                          "the credentials file counts", key);
        }
        [[maybe_unused]] const bool any = credentials::has_credentials(*profile);
    }
    return 0;
}
