// Fernet tokens and key lists: whatever comes, nothing is read beyond it, and what is taken as a
// token of the key is spelled exactly as the key would have written it.
#include <cstdint>
#include <cstring>
#include <string>

#include "crypto/fernet.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate;
    static const auto keys = crypto::FernetKeys::of("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
    static const auto key = crypto::FernetKey::of("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto listed = crypto::FernetKeys::of(text);
    if (listed.ok()) fuzz::require(listed->size() > 0, "a list that was taken has keys");
    const auto opened = key->decrypt(text, 499162801, std::chrono::seconds(60));
    if (opened.ok()) fuzz::require(keys->decrypt(text).ok(), "the list opens what its key opens");
    // Its own tokens come back, and one with a changed byte does not.
    std::string token = keys->encrypt(text);
    fuzz::require(keys->decrypt(token).value() == text, "a token gives back its content");
    if (size > 0) {
        char& letter = token[data[0] % (token.size() - 4)];
        letter = letter == 'A' ? 'B' : 'A';
        fuzz::require(!keys->decrypt(token).ok(), "a changed token is refused");
    }
    return 0;
}
