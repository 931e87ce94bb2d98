#include "http/codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::http {
namespace {

struct HeadCase {
    const char* name;
    std::string head;
    const char* reason;  // part of the refusal; "" when the head is accepted
};

std::string with_headers(const std::string& lines) {
    return "POST /v1/messages HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
std::string request_line(const std::string& line) { return line + "\r\nHost: a\r\n\r\n"; }

std::vector<HeadCase> header_cases() {
    return {
        {"plain", with_headers(""), ""},
        {"options star", request_line("OPTIONS * HTTP/1.1"), ""},
        {"absolute form", request_line("GET http://a/b?c HTTP/1.1"), ""},
        {"http 1.0 without host", "GET / HTTP/1.0\r\n\r\n", ""},
        {"bytes above 0x7f in a value", with_headers("X: \xc3\xa9\r\n"), ""},
        {"tab in a value", with_headers("X: a\tb\r\n"), ""},
        {"empty value", with_headers("X:\r\n"), ""},
        {"colon in a value", with_headers("X: a:b\r\n"), ""},
        // smuggling
        {"length and chunked", with_headers("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
         "both given"},
        {"chunked and length", with_headers("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
         "both given"},
        {"two equal lengths", with_headers("Content-Length: 5\r\nContent-Length: 5\r\n"), "twice"},
        {"two lengths", with_headers("Content-Length: 5\r\ncontent-length: 6\r\n"), "twice"},
        {"length list", with_headers("Content-Length: 5, 5\r\n"), "plain number"},
        {"signed length", with_headers("Content-Length: +5\r\n"), "plain number"},
        {"negative length", with_headers("Content-Length: -5\r\n"), "plain number"},
        {"hex length", with_headers("Content-Length: 0x5\r\n"), "plain number"},
        {"empty length", with_headers("Content-Length: \r\n"), "plain number"},
        {"overflowing length", with_headers("Content-Length: 99999999999999999999\r\n"),
         "plain number"},
        {"unknown coding", with_headers("Transfer-Encoding: gzip\r\n"), "only one supported"},
        {"coding list", with_headers("Transfer-Encoding: gzip, chunked\r\n"), "only one supported"},
        {"chunked twice", with_headers("Transfer-Encoding: chunked, chunked\r\n"),
         "only one supported"},
        {"two codings",
         with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), "twice"},
        {"disguised coding", with_headers("Transfer-Encoding: xchunked\r\n"), "only one supported"},
        {"vertical tab in coding",
         with_headers("Transfer-Encoding: \x0b"
                      "chunked\r\n"),
         "control byte"},
        {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
        {"space before colon", with_headers("Content-Length : 5\r\n"), "before the colon"},
        {"tab before colon", with_headers("Content-Length\t: 5\r\n"), "before the colon"},
        {"folded line", with_headers("X: a\r\n b\r\n"), "folded"},
        {"folded first line", with_headers(" X: a\r\n"), "folded"},
        {"bare lf after a value", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "CRLF"},
        {"bare lf ends the head", "GET / HTTP/1.1\r\nHost: a\n\n", "CRLF"},
        {"bare lf everywhere", "GET / HTTP/1.1\nHost: a\n\n", "CRLF"},
        {"bare cr in a value", with_headers("X: a\rContent-Length: 5\r\n"), "CRLF"},
        {"null in a value", with_headers(std::string("X: a\0b\r\n", 8)), "control byte"},
        {"del in a value", with_headers("X: a\x7f\r\n"), "control byte"},
        {"control far into a long value", with_headers("X: " + std::string(99, 'a') + "\x01\r\n"),
         "control byte"},
        {"null in a name", with_headers(std::string("X\0: a\r\n", 7)), "header name"},
        {"empty name", with_headers(": a\r\n"), "empty header name"},
        {"no colon", with_headers("abc\r\n"), "no colon"},
        {"bracket in a name", with_headers("a[b]: c\r\n"), "header name"},
        {"high byte in a name", with_headers("\xc3\xa9: c\r\n"), "header name"},
        {"no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "Host header is missing"},
        {"two hosts", with_headers("host: b\r\n"), "Host is given twice"},
        {"expectation", with_headers("Expect: something\r\n"), "Expect"},
    };
}

std::vector<HeadCase> request_line_cases() {
    return {
        {"leading blank line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "request line"},
        {"leading space", request_line(" GET / HTTP/1.1"), "request line"},
        {"two spaces", request_line("GET  / HTTP/1.1"), "no target"},
        {"two spaces before the version", request_line("GET /  HTTP/1.1"), "version"},
        {"trailing space", request_line("GET / HTTP/1.1 "), "CRLF"},
        {"tab instead of space", request_line("GET\t/ HTTP/1.1"), "request line"},
        {"space in the target", request_line("GET /a b HTTP/1.1"), "version"},
        {"high byte in the target", request_line("GET /\xc3\xa9 HTTP/1.1"), "percent-encode"},
        {"control in the target", request_line("GET /\x01 HTTP/1.1"), "percent-encode"},
        {"relative target", request_line("GET a HTTP/1.1"), "does not begin with"},
        {"foreign scheme", request_line("GET ftp://a/b HTTP/1.1"), "does not begin with"},
        {"absolute without host", request_line("GET http:///b HTTP/1.1"), "names no host"},
        {"version 0.9", "GET /\r\n\r\n", "percent-encode"},
        {"version 1.2", request_line("GET / HTTP/1.2"), "version"},
        {"version 2.0", request_line("GET / HTTP/2.0"), "version"},
        {"lower case version", request_line("GET / http/1.1"), "version"},
        {"version with more digits", request_line("GET / HTTP/1.10"), "CRLF"},
        {"http2 preface", "PRI * HTTP/2.0\r\n\r\n", "version"},
        {"tls hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\r\n\r\n", 14),
         "request line"},
        {"long target", request_line("GET /" + std::string(target_bytes_max, 'a') + " HTTP/1.1"),
         "8192"},
        {"long head", with_headers("X: " + std::string(head_bytes_max, 'a') + "\r\n"),
         "the head is longer than"},
    };
}

TEST(RequestHead, TableOfHeads_AreAcceptedOrRefusedForTheStatedReason) {
    std::vector<HeadCase> cases = header_cases();
    for (HeadCase& one : request_line_cases()) cases.push_back(std::move(one));
    for (const HeadCase& one : cases) {
        SCOPED_TRACE(one.name);
        std::size_t searched = 0;
        ASSERT_EQ(head_length(one.head, searched), one.head.size());
        RequestHead head;
        auto result = parse_request_head(one.head, head);
        if (*one.reason == '\0') {
            EXPECT_TRUE(result.ok()) << result.error().message;
            continue;
        }
        ASSERT_FALSE(result.ok());
        EXPECT_EQ(result.error().code, base::ErrorCode::invalid_request);
        EXPECT_NE(result.error().message.find(one.reason), std::string::npos)
            << result.error().message;
    }
}

TEST(RequestHead, HeaderLines_UpToTheLimitAreAccepted) {
    std::string lines;
    for (std::size_t i = 1; i < headers_max; ++i) lines += "X" + std::to_string(i) + ": y\r\n";
    RequestHead head;
    EXPECT_TRUE(parse_request_head(with_headers(lines), head).ok());
    EXPECT_EQ(head.headers.size(), headers_max);
    auto refused = parse_request_head(with_headers(lines + "One-More: y\r\n"), head);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("128"), std::string::npos);
}

TEST(RequestHead, EveryField_IsRead) {
    std::string text =
        "POST /v1/messages?beta=true&x HTTP/1.1\r\nhOsT: a:80\r\nContent-Length: 0123\r\n"
        "Connection: foo , Close\r\nExpect: 100-Continue\r\nAccept: \t b \t\r\n\r\n";
    RequestHead head;
    ASSERT_TRUE(parse_request_head(text, head).ok());
    EXPECT_EQ(head.method, Method::post);
    EXPECT_EQ(head.target, "/v1/messages?beta=true&x");
    EXPECT_EQ(head.path, "/v1/messages");
    EXPECT_EQ(head.query, "beta=true&x");
    EXPECT_EQ(head.content_length, 123u);
    EXPECT_FALSE(head.keep_alive);
    EXPECT_TRUE(head.expect_continue);
    EXPECT_TRUE(head.has_body());
    EXPECT_EQ(head.headers.get("ACCEPT"), "b");
    EXPECT_TRUE(head.headers.has_token("connection", "foo"));
    EXPECT_FALSE(head.headers.find("missing").has_value());
    // The same head object again: nothing of the first message is left.
    ASSERT_TRUE(parse_request_head("BREW http://h?q HTTP/1.0\r\n\r\n", head).ok());
    EXPECT_EQ(head.method, Method::other);
    EXPECT_EQ(head.method_text, "BREW");
    EXPECT_EQ(head.path, "/");
    EXPECT_EQ(head.query, "q");
    EXPECT_EQ(head.content_length, std::nullopt);
    EXPECT_EQ(head.headers.size(), 0u);
    EXPECT_FALSE(head.expect_continue);
    EXPECT_FALSE(head.keep_alive);
}

TEST(RequestHead, KeepAlive_FollowsVersionAndConnection) {
    RequestHead head;
    ASSERT_TRUE(parse_request_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head).ok());
    EXPECT_TRUE(head.keep_alive);
    ASSERT_TRUE(parse_request_head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", head).ok());
    EXPECT_TRUE(head.keep_alive);
}

TEST(HeadLength, CutAnywhere_IsFoundOnlyWhenWhole) {
    std::string text = with_headers("A: b\r\nC: " + std::string(40, 'd') + "\r\n");
    std::string more = text + "{\"body\":\"\r\n\r\n\"}";
    std::size_t searched = 0;
    for (std::size_t size = 0; size < text.size(); ++size) {
        ASSERT_EQ(head_length(std::string_view(more).substr(0, size), searched), 0u) << size;
    }
    EXPECT_EQ(head_length(more, searched), text.size());
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        searched = 0;
        EXPECT_EQ(head_length(std::string_view(more).substr(0, cut), searched), 0u);
        EXPECT_EQ(head_length(more, searched), text.size()) << cut;
    }
}

TEST(ResponseHead, TableOfHeads_AreAcceptedOrRefusedForTheStatedReason) {
    const std::vector<HeadCase> cases = {
        {"plain", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", ""},
        {"no reason", "HTTP/1.1 204 \r\n\r\n", ""},
        {"no reason and no space", "HTTP/1.1 200\r\n\r\n", ""},
        {"non-ascii reason", "HTTP/1.1 500 \xc3\xa9\r\n\r\n", ""},
        {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", "after the status"},
        {"two digits", "HTTP/1.1 20 OK\r\n\r\n", "100 to 599"},
        {"status 099", "HTTP/1.1 099 x\r\n\r\n", "100 to 599"},
        {"status 600", "HTTP/1.1 600 x\r\n\r\n", "100 to 599"},
        {"two spaces", "HTTP/1.1  200 OK\r\n\r\n", "100 to 599"},
        {"http 2", "HTTP/2 200 OK\r\n\r\n", "version"},
        {"icy", "ICY 200 OK\r\n\r\n", "version"},
        {"length and chunked",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
         "both given"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
         "twice"},
        {"control in the reason", "HTTP/1.1 200 a\x01\r\n\r\n", "CRLF"},
        {"folded", "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n", "folded"},
        {"html", "<html>\r\n\r\n", "version"},
    };
    for (const HeadCase& one : cases) {
        SCOPED_TRACE(one.name);
        ResponseHead head;
        auto result = parse_response_head(one.head, head);
        if (*one.reason == '\0') {
            EXPECT_TRUE(result.ok()) << result.error().message;
            continue;
        }
        ASSERT_FALSE(result.ok());
        EXPECT_NE(result.error().message.find(one.reason), std::string::npos)
            << result.error().message;
    }
}

// Every proper prefix is refused without reading past its end (the sanitizers see to that).
TEST(Heads, TruncatedAnywhere_AreRefused) {
    std::string request = with_headers("Content-Length: 5\r\nX: y\r\n");
    std::string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t size = 0; size < request.size(); ++size) {
        std::vector<char> exact(request.begin(), request.begin() + static_cast<long>(size));
        RequestHead head;
        EXPECT_FALSE(parse_request_head({exact.data(), exact.size()}, head).ok()) << size;
    }
    for (std::size_t size = 0; size < response.size(); ++size) {
        std::vector<char> exact(response.begin(), response.begin() + static_cast<long>(size));
        ResponseHead head;
        EXPECT_FALSE(parse_response_head({exact.data(), exact.size()}, head).ok()) << size;
    }
}

TEST(ReasonPhrase, KnownAndUnknown) {
    EXPECT_EQ(reason_phrase(429), "Too Many Requests");
    EXPECT_EQ(reason_phrase(599), "Unknown");
}

}  // namespace
}  // namespace tollgate::http
