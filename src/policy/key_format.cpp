#include "policy/key_format.hpp"

#include <algorithm>
#include <array>

namespace tollgate::policy {
namespace {

constexpr std::string_view digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t good_characters_min = 20;

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
        table[byte] = crc;
    }
    return table;
}

std::uint32_t crc32(std::string_view text) {
    static constexpr std::array<std::uint32_t, 256> table = crc_table();
    std::uint32_t crc = ~0U;
    for (const char c : text) crc = (crc >> 8) ^ table[(crc ^ static_cast<std::uint8_t>(c)) & 0xFF];
    return ~crc;
}

}  // namespace

std::string key_checksum(std::string_view start_and_random) {
    std::uint32_t left = crc32(start_and_random);
    std::string text(key_checksum_characters, digits.front());
    for (auto at = text.rbegin(); at != text.rend(); ++at) {
        *at = digits[left % digits.size()];
        left /= static_cast<std::uint32_t>(digits.size());
    }
    return text;
}

std::string make_key() {
    std::string key(key_start);
    key += crypto::random_base62(key_random_characters);
    key += key_checksum(key);
    return key;
}

KeyForm form_of(std::string_view key) {
    if (!key.starts_with(key_start)) return KeyForm::other;
    if (key.size() != key_characters) return KeyForm::mistyped;
    const std::size_t checked = key_characters - key_checksum_characters;
    const bool right = key_checksum(key.substr(0, checked)) == key.substr(checked);
    return right ? KeyForm::ours : KeyForm::mistyped;
}

KeyDisplay display_of(std::string_view key) {
    constexpr std::size_t shown = 4, four_from = 12, two_from = 8;
    KeyDisplay display;
    if (form_of(key) == KeyForm::ours) {
        display.prefix = key.substr(0, key_start.size() + shown);
    } else if (key.starts_with("sk-")) {
        display.prefix = "sk-";
    }
    // A quarter of a chosen key may be most of what was secret in it.
    const std::size_t tail = key.size() >= four_from ? shown : key.size() >= two_from ? 2 : 0;
    display.last_four = key.substr(key.size() - tail);
    return display;
}

std::string masked(const KeyDisplay& display) { return display.prefix + "..." + display.last_four; }

std::string weakness_of(std::string_view key) {
    if (form_of(key) == KeyForm::ours) return {};
    if (key.size() < good_characters_min) {
        return "has only " + std::to_string(key.size()) +
               " characters: whoever tries many finds it; let the gateway make one, or use at "
               "least " +
               std::to_string(good_characters_min) + " random ones";
    }
    std::string letters(key);
    std::sort(letters.begin(), letters.end());
    const auto different = std::unique(letters.begin(), letters.end()) - letters.begin();
    if (different < 8) {
        return "consists of only " + std::to_string(different) +
               " different characters: let the gateway make one";
    }
    return {};
}

std::string hash_of(const InstallationKey& installation, std::string_view key) {
    return crypto::hex(installation.hmac(key));
}

}  // namespace tollgate::policy
