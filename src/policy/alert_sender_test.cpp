#include "policy/alert_sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "http/scripted_server_test.hpp"
#include "policy/alert_message.hpp"
#include "policy/smtp_fake_test.hpp"

namespace tollgate::policy {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

domain::Alert alert() {
    domain::Alert made;
    made.id = "0193-id";
    made.tenant = "acme";
    made.event = "budget.threshold";
    made.subject = "budget/b1";
    made.message = "the budget 'a < b' has reached 80 %";
    made.details = R"({"percent":80})";
    made.at = 1'795'262'400'000'000;
    return made;
}

class AlertSenderTest : public ::testing::Test {
protected:
    base::Result<void> send(domain::AlertChannel channel, AlertSettings settings = {},
                            std::shared_ptr<net::TlsClientContext> tls = nullptr) {
        std::optional<base::Result<void>> result;
        AlertSender sender(loop, client, std::move(tls), std::move(settings));
        net::spawn(into(sender.send(alert(), std::move(channel), &scope), result), "test");
        const auto limit = net::Clock::now() + std::chrono::seconds(20);
        while (!result && net::Clock::now() < limit) loop.run_once(100);
        if (!result) return base::Error{base::ErrorCode::internal, "it did not end"};
        return *result;
    }
    static net::Task<void> into(net::Task<base::Result<void>> task,
                                std::optional<base::Result<void>>& result) {
        result.emplace(co_await std::move(task));
    }
    static domain::AlertChannel channel(domain::AlertChannelKind kind, std::string target) {
        domain::AlertChannel made;
        made.kind = kind;
        made.target = std::move(target);
        return made;
    }
    static std::shared_ptr<net::TlsClientContext> unverified() {
        return *net::TlsClientContext::make({.verify = false, .ca_file = ""});
    }
    static AlertSettings mail_by(const FakeSmtp& server) {
        AlertSettings settings;
        settings.smtp.host = "127.0.0.1";
        settings.smtp.port = server.port();
        settings.smtp.user = "ann";
        settings.smtp.password = "s3cr3t";
        settings.smtp.from = "tollgate@example.com";
        settings.smtp.total = std::chrono::seconds(5);
        return settings;
    }

    net::Loop loop;
    http::Client client{loop};
    net::CancelScope scope;
};

TEST_F(AlertSenderTest, WebhookIsSignedJson) {
    std::string head, body;
    http::ScriptedServer server([&](http::Peer& peer) {
        if (!peer.read_request()) return;
        head = peer.head;
        body = peer.body;
        peer.answer("ok");
    });
    auto hook = channel(domain::AlertChannelKind::webhook,
                        "http://127.0.0.1:" + std::to_string(server.port()) + "/in?token=7");
    hook.secret = "whsec";
    auto sent = send(hook);
    EXPECT_TRUE(sent.ok()) << sent.error().message;
    server.stop();
    EXPECT_THAT(head, HasSubstr("POST /in?token=7 HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("x-tollgate-event: budget.threshold\r\n"));
    EXPECT_EQ(body,
              R"({"id":"0193-id","type":"budget.threshold","timestamp":"2026-11-21T12:00:00.000Z",)"
              R"("tenant":"acme","subject":"budget/b1",)"
              R"("message":"the budget 'a < b' has reached 80 %","data":{"percent":80}})");
    // What a receiver does.
    const std::size_t at = head.find("x-tollgate-signature: t=") + 24;
    const std::string time = head.substr(at, head.find(',', at) - at);
    const std::string expected = crypto::hex(crypto::hmac_sha256("whsec", time + "." + body));
    EXPECT_THAT(head, HasSubstr(",v1=" + expected + "\r\n"));
}

TEST_F(AlertSenderTest, SlackAndAlertmanagerGetTheirShapes) {
    std::vector<std::string> heads, bodies;
    http::ScriptedServer server([&](http::Peer& peer) {
        while (peer.read_request()) {
            heads.push_back(peer.head);
            bodies.push_back(peer.body);
            peer.answer("ok");
        }
    });
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    EXPECT_TRUE(send(channel(domain::AlertChannelKind::slack, url + "/services/T/B")).ok());
    EXPECT_TRUE(send(channel(domain::AlertChannelKind::alertmanager, url)).ok());
    ASSERT_EQ(bodies.size(), 2U);
    EXPECT_EQ(bodies[0], R"({"text":"*budget.threshold* (tenant acme): the budget 'a &lt; b' has )"
                         R"(reached 80 %"})");
    EXPECT_THAT(heads[0], Not(HasSubstr("signature")));
    EXPECT_THAT(heads[1], HasSubstr("POST /api/v2/alerts HTTP/1.1"));
    EXPECT_EQ(bodies[1], R"([{"labels":{"alertname":"tollgate_budget_threshold","tenant":"acme",)"
                         R"("subject":"budget/b1","severity":"warning"},"annotations":{"summary":)"
                         R"("the budget 'a < b' has reached 80 %","details":"{\"percent\":80}"},)"
                         R"("startsAt":"2026-11-21T12:00:00.000Z"}])");
}

