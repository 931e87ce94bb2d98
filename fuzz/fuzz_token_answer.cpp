// What token services answer: STS in XML, errors in XML and JSON. The first byte chooses whether
// the rest is an answer as it is, or a secret in an answer that is made right here. Rules: an
// answer that is taken has all its parts; what was escaped comes back as it was; an error is short,
// of one line, and shows no secret.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "credentials/aws_sts.hpp"
#include "credentials/token_call.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

constexpr std::string_view secret = "made-up/secret+key";

void read(std::string_view text) {
    const auto credential = credentials::parse_sts_answer(text, "STS");
    if (!credential.ok()) return;
    require(!credential->access_key_id.empty() && !credential->secret_access_key.empty() &&
                !credential->session_token.empty() &&
                credential->expires < std::chrono::system_clock::time_point::max(),
            "an answer that is taken has all its parts", text);
}

void explain(std::string_view text) {
    credentials::TokenCall call;
    call.what = "STS";
    call.secrets = {std::string(secret), ""};
    credentials::TokenAnswer answer;
    answer.status = 403;
    answer.body = text;
    const std::string message = credentials::explain(call, answer).message;
    require(message.find(secret) == std::string::npos, "no secret is shown", message);
    require(message.size() < 2'000, "an error is short", message);
    for (const char c : message) {
        require(static_cast<unsigned char>(c) >= ' ', "an error is of one line", message);
    }
}

std::string escaped(std::string_view plain) {
    std::string text;
    for (const char c : plain) {
        switch (c) {
            case '<': text += "&lt;"; break;
            case '>': text += "&gt;"; break;
            case '&': text += "&amp;"; break;
            case '"': text += "&quot;"; break;
            case '\'': text += "&apos;"; break;
            default: text += c;
        }
    }
    return text;
}

void round_trip(std::string_view plain) {
    if (plain.empty()) return;
    const std::string xml = "<R><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>" + escaped(plain) +
                            "</SecretAccessKey><SessionToken>t</SessionToken>"
                            "<Expiration>2026-11-21T05:00:00Z</Expiration></R>";
    const auto credential = credentials::parse_sts_answer(xml, "STS");
    require(credential.ok() && credential->secret_access_key == plain,
            "what was escaped comes back", xml);
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate::fuzz;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 1) {
        round_trip(text);
        return 0;
    }
    read(text);
    explain(text);
    return 0;
}
