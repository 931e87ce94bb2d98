#include "store/alerts.hpp"

#include <future>
#include <set>

#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Alerts : public Repositories {
protected:
    void SetUp() override {
        Repositories::SetUp();
        if (IsSkipped()) return;
        make_tenant("acme");
        make_tenant("other");
    }
    domain::AlertChannel add_channel(const std::string& tenant, const std::string& name,
                                     std::vector<std::string> events = {}) {
        domain::AlertChannel channel;
        channel.tenant = tenant;
        channel.name = name;
        channel.kind = domain::AlertChannelKind::slack;
        channel.target = "https://hooks.example.com/" + name;
        channel.secret = "sealed";
        channel.events = std::move(events);
        return made(in([&](Session& s) { return insert_channel(s, platform, channel); }));
    }
    bool raise(const std::string& tenant, const std::string& event, const std::string& unique,
               domain::UnixMicros at = 100) {
        domain::Alert alert;
        alert.tenant = tenant;
        alert.event = event;
        alert.subject = "budget/1";
        alert.message = "80 % of the budget is spent";
        alert.details = R"({"percent":80})";
        alert.unique = unique;
        alert.at = at;
        return made(in([&](Session& s) { return raise_alert(s, alert); }));
    }
    std::vector<DueDelivery> take(domain::UnixMicros now, domain::UnixMicros lease,
                                  std::int64_t limit = 10) {
        return made(in([&](Session& s) { return take_deliveries(s, now, lease, limit); }));
    }
    static std::set<std::string> channels_of(const std::vector<DueDelivery>& due) {
        std::set<std::string> names;
        for (const auto& one : due) names.insert(one.channel.name);
        return names;
    }
};

