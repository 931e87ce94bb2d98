#include "store/audit_rows.hpp"

#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class AuditRows : public Repositories {
protected:
    domain::AuditRow append(const std::string& tenant, const std::string& actor,
                            const std::string& action, domain::UnixMicros at) {
        domain::AuditRow row;
        row.tenant = tenant;
        row.at = at;
        row.actor_type = "key";
        row.actor = actor;
        row.address = "10.0.0.1";
        row.agent = "curl/8";
        row.action = action;
        row.resource = "key/" + std::to_string(at);
        row.outcome = "success";
        row.details = R"({"before": null, "after": {"name": "ci"}})";
        return made(in([&](Session& s) { return append_audit(s, platform, row); }));
    }
    std::vector<std::int64_t> times(const AuditFilter& filter, const Access& access = platform) {
        const auto page = made(in(access, [&](Session& s) {
            return list_audit(s, access, filter, {});
        }));
        std::vector<std::int64_t> found;
        for (const auto& row : page.items) found.push_back(row.at);
        return found;
    }
};

TEST_P(AuditRows, Appended_ComesBackToTheByte) {
    const auto row = append("acme", "k1", "key.created", 10);
    const auto stored = made(in([&](Session& s) { return audit_by_id(s, platform, row.id); }));
    EXPECT_EQ(stored.tenant, "acme");
    EXPECT_EQ(stored.at, 10);
    EXPECT_EQ(stored.actor_type, "key");
    EXPECT_EQ(stored.actor, "k1");
    EXPECT_EQ(stored.address, "10.0.0.1");
    EXPECT_EQ(stored.agent, "curl/8");
    EXPECT_EQ(stored.action, "key.created");
    EXPECT_EQ(stored.resource, "key/10");
    EXPECT_EQ(stored.outcome, "success");
    EXPECT_EQ(stored.details, R"({"before": null, "after": {"name": "ci"}})");
}

TEST_P(AuditRows, ListedByActorActionAndTime_NewestFirst) {
    append("acme", "k1", "key.created", 10);
    append("acme", "k2", "key.revoked", 20);
    append("acme", "k1", "tenant.updated", 30);
    append("other", "k1", "key.created", 40);
    append("acme", "k1", "keyring.x", 50);
    using Times = std::vector<std::int64_t>;
    AuditFilter filter;
    EXPECT_EQ(times(filter), (Times{50, 40, 30, 20, 10}));
    filter.tenant = "acme";
    filter.actor = "k1";
    EXPECT_EQ(times(filter), (Times{50, 30, 10}));
    filter.action = "key.*";
    EXPECT_EQ(times(filter), (Times{10}));
    filter.actor = "";
    EXPECT_EQ(times(filter), (Times{20, 10}));
    filter.action = "key.revoked";
    EXPECT_EQ(times(filter), (Times{20}));
    filter = {};
    filter.from = 20;
    filter.to = 40;
    EXPECT_EQ(times(filter), (Times{30, 20}));
    filter = {};
    filter.resource = "key/4*";
    EXPECT_EQ(times(filter), (Times{40}));
    filter = {};
    filter.outcome = "denied";
    EXPECT_EQ(times(filter), Times{});
    EXPECT_EQ(times({}, Access::of_tenant("other")), (Times{40}));
    EXPECT_EQ(times({}, Access::of_tenant("")), Times{});
}

TEST_P(AuditRows, PagesShowEachRowOnce_ThoughRowsAreAddedMeanwhile) {
    for (int at = 1; at <= 5; ++at) append("acme", "k1", "key.created", at);
    const auto list = [&](const PageRequest& request) {
        return made(in([&](Session& s) { return list_audit(s, platform, {}, request); }));
    };
    const auto first = list({3, ""});
    ASSERT_EQ(first.items.size(), 3u);
    EXPECT_EQ(first.items[2].at, 3);
    append("acme", "k1", "key.created", 6);
    const auto second = list({3, first.next});
    ASSERT_EQ(second.items.size(), 2u);
    EXPECT_EQ(second.items[0].at, 2);
    EXPECT_EQ(second.next, "");
    const auto bad = in([&](Session& s) { return list_audit(s, platform, {}, {3, "x"}); });
    ASSERT_FALSE(bad.ok());
    EXPECT_TRUE(is_bad_cursor(bad.error()));
    const PageRequest of_another{3, make_cursor({"not a time", "id"})};
    const auto wrong = in([&](Session& s) { return list_audit(s, platform, {}, of_another); });
    ASSERT_FALSE(wrong.ok());
    EXPECT_TRUE(is_bad_cursor(wrong.error()));
}

TEST_P(AuditRows, OfAnotherTenant_AreNeitherSeenNorWritten) {
    const auto row = append("acme", "k1", "key.created", 10);
    const Access other = Access::of_tenant("other");
    const auto found = in(other, [&](Session& s) { return audit_by_id(s, other, row.id); });
    ASSERT_FALSE(found.ok());
    expect_not_found(found.error());
    domain::AuditRow forged = row;
    forged.id = "";
    const auto written = in(other, [&](Session& s) { return append_audit(s, other, forged); });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, base::ErrorCode::permission);
}

INSTANTIATE_TEST_SUITE_P(Stores, AuditRows, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
