// One question to a token service or a metadata server: bounded in time, tries and size, and with
// errors that never hold a secret.
#pragma once
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

constexpr std::size_t token_answer_bytes_max = 256 * 1024;
// Metadata servers are a hop away, or not there at all.
constexpr std::chrono::milliseconds metadata_connect_time{1'000};
constexpr std::chrono::milliseconds metadata_headers_time{2'000};
constexpr int token_tries_max = 3;  // refused connections, timeouts, 429 and 5xx are tried again

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct TokenCall {
    std::string what;  // for messages: "AssumeRole at STS"
    std::string method = "GET";
    std::string url;   // whole, http or https
    Pairs headers;
    std::string body;
    std::chrono::milliseconds connect{3'000};
    std::chrono::milliseconds headers_time{10'000};
    TlsContext tls;
    std::vector<std::string> secrets;  // taken out of whatever the other side says
};

struct TokenAnswer {
    int status = 0;
    Pairs headers;  // names in lower case
    std::string body;
    std::string header(std::string_view name) const;  // "" when absent
};

// Any status is an answer. Fails: unavailable naming `what` and the address, cancelled,
// invalid_request for an address or a header that cannot be sent.
net::Task<base::Result<TokenAnswer>> ask(const FetchContext& context, const TokenCall& call);

// The same, with a 2xx answer's body; other answers fail as provider with what they say, see
// explain().
net::Task<base::Result<std::string>> ask_for_body(const FetchContext& context,
                                                  const TokenCall& call);

// "AssumeRole at STS said 403 AccessDenied: not authorized": the code and the words of OAuth,
// Google, AWS (JSON and XML) and Azure errors; nothing else of the body is quoted.
base::Error explain(const TokenCall& call, const TokenAnswer& answer);

// "a=1&b=x%20y".
std::string form(const Pairs& fields);
constexpr const char* form_type = "application/x-www-form-urlencoded";

// The inside of the only <name> element, entities decoded; "" when there is none or several.
std::string xml_element(std::string_view xml, std::string_view name);

}  // namespace tollgate::credentials
