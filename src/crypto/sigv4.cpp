#include "crypto/sigv4.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>

#include "crypto/digest.hpp"

namespace tollgate::crypto {
namespace {

using Pair = std::pair<std::string, std::string>;

bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decode(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            plain += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

// Without surrounding blanks, runs of blanks inside become one space.
std::string collapsed(std::string_view value) {
    std::string result;
    bool blank = false;
    for (const char c : value) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            blank = !result.empty();
        } else {
            if (blank) result += ' ';
            blank = false;
            result += c;
        }
    }
    return result;
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string normalized(std::string_view path) {
    std::vector<std::string_view> kept;
    for (const std::string_view segment : split(path, '/')) {
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (!segment.empty() && segment != ".") {
            kept.push_back(segment);
        }
    }
    std::string result;
    for (const std::string_view segment : kept) result.append("/").append(segment);
    if (result.empty() || path.ends_with("/")) result += '/';
    return result;
}

std::string canonical_path(std::string_view path, SigV4Path how) {
    if (path.empty()) return "/";
    if (how == SigV4Path::as_sent) return std::string(path);
    if (how == SigV4Path::encode_normalize) return percent_encode(normalized(path), "/");
    return percent_encode(path, "/");
}

std::string canonical_query(std::string_view query) {
    if (query.empty()) return {};
    std::vector<Pair> fields;
    for (const std::string_view field : split(query, '&')) {
        if (field.empty()) continue;
        const std::size_t equals = field.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
        fields.emplace_back(percent_encode(percent_decode(field.substr(0, equals))),
                            percent_encode(percent_decode(value)));
    }
    std::sort(fields.begin(), fields.end());
    std::string text;
    for (const auto& [name, value] : fields) {
        if (!text.empty()) text += '&';
        text.append(name).append("=").append(value);
    }
    return text;
}

// Lower-case names in order; the values of a repeated name joined in the order they were given.
std::map<std::string, std::string> canonical_headers(std::span<const Pair> headers) {
    std::map<std::string, std::string> joined;
    for (const auto& [name, value] : headers) {
        const auto [at, first] = joined.try_emplace(lower(name));
        if (!first) at->second += ',';
        at->second += collapsed(value);
    }
    return joined;
}

// "20150830T123600Z".
std::string amz_date(std::int64_t unix_seconds) {
    const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
    const auto midnight = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day day(midnight);
    const std::chrono::hh_mm_ss clock(time - midnight);
    std::array<char, 40> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(day.year()),
        static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()));
    return std::string(text.data(), static_cast<std::size_t>(size));
}

std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest signing_key(std::string_view secret, std::string_view day, const SigV4Scope& scope) {
    const Digest date_key = hmac_sha256(std::string("AWS4").append(secret), day);
    const Digest region_key = hmac_sha256(view(date_key), scope.region);
    const Digest service_key = hmac_sha256(view(region_key), scope.service);
    return hmac_sha256(view(service_key), "aws4_request");
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string result;
    result.reserve(text.size() + 16);
    for (const char c : text) {
        if (unreserved(c) || keep.find(c) != std::string_view::npos) {
            result += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            result += '%';
            result += digits[byte >> 4];
            result += digits[byte & 15];
        }
    }
    return result;
}

std::string sigv4_canonical_request(const SigV4Request& request, std::span<const Pair> headers,
                                    SigV4Path path, std::string& signed_names) {
    const std::size_t query_at = request.target.find('?');
    const std::string_view query = query_at == std::string_view::npos
                                       ? std::string_view()
                                       : request.target.substr(query_at + 1);
    std::string text(request.method);
    text.append("\n").append(canonical_path(request.target.substr(0, query_at), path));
    text.append("\n").append(canonical_query(query)).append("\n");
    signed_names.clear();
    for (const auto& [name, value] : canonical_headers(headers)) {
        text.append(name).append(":").append(value).append("\n");
        if (!signed_names.empty()) signed_names += ';';
        signed_names += name;
    }
    text.append("\n").append(signed_names).append("\n").append(request.body_sha256);
    return text;
}

std::vector<Pair> sigv4_sign(const SigV4Request& request, const SigV4Credentials& credentials,
                             const SigV4Scope& scope) {
    const std::string date = amz_date(scope.unix_seconds);
    const std::string day = date.substr(0, 8);
    std::vector<Pair> added = {{"x-amz-date", date}};
    if (scope.content_sha256_header) {
        added.emplace_back("x-amz-content-sha256", request.body_sha256);
    }
    std::vector<Pair> all(request.headers.begin(), request.headers.end());
    all.emplace_back("host", request.authority);
    all.insert(all.end(), added.begin(), added.end());
    if (!credentials.session_token.empty()) {
        added.emplace_back("x-amz-security-token", credentials.session_token);
        if (!scope.unsigned_session_token) all.push_back(added.back());
    }
    std::string signed_names;
    const std::string canonical = sigv4_canonical_request(request, all, scope.path, signed_names);

    std::string where = day;
    where.append("/").append(scope.region).append("/").append(scope.service);
    where.append("/aws4_request");
    std::string to_sign = "AWS4-HMAC-SHA256\n";
    to_sign.append(date).append("\n").append(where).append("\n").append(hex(sha256(canonical)));
    const Digest key = signing_key(credentials.secret_access_key, day, scope);

    std::string authorization = "AWS4-HMAC-SHA256 Credential=";
    authorization.append(credentials.access_key_id).append("/").append(where);
    authorization.append(", SignedHeaders=").append(signed_names);
    authorization.append(", Signature=").append(hex(hmac_sha256(view(key), to_sign)));
    added.emplace_back("authorization", std::move(authorization));
    return added;
}

}  // namespace tollgate::crypto
