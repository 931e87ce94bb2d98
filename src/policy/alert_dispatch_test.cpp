#include "policy/alert_dispatch.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "http/scripted_server_test.hpp"
#include "store/alerts.hpp"
#include "store/migrate.hpp"
#include "store/sqlite_db.hpp"

namespace tollgate::policy {
namespace {

class AlertDispatchTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "alertsXXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        store::SqliteOptions options;
        options.path = folder + "/tollgate.db";
        auto opened = store::open_sqlite(options);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        db = std::move(opened).value();
        const auto migrated = store::migrate(*db);
        ASSERT_TRUE(migrated.ok()) << migrated.error().message;
    }
    void TearDown() override {
        db.reset();
        std::filesystem::remove_all(folder);
    }
    void add_channel(const std::string& name, const std::string& target) {
        domain::AlertChannel channel;
        channel.name = name;
        channel.target = target;
        const auto added = db->write(store::Access::everything(), [&](store::Session& session) {
            auto made = store::insert_channel(session, store::Access::everything(), channel);
            return made.ok() ? base::Result<void>() : base::Result<void>(made.error());
        });
        ASSERT_TRUE(added.ok()) << added.error().message;
    }
    // What the database knows of a moment; a lease makes nothing due.
    std::vector<store::DueDelivery> due_at(domain::UnixMicros when) {
        std::vector<store::DueDelivery> due;
        const auto read = db->write(store::Access::everything(),
                                    [&](store::Session& session) -> base::Result<void> {
                                        TRY(due, store::take_deliveries(session, when, when, 100));
                                        return {};
                                    });
        EXPECT_TRUE(read.ok());
        return due;
    }
    std::size_t deliveries() {
        std::size_t count = 0;
        const auto read = db->read(
            store::Access::everything(), [&](store::Session& session) -> base::Result<void> {
                TRY(const auto page,
                    store::list_deliveries(session, store::Access::everything(), "", {}));
                count = page.items.size();
                return {};
            });
        EXPECT_TRUE(read.ok());
        return count;
    }
    template <typename Done>
    void run_until(Done done) {
        const auto limit = net::Clock::now() + std::chrono::seconds(20);
        while (!done() && net::Clock::now() < limit) loop.run_once(20);
        ASSERT_TRUE(done());
    }
    static net::Task<void> into(net::Task<base::Result<std::int64_t>> task,
                                std::optional<base::Result<std::int64_t>>& result) {
        result.emplace(co_await std::move(task));
    }
    std::int64_t deliver() {
        std::optional<base::Result<std::int64_t>> result;
        net::spawn(into(dispatch().deliver_due(&scope), result), "test");
        run_until([&] { return result.has_value(); });
        EXPECT_TRUE(result->ok()) << result->error().message;
        return result->ok() ? **result : -1;
    }
    AlertDispatch& dispatch() {
        if (!dispatch_) dispatch_.emplace(loop, *db, sender);
        return *dispatch_;
    }

    std::string folder;
    std::unique_ptr<store::Db> db;
    net::Loop loop;
    http::Client client{loop};
    AlertSender sender{loop, client, nullptr, {}};
    net::CancelScope scope;
    std::optional<AlertDispatch> dispatch_;
};

constexpr std::int64_t minute = 60'000'000;

TEST_F(AlertDispatchTest, RaisedAlertsReachTheirChannels_AndWhatFailedIsDueLater) {
    std::atomic<int> good = 0, bad = 0;
    http::ScriptedServer server([&](http::Peer& peer) {
        while (peer.read_request()) {
            const bool refuse = peer.head.find("POST /bad ") != std::string::npos;
            ++(refuse ? bad : good);
            peer.write(refuse ? "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
                              : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    add_channel("good", url + "/good");
    add_channel("bad", url + "/bad");
    domain::Alert alert;
    alert.event = "budget.threshold";
    alert.message = "80 %";
    alert.unique = "once";
    dispatch().raise(alert);
    dispatch().raise(alert);  // the same one: told once
    std::int64_t taken = 0;
    run_until([&] { return (taken += deliver()) >= 2; });
    EXPECT_EQ(deliver(), 0);  // neither is due now
    EXPECT_EQ(good, 1);
    EXPECT_EQ(bad, 1);
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const auto later = due_at(now + minute);
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].channel.name, "bad");
    EXPECT_EQ(later[0].delivery.attempts, 2);
    EXPECT_NE(later[0].delivery.problem.find("answered 500: oops"), std::string::npos);
}

TEST_F(AlertDispatchTest, StoppingLeavesTheDeliveryToTheNext) {
    http::ScriptedServer server([](http::Peer& peer) {
        if (peer.read_request()) peer.milliseconds_until_closed();
    });
    add_channel("slow", "http://127.0.0.1:" + std::to_string(server.port()));
    domain::Alert alert;
    alert.event = "budget.threshold";
    dispatch().raise(alert);
    bool ended = false;
    const auto run = [](AlertDispatch* dispatch, net::CancelScope* until,
                        bool* done) -> net::Task<void> {
        co_await dispatch->run(*until);
        *done = true;
    };
    run_until([&] { return deliveries() == 1; });
    net::spawn(run(&dispatch(), &scope, &ended), "test");
    run_until([&] { return server.connections() > 0; });
    scope.cancel(loop, net::CancelReason::shutdown);
    run_until([&] { return ended; });
    scope.reset();
    EXPECT_EQ(deliver(), 0);                              // the lease holds
    EXPECT_EQ(due_at(9'000'000'000'000'000).size(), 1U);  // and ends
}

}  // namespace
}  // namespace tollgate::policy
