#include "commands/listener.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "net/connect.hpp"

namespace tollgate::commands {
namespace {

using Users = std::vector<std::uint32_t>;

const std::string head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n";

// A row as the kernel writes it.
std::string row(const std::string& local, const std::string& state, int user) {
    return "   0: " + local + " 00000000:0000 " + state +
           " 00000000:00000000 00:00000000 00000000  " + std::to_string(user) +
           "        0 552 1 000000007f6f50a5 100 0 0 10 0\n";
}

Users found(const std::string& tcp, const std::string& tcp6, const std::string& address) {
    auto users = listeners_of(head + tcp, head + tcp6, address);
    EXPECT_TRUE(users.ok());
    return users.ok() ? *users : Users{};
}

const std::string loopback6 = "00000000000000000000000001000000:0FA0";
const std::string any6 = "00000000000000000000000000000000:0FA0";

TEST(Listener, IsWhoseSocketTakesConnectionsToTheAddress) {
    EXPECT_EQ(found(row("0100007F:0FA0", "0A", 1000), "", "127.0.0.1:4000"), Users{1000});
    EXPECT_EQ(found(row("00000000:0FA0", "0A", 1001), "", "127.0.0.1:4000"), Users{1001});
    EXPECT_EQ(found("", row(any6, "0A", 1002), "127.0.0.1:4000"), Users{1002});
    EXPECT_EQ(found("", row(loopback6, "0A", 1003), "[::1]:4000"), Users{1003});
    EXPECT_EQ(found("", row("0000000000000000FFFF00000100007F:0FA0", "0A", 4), "127.0.0.1:4000"),
              Users{4});
}

TEST(Listener, OtherPortsAddressesAndConnections_DoNotCount) {
    EXPECT_EQ(found(row("0100007F:0FA1", "0A", 1), "", "127.0.0.1:4000"), Users{});
    EXPECT_EQ(found(row("0500000A:0FA0", "0A", 1), "", "127.0.0.1:4000"), Users{});
    EXPECT_EQ(found(row("0100007F:0FA0", "01", 1), "", "127.0.0.1:4000"), Users{});
    EXPECT_EQ(found(row("00000000:0FA0", "0A", 1), "", "[::1]:4000"), Users{});
    EXPECT_EQ(found("", row(loopback6, "0A", 1), "127.0.0.1:4000"), Users{});
}

TEST(Listener, EachUserIsNamedOnce_AndDamagedRowsAreLeftOut) {
    const std::string rows = row("0100007F:0FA0", "0A", 7) + row("0100007F:0FA0", "0A", 7) +
                             row("00000000:0FA0", "0A", 8) + "   3: 0100007F:0FA0\n" +
                             row("010000:0FA0", "0A", 9) + row("zz00007F:0FA0", "0A", 9) + "\n";
    EXPECT_EQ(found(rows, "", "127.0.0.1:4000"), (Users{7, 8}));
    EXPECT_FALSE(listeners_of("", "", "nowhere").ok());
}

TEST(Listener, OfThisProcess_IsOurs_AndWhereNobodyListensNothingIsSent) {
    const auto fd = net::listen(*net::parse_address("127.0.0.1:0"), 1);
    ASSERT_TRUE(fd.ok());
    const std::string url = "http://127.0.0.1:" + std::to_string(net::bound_port(*fd));
    const auto ours = check_listener(url, {geteuid()});
    EXPECT_TRUE(ours.ok()) << ours.error().message;
    if (geteuid() != 0) {
        EXPECT_FALSE(check_listener(url, {geteuid() + 1}).ok());
    }
    close(*fd);
    const auto gone = check_listener(url, {geteuid()});
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().code, base::ErrorCode::permission);
    EXPECT_NE(gone.error().message.find("--url " + url), std::string::npos);
}

}  // namespace
}  // namespace tollgate::commands
