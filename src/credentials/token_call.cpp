#include "credentials/token_call.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "crypto/sigv4.hpp"

namespace tollgate::credentials {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{100};
constexpr std::size_t quoted_bytes_max = 400;
constexpr std::size_t secret_bytes_min = 6;  // shorter ones would blank ordinary words

struct Address {
    http::Origin origin;
    std::string target;
};

base::Result<Address> address_of(const TokenCall& call) {
    const std::size_t scheme = call.url.find("://");
    const std::size_t slash =
        call.url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    Address address;
    auto origin = http::parse_origin(call.url.substr(0, slash));
    if (!origin.ok()) {
        return base::invalid(call.what + ": " + origin.error().message);
    }
    address.origin = std::move(origin).value();
    address.origin.tls_context = call.tls;
    address.target = slash == std::string::npos ? "/" : call.url.substr(slash);
    const auto unfit = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
    if (std::any_of(address.target.begin(), address.target.end(), unfit)) {
        return base::invalid(call.what + ": its address holds a space or a control character");
    }
    if (address.origin.tls && !call.tls) {
        return base::invalid(call.what + ": no TLS context for " + address.origin.authority);
    }
    for (const auto& [name, value] : call.headers) {
        const auto control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
        if (std::any_of(value.begin(), value.end(), control)) {
            return base::invalid(call.what + ": the value for the header " + name +
                                 " holds a line break or another control character");
        }
    }
    return address;
}

std::string hidden(std::string text, const std::vector<std::string>& secrets) {
    constexpr std::string_view mask = "[secret]";
    for (const std::string& secret : secrets) {
        if (secret.size() < secret_bytes_min) continue;
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + mask.size())) {
            text.replace(at, secret.size(), mask);
        }
    }
    return text;
}

net::Task<base::Result<TokenAnswer>> ask_once(const FetchContext& context, const TokenCall& call,
                                              const Address& address) {
    std::vector<http::Header> headers;
    for (const auto& [name, value] : call.headers) headers.push_back({name, value});
    const std::string_view body = call.body;
    http::OutgoingRequest request;
    request.method = call.method;
    request.target = address.target;
    request.headers = headers;
    if (!body.empty()) request.body = std::span(&body, 1);
    http::Deadlines deadlines;
    deadlines.connect = call.connect;
    deadlines.headers = call.headers_time;
    deadlines.idle = call.headers_time;
    deadlines.total = context.deadline;
    http::CallFailure failure = http::CallFailure::none;
    auto sent = co_await context.client.send(address.origin, request, deadlines, context.scope,
                                             &failure);
    if (!sent.ok()) co_return std::move(sent).error();
    TokenAnswer answer;
    answer.status = sent->head().status;
    for (const http::Header& header : sent->head().headers) {
        std::string name(header.name);
        for (char& c : name) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        answer.headers.emplace_back(std::move(name), header.value);
    }
    auto text = co_await sent->read_all(token_answer_bytes_max);
    if (!text.ok()) co_return std::move(text).error();
    answer.body = std::move(text).value();
    co_return answer;
}

bool worth_another_try(const base::Result<TokenAnswer>& answer) {
    if (answer.ok()) return answer->status == 429 || answer->status >= 500;
    return answer.error().code != ErrorCode::cancelled;
}

// `name` of a JSON object as text, whatever scalar it is.
std::string member(const json::Value& object, std::string_view name) {
    const json::Value value = object[name];
    if (value.is_string()) return value.text();
    if (value.kind() == json::Kind::number) return std::string(value.raw());
    return {};
}

// The first of `names` that says something.
std::string first_of(const json::Value& object, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (std::string text = member(object, name); !text.empty()) return text;
    }
    return {};
}

// "CODE: words" of an error answer.
std::string words_of(const std::string& body) {
    std::string code, words;
    json::Document document;
    if (auto root = document.parse(body); root.ok()) {
        const json::Value nested = (*root)["error"];
        const json::Value& from = nested.is_object() ? nested : *root;
        code = first_of(from, {"error", "status", "code", "Code", "__type"});
        words = first_of(from, {"error_description", "message", "Message", "error_message"});
    } else if (body.find('<') != std::string::npos) {
        code = xml_element(body, "Code");
        words = xml_element(body, "Message");
    }
    if (!code.empty() && !words.empty()) return code + ": " + words;
    return code + words;
}

std::string decoded(std::string_view text) {
    constexpr std::pair<std::string_view, char> entities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
    std::string plain;
    while (!text.empty()) {
        const auto* found = std::find_if(std::begin(entities), std::end(entities), [&](auto& each) {
            return text.starts_with(each.first);
        });
        const bool entity = found != std::end(entities);
        plain += entity ? found->second : text.front();
        text.remove_prefix(entity ? found->first.size() : 1);
    }
    return plain;
}

}  // namespace

std::string TokenAnswer::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

net::Task<base::Result<TokenAnswer>> ask(const FetchContext& context, const TokenCall& call) {
    CO_TRY(const Address address, address_of(call));
    milliseconds pause = first_pause;
    for (int tries = 1;; ++tries) {
        auto answer = co_await ask_once(context, call, address);
        const bool time_left = net::Clock::now() + pause < context.deadline;
        if (tries == token_tries_max || !time_left || !worth_another_try(answer)) {
            if (answer.ok() || answer.error().code == ErrorCode::cancelled) co_return answer;
            co_return base::Error{
                ErrorCode::unavailable,
                call.what + " at " + address.origin.authority + " could not be asked: " +
                    hidden(answer.error().message, call.secrets)};
        }
        const net::Wake wake = co_await net::sleep_for(pause, context.scope);
        if (wake == net::Wake::cancelled) {
            co_return base::Error{ErrorCode::cancelled, "the request was cancelled"};
        }
        pause *= 2;
    }
}

net::Task<base::Result<std::string>> ask_for_body(const FetchContext& context,
                                                  const TokenCall& call) {
    CO_TRY(TokenAnswer answer, co_await ask(context, call));
    if (answer.status < 200 || answer.status > 299) co_return explain(call, answer);
    co_return std::move(answer.body);
}

base::Error explain(const TokenCall& call, const TokenAnswer& answer) {
    std::string words = hidden(words_of(answer.body), call.secrets);
    for (char& c : words) {
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    if (words.size() > quoted_bytes_max) words.replace(quoted_bytes_max, std::string::npos, "...");
    std::string message = call.what + " said " + std::to_string(answer.status);
    if (!words.empty()) message += " " + words;
    return {ErrorCode::provider, std::move(message)};
}

std::string form(const Pairs& fields) {
    std::string text;
    for (const auto& [name, value] : fields) {
        if (!text.empty()) text += '&';
        text.append(crypto::percent_encode(name)).append("=");
        text.append(crypto::percent_encode(value));
    }
    return text;
}

std::string xml_element(std::string_view xml, std::string_view name) {
    const std::string open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
    const std::size_t begin = xml.find(open);
    if (begin == std::string_view::npos || xml.find(open, begin + 1) != std::string_view::npos) {
        return {};
    }
    const std::size_t inside = begin + open.size();
    const std::size_t end = xml.find(close, inside);
    if (end == std::string_view::npos) return {};
    return decoded(xml.substr(inside, end - inside));
}

}  // namespace tollgate::credentials