TEST_P(Alerts, ChannelsAreMadeChangedAndRemoved_WithinTheirTenant) {
    auto channel = add_channel("acme", "ops", {"budget.*"});
    add_channel("other", "ops");
    EXPECT_EQ(channel.kind, domain::AlertChannelKind::slack);
    EXPECT_EQ(channel.target, "https://hooks.example.com/ops");
    EXPECT_EQ(channel.secret, "sealed");
    EXPECT_EQ(channel.events, std::vector<std::string>{"budget.*"});
    domain::AlertChannel again;
    again.tenant = "acme";
    again.name = "ops";
    const auto twice = in([&](Session& s) { return insert_channel(s, platform, again); });
    ASSERT_FALSE(twice.ok());
    expect_conflict(twice.error(), "name");
    const Access other = Access::of_tenant("other");
    for (const auto& error :
         {in(other, [&](Session& s) { return channel_by_id(s, other, channel.id); }).error(),
          in(other, [&](Session& s) { return update_channel(s, other, channel); }).error(),
          in(other, [&](Session& s) { return remove_channel(s, other, channel.id); }).error()}) {
        expect_not_found(error);
    }
    EXPECT_EQ(made(in(other, [&](Session& s) { return list_channels(s, other, {}, {}); }))
                  .items.size(),
              1u);
    channel.enabled = false;
    const Access own = Access::of_tenant("acme");
    EXPECT_EQ(made(in(own, [&](Session& s) { return update_channel(s, own, channel); })).etag, 2u);
    const auto lost = in(own, [&](Session& s) { return update_channel(s, own, channel); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    EXPECT_TRUE(in(own, [&](Session& s) { return remove_channel(s, own, channel.id); }).ok());
    EXPECT_EQ(made(in([](Session& s) { return load_channels(s); })).size(), 1u);
}

TEST_P(Alerts, RaisedOnce_GoToTheChannelsThatWantThem) {
    add_channel("acme", "all");
    add_channel("acme", "budgets", {"key.*", "budget.*"});
    add_channel("acme", "keys", {"key.*", "*.rotation"});
    add_channel("acme", "exactly", {"budget.threshold"});
    add_channel("acme", "nearly", {"budget.thresh"});
    add_channel("other", "others");
    add_channel("", "platform", {"b*t*d"});
    auto off = add_channel("acme", "off");
    off.enabled = false;
    made(in([&](Session& s) { return update_channel(s, platform, off); }));
    EXPECT_TRUE(raise("acme", "budget.threshold", "budget/1/2026-11/80"));
    EXPECT_FALSE(raise("acme", "budget.threshold", "budget/1/2026-11/80"));
    EXPECT_TRUE(raise("other", "tenant.x", "budget/1/2026-11/80"));
    const std::set<std::string> wanted = {"all", "budgets", "exactly", "platform", "others"};
    const auto due = take(1000, 2000);
    EXPECT_EQ(channels_of(due), wanted);
    EXPECT_EQ(due.size(), 5u);
    for (const auto& one : due) {
        EXPECT_EQ(one.delivery.tenant, one.channel.tenant);
        EXPECT_EQ(one.delivery.alert, one.alert.id);
        EXPECT_EQ(one.alert.details, R"({"percent":80})");
    }
}

TEST_P(Alerts, DeliveriesAreTakenOnce_TriedAgain_AndGivenUp) {
    const auto channel = add_channel("acme", "ops");
    raise("acme", "budget.threshold", "u1", 100);
    EXPECT_TRUE(take(99, 500).empty());
    auto due = take(100, 500);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].delivery.attempts, 1);
    EXPECT_TRUE(take(499, 900).empty());
    due = take(500, 900);  // the first taker died
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].delivery.attempts, 2);
    const std::string id = due[0].delivery.id;
    const auto fail = [&](domain::UnixMicros next) {
        EXPECT_TRUE(in([&](Session& s) { return delivery_failed(s, id, "503", next, 950); }).ok());
    };
    fail(1000);
    EXPECT_TRUE(take(999, 2000).empty());
    EXPECT_EQ(take(1000, 2000).size(), 1u);
    fail(0);
    EXPECT_TRUE(take(99'999, 100'000).empty());
    auto listed = made(in([&](Session& s) {
        return list_deliveries(s, Access::of_tenant("acme"), due[0].alert.id, {});
    }));
    ASSERT_EQ(listed.items.size(), 1u);
    EXPECT_EQ(listed.items[0].given_up, 950);
    EXPECT_EQ(listed.items[0].problem, "503");
    EXPECT_EQ(listed.items[0].attempts, 3);
    raise("acme", "budget.threshold", "u2", 100'000);
    due = take(100'000, 200'000);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(
        in([&](Session& s) { return delivery_done(s, due[0].delivery.id, 100'001); }).ok());
    EXPECT_TRUE(take(300'000, 400'000).empty());
    EXPECT_FALSE(in([&](Session& s) { return delivery_done(s, "nobody", 1); }).ok());
}

TEST_P(Alerts, TakenByTwoInstances_GoOutOnce) {
    add_channel("acme", "ops");
    for (int alert = 0; alert < 20; ++alert) raise("acme", "x", "u" + std::to_string(alert));
    const auto second = open_again();
    ASSERT_NE(second, nullptr);
    const auto instance = [](Db& store) {
        std::vector<std::string> taken;
        for (int turn = 0; turn < 10; ++turn) {
            std::vector<DueDelivery> due;  // of the try that was committed
            const auto done = store.write(platform, [&](Session& s) -> base::Result<void> {
                TRY(due, take_deliveries(s, 1000, 2000, 3));
                return {};
            });
            EXPECT_TRUE(done.ok()) << done.error().message;
            for (const auto& one : due) taken.push_back(one.delivery.id);
        }
        return taken;
    };
    auto other = std::async(std::launch::async, [&] { return instance(*second); });
    std::vector<std::string> taken = instance(db());
    const auto by_other = other.get();
    taken.insert(taken.end(), by_other.begin(), by_other.end());
    EXPECT_EQ(taken.size(), 20u);
    EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 20u);
}

TEST_P(Alerts, ListedAcknowledgedAndForgotten) {
    add_channel("acme", "ops");
    raise("acme", "budget.threshold", "u1", 10);
    raise("acme", "key.rotation", "u2", 20);
    raise("other", "key.rotation", "u3", 30);
    const auto list = [&](const AlertFilter& filter, const Access& access = platform) {
        return made(in(access, [&](Session& s) {
                   return list_alerts(s, access, filter, {});
               })).items;
    };
    ASSERT_EQ(list({}).size(), 3u);
    EXPECT_EQ(list({})[0].at, 30);
    AlertFilter filter;
    filter.event = "key.*";
    EXPECT_EQ(list(filter).size(), 2u);
    const Access acme = Access::of_tenant("acme");
    ASSERT_EQ(list(filter, acme).size(), 1u);
    const std::string id = list(filter, acme)[0].id;
    const auto acknowledge = [&](const Access& access, domain::UnixMicros at) {
        return in(access, [&](Session& s) { return acknowledge_alert(s, access, id, at); });
    };
    const auto foreign = acknowledge(Access::of_tenant("other"), 5);
    ASSERT_FALSE(foreign.ok());
    expect_not_found(foreign.error());
    EXPECT_EQ(made(acknowledge(acme, 50)).acknowledged, 50);
    EXPECT_EQ(made(acknowledge(acme, 60)).acknowledged, 50);
    filter = {};
    filter.acknowledged = false;
    EXPECT_EQ(list(filter).size(), 2u);
    EXPECT_EQ(made(in([](Session& s) { return drop_old_alerts(s, 20); })), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM alert_deliveries"), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, Alerts, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
