#include "policy/own_key_audit.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "base/json.hpp"
#include "store/audit_rows.hpp"
#include "store/stores_test.hpp"

namespace tollgate::policy {
namespace {

using ::testing::HasSubstr;

OwnKeyUse use_of(const std::string& request) {
    OwnKeyUse use;
    use.tenant = "acme";
    use.user = "ann";
    use.provider = "openai";
    use.key_id = "row-1";
    use.masked = "sk-...****";
    use.caller_id = "key-7";
    use.caller = "ann's laptop";
    use.request_id = request;
    use.model = "openai/gpt-4o";
    use.purpose = "request";
    use.address = "10.0.0.9";
    use.agent = "curl/8";
    return use;
}

class OwnKeyAuditOnStores : public store::OnBothStores {
protected:
    std::vector<domain::AuditRow> rows() {
        std::vector<domain::AuditRow> found;
        read([&](store::Session& session) -> base::Result<void> {
            store::AuditFilter filter;
            filter.action = "byok_key_accessed";
            const store::Access access = store::Access::of_tenant("acme");
            TRY(auto page, store::list_audit(session, access, filter, {}));
            found = std::move(page.items);
            return {};
        });
        return found;
    }
    base::Registry metrics_;
};

TEST_P(OwnKeyAuditOnStores, AUse_IsARowThatNamesWhoWhatAndForWhich_NeverTheKey) {
    OwnKeyAudit audit(db(), metrics_);
    audit.add(use_of("request-1"));
    audit.flush();
    const auto found = rows();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].actor, "key-7");
    EXPECT_EQ(found[0].actor_type, "key");
    EXPECT_EQ(found[0].resource, "byok/ann/openai");
    EXPECT_EQ(found[0].outcome, "success");
    EXPECT_EQ(found[0].address, "10.0.0.9");
    EXPECT_GT(found[0].at, 0);
    json::Document document;
    const auto root = document.parse(found[0].details);
    ASSERT_TRUE(root.ok()) << found[0].details;
    EXPECT_EQ((*root)["request_id"].text(), "request-1");
    EXPECT_EQ((*root)["provider_key"].text(), "row-1");
    EXPECT_EQ((*root)["api_key"].text(), "sk-...****");
    EXPECT_EQ((*root)["user"].text(), "ann");
    EXPECT_EQ((*root)["provider"].text(), "openai");
    EXPECT_EQ((*root)["model"].text(), "openai/gpt-4o");
    EXPECT_EQ((*root)["purpose"].text(), "request");
}

TEST_P(OwnKeyAuditOnStores, WhatIsTakenBeforeTheEnd_IsWritten) {
    {
        OwnKeyAudit audit(db(), metrics_);
        for (int i = 0; i < 300; ++i) audit.add(use_of("request-" + std::to_string(i)));
    }
    EXPECT_EQ(number("SELECT COUNT(*) FROM audit_log WHERE action = 'byok_key_accessed'"), 300);
}

TEST_P(OwnKeyAuditOnStores, WhatTheDatabaseRefuses_IsCountedAndHoldsUpNothing) {
    OwnKeyAudit audit(db(), metrics_);
    // What the database refuses for good is counted, and what comes after it is written.
    ASSERT_TRUE(execute("ALTER TABLE audit_log RENAME TO audit_away", {},
                        store::Access::of_owner())
                    .ok());
    audit.add(use_of("request-0"));
    audit.flush();
    ASSERT_TRUE(execute("ALTER TABLE audit_away RENAME TO audit_log", {},
                        store::Access::of_owner())
                    .ok());
    audit.add(use_of("request-1"));
    audit.flush();
    const auto found = rows();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_THAT(found[0].details, HasSubstr("request-1"));
    auto& counted = metrics_.counter(
        "tollgate_byok_audit_rows_total",
        "Uses of users' own provider keys that the audit took or missed", {"result"});
    EXPECT_EQ(counted.with({"dropped"}).value(), 1u);
    EXPECT_EQ(counted.with({"written"}).value(), 1u);
}

TEST_P(OwnKeyAuditOnStores, TheSample_IsTheFirstOfAnHourAndAShare) {
    OwnKeyAudit audit(db(), metrics_);
    constexpr std::uint64_t never = ~std::uint64_t{0};
    constexpr std::int64_t hour = 3'600;
    EXPECT_TRUE(audit.samples("a", 0.01, hour, never));
    EXPECT_FALSE(audit.samples("a", 0.01, hour + 60, never));
    EXPECT_TRUE(audit.samples("b", 0.01, hour + 60, never)) << "another key";
    EXPECT_TRUE(audit.samples("a", 0.01, 2 * hour, never)) << "another hour";
    int taken = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        if (audit.samples("a", 0.25, 2 * hour, i * (never / 1000))) ++taken;
    }
    EXPECT_NEAR(taken, 250, 1) << "a thousand draws, evenly over the range";
    EXPECT_FALSE(audit.samples("new", 0, hour, 0)) << "0 is off";
    EXPECT_TRUE(audit.samples("a", 1, 2 * hour, never)) << "1 is all";
}

INSTANTIATE_TEST_SUITE_P(Stores, OwnKeyAuditOnStores, store::both_stores(), store::store_name);

}  // namespace
}  // namespace tollgate::policy