TEST_F(AlertSenderTest, AReceiversRefusalIsQuoted_AndItsTokenIsNot) {
    http::ScriptedServer server([](http::Peer& peer) {
        if (!peer.read_request()) return;
        peer.write(
            "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 4\r\n\r\n"
            "gone");
    });
    auto refused = send(channel(domain::AlertChannelKind::slack,
                                "http://127.0.0.1:" + std::to_string(server.port()) + "/t0ken"));
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr("answered 302 (redirects are not followed): "
                                                   "gone"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("t0ken")));
}

TEST_F(AlertSenderTest, ATenantsChannelMayNotLeadInside) {
    http::ScriptedServer server([](http::Peer& peer) {
        if (peer.read_request()) peer.answer("ok");
    });
    const std::string port = std::to_string(server.port());
    for (const std::string& host :
         std::vector<std::string>{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"}) {
        auto inside = channel(domain::AlertChannelKind::webhook, "http://" + host + ":" + port);
        inside.tenant = "acme";
        auto refused = send(inside);
        ASSERT_FALSE(refused.ok()) << host;
        EXPECT_EQ(refused.error().code, base::ErrorCode::permission) << refused.error().message;
    }
    EXPECT_EQ(server.connections(), 0);
    auto allowed = channel(domain::AlertChannelKind::webhook, "http://127.0.0.1:" + port);
    allowed.tenant = "acme";
    AlertSettings settings;
    settings.tenants_reach_private = true;
    EXPECT_TRUE(send(allowed, settings).ok());
}

TEST_F(AlertSenderTest, MailGoesByStartTlsAndAuthPlain) {
    FakeSmtp server({});
    auto sent = send(channel(domain::AlertChannelKind::email, "ann@example.com, bob@example.com"),
                     mail_by(server), unverified());
    EXPECT_TRUE(sent.ok()) << sent.error().message;
    const auto lines = server.lines();
    EXPECT_THAT(lines, Contains("STARTTLS"));
    EXPECT_THAT(lines, Contains("tls: AUTH PLAIN AGFubgBzM2NyM3Q="));
    EXPECT_THAT(lines, Contains("tls: MAIL FROM:<tollgate@example.com>"));
    EXPECT_THAT(lines, Contains("tls: RCPT TO:<bob@example.com>"));
    EXPECT_THAT(lines, Contains("Subject: [Tollgate] the budget 'a < b' has reached 80 %"));
    EXPECT_THAT(lines, Contains("Date: Sat, 21 Nov 2026 12:00:00 +0000"));
    EXPECT_THAT(lines, Contains("Message-ID: <0193-id@example.com>"));
    EXPECT_EQ(lines.back(), "tls: QUIT");
}

TEST_F(AlertSenderTest, AuthLoginAndRefusedRecipients) {
    SmtpManners manners;
    manners.auth = "LOGIN";
    manners.refused_recipient = "bob";
    FakeSmtp server(manners);
    EXPECT_TRUE(send(channel(domain::AlertChannelKind::email, "ann@example.com,bob@example.com"),
                     mail_by(server), unverified())
                    .ok());
    auto none = send(channel(domain::AlertChannelKind::email, "bob@example.com"), mail_by(server),
                     unverified());
    ASSERT_FALSE(none.ok());
    EXPECT_THAT(none.error().message, HasSubstr("answered RCPT TO with 550 no such user"));
    const auto lines = server.lines();
    EXPECT_THAT(lines, Contains("user YW5u"));
    EXPECT_THAT(lines, Contains("password czNjcjN0"));
}

TEST_F(AlertSenderTest, NoPasswordLeavesInClear) {
    SmtpManners plain;
    plain.starttls = false;
    FakeSmtp server(plain);
    auto no_tls = send(channel(domain::AlertChannelKind::email, "ann@example.com"), mail_by(server),
                       unverified());
    ASSERT_FALSE(no_tls.ok());
    EXPECT_THAT(no_tls.error().message, HasSubstr("offers no STARTTLS"));
    AlertSettings clear = mail_by(server);
    clear.smtp.security = SmtpSecurity::none;
    auto with_password = send(channel(domain::AlertChannelKind::email, "ann@example.com"), clear);
    ASSERT_FALSE(with_password.ok());
    EXPECT_THAT(with_password.error().message, HasSubstr("would travel in clear"));
    clear.smtp.user = "";
    EXPECT_TRUE(send(channel(domain::AlertChannelKind::email, "ann@example.com"), clear).ok());
    for (const std::string& line : server.lines()) EXPECT_THAT(line, Not(HasSubstr("AUTH")));
}

TEST_F(AlertSenderTest, WrongPasswordsUntrustedServersAndInjectedWordsFail) {
    FakeSmtp server({});
    AlertSettings wrong = mail_by(server);
    wrong.smtp.password = "other-s3cret";
    auto refused =
        send(channel(domain::AlertChannelKind::email, "ann@example.com"), wrong, unverified());
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr("AUTH PLAIN with 535"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("other-s3cret")));
    auto untrusted = send(channel(domain::AlertChannelKind::email, "ann@example.com"),
                          mail_by(server), *net::TlsClientContext::make({}));
    ASSERT_FALSE(untrusted.ok());
    EXPECT_EQ(untrusted.error().code, base::ErrorCode::provider);
    SmtpManners injecting;
    injecting.inject_after_starttls = true;
    FakeSmtp injected(injecting);
    auto clear_words = send(channel(domain::AlertChannelKind::email, "ann@example.com"),
                            mail_by(injected), unverified());
    ASSERT_FALSE(clear_words.ok());
    EXPECT_THAT(clear_words.error().message, HasSubstr("bytes in clear"));
}

