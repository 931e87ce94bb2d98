#include "policy/installation_key.hpp"

#include <string.h>

#include <algorithm>
#include <cstring>
#include <span>

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
    InstallationKey key;
    Block block{};
    if (secret.size() > block.size()) {
        const crypto::Digest digest = crypto::sha256(secret);
        std::memcpy(block.data(), digest.data(), digest.size());
    } else {
        std::copy(secret.begin(), secret.end(), block.begin());
    }
    constexpr unsigned inner_pad = 0x36, outer_pad = 0x5c;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const auto byte = static_cast<unsigned char>(block[i]);
        key.inner_[i] = static_cast<char>(byte ^ inner_pad);
        key.outer_[i] = static_cast<char>(byte ^ outer_pad);
    }
    ::explicit_bzero(block.data(), block.size());
    return key;
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

InstallationKey::~InstallationKey() {
    ::explicit_bzero(inner_.data(), inner_.size());
    ::explicit_bzero(outer_.data(), outer_.size());
}

crypto::Digest InstallationKey::hmac(std::string_view secret) const {
    const std::array<std::string_view, 2> inside{std::string_view(inner_.data(), inner_.size()),
                                                 secret};
    const crypto::Digest inner = crypto::sha256(inside);
    const std::array<std::string_view, 2> outside{
        std::string_view(outer_.data(), outer_.size()),
        std::string_view(reinterpret_cast<const char*>(inner.data()), inner.size())};
    return crypto::sha256(outside);
}

std::string InstallationKey::fingerprint() const {
    return crypto::hex(hmac("tollgate installation key, version 1"));
}

}  // namespace tollgate::policy
