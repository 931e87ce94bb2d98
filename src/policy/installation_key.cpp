#include "policy/installation_key.hpp"

#include "base/log.hpp"
#include "policy/secret_file.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t characters_min = 32;
constexpr std::size_t made_characters = 64;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

constexpr SecretFileWords file_words{"installation key", "TOLLGATE_INSTALLATION_KEY",
                                     "installation_key_readable_by_others"};

// nullopt would not tell an absent file from an unreadable one: `absent` does.
base::Result<InstallationKey> read_key(const std::string& path, bool& absent) {
    SecretText text;
    TRY_VOID(read_secret_file(path, file_words, text, absent));
    auto key = InstallationKey::of(text.text);
    if (!key.ok()) {
        return base::invalid(path + ": " + key.error().message +
                             "; restore it from a backup, since keys made under it stop working");
    }
    return key;
}

}  // namespace

base::Result<InstallationKey> InstallationKey::of(std::string_view text) {
    const std::string_view secret = trimmed(text);
    if (secret.size() < characters_min) {
        return base::invalid("the installation key must have at least " +
                             std::to_string(characters_min) + " characters, and has " +
                             std::to_string(secret.size()));
    }
    return InstallationKey(secret);
}

base::Result<InstallationKey> InstallationKey::open(const std::string& data_directory,
                                                    std::string_view environment) {
    if (!environment.empty()) {
        auto key = of(environment);
        if (!key.ok()) {
            return base::invalid("TOLLGATE_INSTALLATION_KEY: " + key.error().message,
                                 "TOLLGATE_INSTALLATION_KEY");
        }
        return key;
    }
    const std::string path = data_directory + "/installation_key";
    bool absent = false;
    auto key = read_key(path, absent);
    if (!absent) return key;
    const SecretText made(crypto::random_base62(made_characters) + "\n");
    TRY_VOID(write_secret_file(path, file_words, made, IfThere::keep));
    base::log().info("installation_key_made", {{"file", path}});
    return read_key(path, absent);
}

crypto::Digest InstallationKey::hmac(std::string_view secret) const { return hmac_(secret); }

std::string InstallationKey::fingerprint() const {
    return crypto::hex(hmac("tollgate installation key, version 1"));
}

}  // namespace tollgate::policy