TEST_F(AlertSenderTest, ServersThatTalkNonsenseOrForEverAreLeft) {
    for (const std::string& greeting :
         {std::string("HTTP/1.1 400 Bad\r\n\r\n"), std::string(20'000, 'x'),
          std::string("554 no\r\n"), std::string(1'000, '2') + "\r\n"}) {
        SmtpManners manners;
        manners.greeting = greeting;
        FakeSmtp server(manners);
        EXPECT_FALSE(send(channel(domain::AlertChannelKind::email, "ann@example.com"),
                          mail_by(server), unverified())
                         .ok());
    }
    SmtpManners silent;
    silent.greeting = "";
    FakeSmtp server(silent);
    AlertSettings settings = mail_by(server);
    settings.smtp.total = std::chrono::milliseconds(300);
    auto late =
        send(channel(domain::AlertChannelKind::email, "ann@example.com"), settings, unverified());
    ASSERT_FALSE(late.ok());
    EXPECT_EQ(late.error().code, base::ErrorCode::timeout);
}

TEST(AlertChannels, AreCheckedWhenTheyAreMade) {
    const auto check = [](domain::AlertChannelKind kind, const char* target) {
        domain::AlertChannel channel;
        channel.kind = kind;
        channel.target = target;
        return check_channel(channel);
    };
    using Kind = domain::AlertChannelKind;
    EXPECT_TRUE(check(Kind::webhook, "https://example.com/a?b=c").ok());
    EXPECT_TRUE(check(Kind::email, "ann@example.com").ok());
    for (const char* bad : {"", "example.com", "ftp://x/", "https://", "https://a b/",
                            "https://a/ b", "https://user@a/"}) {
        EXPECT_EQ(check(Kind::slack, bad).error().field, "target") << bad;
    }
    for (const char* bad : {"", "ann", "@x", "a@b@c", "a@b>\r\nRCPT TO:<c@d", "a b@c", ","}) {
        EXPECT_EQ(check(Kind::email, bad).error().field, "target") << bad;
    }
}

TEST(AlertRetries, BackOffAndEnd) {
    EXPECT_EQ(next_attempt(1, 0, 0), 10'000'000);
    EXPECT_EQ(next_attempt(2, 0, 1), 36'000'000);
    domain::UnixMicros last = 0;
    for (int attempts = 1; attempts <= 8; ++attempts) {
        EXPECT_GT(next_attempt(attempts, 0, 0), last);
        last = next_attempt(attempts, 0, 0);
    }
    EXPECT_EQ(next_attempt(9, 0, 0), 0);
}

TEST(MailText, SubjectsAreOneLineAndBodiesAreBase64) {
    Mail mail;
    mail.from = "t@x.org";
    mail.to = {"a@x.org"};
    mail.id = "1";
    mail.subject = "Größe\r\nBcc: evil@x.org " + std::string(300, 'a');
    mail.text = ".\r\nQUIT\r\n" + std::string(200, '.');
    const std::string text = mail_text(mail);
    EXPECT_THAT(text, AllOf(HasSubstr("Subject: =?utf-8?B?"), Not(HasSubstr("Bcc:")),
                            Not(HasSubstr("\r\nQUIT"))));
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find("\r\n", at);
        ASSERT_NE(end, std::string::npos);
        EXPECT_LE(end - at, 78U);
        EXPECT_NE(text[at], '.');
        at = end + 2;
    }
}

}  // namespace
}  // namespace tollgate::policy
