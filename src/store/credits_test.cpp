#include "store/credits.hpp"

#include <future>

#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Credits : public Repositories {
protected:
    void SetUp() override {
        Repositories::SetUp();
        if (IsSkipped()) return;
        make_tenant("acme");
        make_tenant("other");
    }
    base::Result<bool> append(domain::CreditMovement movement, const Access& access = platform) {
        return in(access, [&](Session& s) { return append_credit(s, access, movement); });
    }
    static domain::CreditMovement of(const std::string& tenant, domain::CreditKind kind,
                                     domain::NanoUsd amount, const std::string& reference = "",
                                     domain::UnixMicros at = 0) {
        domain::CreditMovement movement;
        movement.tenant = tenant;
        movement.kind = kind;
        movement.amount = amount;
        movement.reference = reference;
        movement.at = at;
        return movement;
    }
    CreditTotals totals(const std::string& tenant, const std::string& user = "",
                        const Access& access = platform) {
        return made(in(access, [&](Session& s) {
            return credit_totals(s, access, tenant, user);
        }));
    }
};

TEST_P(Credits, BalanceIsTheSumOfTheMovements) {
    EXPECT_EQ(totals("acme").balance(), 0);
    EXPECT_TRUE(made(append(of("acme", domain::CreditKind::grant, 100))));
    EXPECT_TRUE(made(append(of("acme", domain::CreditKind::purchase, 50, "pay-1"))));
    EXPECT_TRUE(made(append(of("acme", domain::CreditKind::usage, -30, "req-1"))));
    EXPECT_TRUE(made(append(of("acme", domain::CreditKind::fee, -3, "req-1"))));
    auto of_user = of("acme", domain::CreditKind::grant, 7);
    of_user.user = "ada";
    EXPECT_TRUE(made(append(of_user)));
    EXPECT_EQ(totals("acme").added, 150);
    EXPECT_EQ(totals("acme").taken, 33);
    EXPECT_EQ(totals("acme").balance(), 117);
    EXPECT_EQ(totals("acme", "ada").balance(), 7);
    const auto all = made(in([](Session& s) { return load_credit_totals(s); }));
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[1].user, "ada");
    EXPECT_EQ(number("SELECT SUM(amount_nano) FROM credit_movements"), 124);
}

TEST_P(Credits, TheSameReferenceCountsOnce) {
    EXPECT_TRUE(made(append(of("acme", domain::CreditKind::usage, -30, "req-1"))));
    EXPECT_FALSE(made(append(of("acme", domain::CreditKind::usage, -99, "req-1"))));
    EXPECT_TRUE(made(append(of("other", domain::CreditKind::usage, -1, "req-1"))));
    EXPECT_EQ(totals("acme").balance(), -30);
    std::vector<std::future<bool>> callers;
    for (int caller = 0; caller < 8; ++caller) {
        callers.push_back(std::async(std::launch::async, [&] {
            return made(append(of("acme", domain::CreditKind::purchase, 10, "pay-1")));
        }));
    }
    int added = 0;
    for (auto& caller : callers) added += caller.get() ? 1 : 0;
    EXPECT_EQ(added, 1);
    EXPECT_EQ(totals("acme").balance(), -20);
}

TEST_P(Credits, AreNeverChanged) {
    made(append(of("acme", domain::CreditKind::grant, 100)));
    EXPECT_FALSE(execute("UPDATE credit_movements SET amount_nano = 5").ok());
    EXPECT_EQ(totals("acme").balance(), 100);
}

TEST_P(Credits, OfAnotherTenant_AreNotSeenNorGiven) {
    made(append(of("acme", domain::CreditKind::grant, 100)));
    const Access other = Access::of_tenant("other");
    EXPECT_EQ(totals("acme", "", other).balance(), 0);
    CreditFilter filter;
    filter.tenant = "acme";
    EXPECT_TRUE(made(in(other, [&](Session& s) {
                    return credit_history(s, other, filter, {});
                })).items.empty());
    const auto given = append(of("acme", domain::CreditKind::grant, 1), other);
    ASSERT_FALSE(given.ok());
    EXPECT_EQ(given.error().code, base::ErrorCode::permission);
    const auto nobody = append(of("nobody", domain::CreditKind::grant, 1));
    ASSERT_FALSE(nobody.ok());
    expect_conflict(nobody.error(), "tenant");
}

TEST_P(Credits, HistoryIsNewestFirst_InPages) {
    for (int at = 1; at <= 7; ++at) {
        // Two of the same moment: the id tells them apart.
        auto movement = of("acme", domain::CreditKind::usage, -at, "req-" + std::to_string(at),
                           (at + 1) / 2);
        movement.note = "note";
        movement.actor = "key/1";
        made(append(movement));
    }
    made(append(of("acme", domain::CreditKind::grant, 9, "", 100)));
    CreditFilter filter;
    filter.tenant = "acme";
    filter.user = "";
    filter.kind = domain::CreditKind::usage;
    std::vector<domain::CreditMovement> seen;
    PageRequest request{2, ""};
    for (int pages = 0; pages == 0 || (!request.cursor.empty() && pages < 10); ++pages) {
        const auto page = made(in([&](Session& s) {
            return credit_history(s, platform, filter, request);
        }));
        seen.insert(seen.end(), page.items.begin(), page.items.end());
        request.cursor = page.next;
    }
    ASSERT_EQ(seen.size(), 7u);
    domain::NanoUsd sum = 0;
    for (std::size_t row = 0; row < seen.size(); ++row) {
        sum += seen[row].amount;
        if (row > 0) EXPECT_LE(seen[row].at, seen[row - 1].at);
    }
    EXPECT_EQ(sum, -28);
    EXPECT_EQ(seen.back().note, "note");
    EXPECT_EQ(seen.back().actor, "key/1");
    filter.from = 2;
    filter.to = 4;
    EXPECT_EQ(made(in([&](Session& s) { return credit_history(s, platform, filter, {}); }))
                  .items.size(),
              4u);
}

INSTANTIATE_TEST_SUITE_P(Stores, Credits, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
