#include "store/feedback.hpp"

#include "store/usage_fixture_test.hpp"

namespace tollgate::store {
namespace {

class Feedbacks : public UsageFixture {
protected:
    void put(const std::string& request, double score, const std::string& tenant = "acme",
             std::int64_t at = usage_start) {
        domain::Feedback given;
        given.request_id = request;
        given.tenant = tenant;
        given.user = "ada";
        given.score = score;
        given.comment = "said \"so\"";
        given.at = at;
        EXPECT_TRUE(in([&](Session& s) { return put_feedback(s, platform, given); }).ok());
    }
    std::optional<domain::Feedback> of(const std::string& request, const Access& access) {
        return made(in(access, [&](Session& s) { return feedback_of(s, access, request); }));
    }
    std::vector<ArmRow> rows(const ArmRowsQuery& query,
                             const Access& access = Access::everything()) {
        std::vector<ArmRow> found;
        const auto done = in(access, [&](Session& s) {
            found.clear();
            return each_arm_row(s, access, query, [&](const ArmRow& row) { found.push_back(row); });
        });
        EXPECT_TRUE(done.ok());
        return found;
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Feedbacks, both_stores(), store_name);

TEST_P(Feedbacks, TheLastOneOfARequestCounts_AndItsTenantAloneSeesIt) {
    put("r1", -1);
    put("r1", 0.5);
    const auto found = of("r1", Access::of_tenant("acme"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->score, 0.5);
    EXPECT_EQ(found->comment, "said \"so\"");
    EXPECT_EQ(found->user, "ada");
    EXPECT_FALSE(of("r1", Access::of_tenant("other")));
    EXPECT_FALSE(of("r2", platform));
}

TEST_P(Feedbacks, OfAnotherTenant_IsNotWritten) {
    domain::Feedback given;
    given.request_id = "r";
    given.tenant = "acme";
    const Access other = Access::of_tenant("other");
    const auto done = in(other, [&](Session& s) { return put_feedback(s, other, given); });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, base::ErrorCode::permission);
}

TEST_P(Feedbacks, RowsOfAnExperiment_ComeNewestFirstWithTheirScores) {
    auto one = request_at(usage_start + 1), two = request_at(usage_start + 2, "other");
    auto three = request_at(usage_start + 3), none = request_at(usage_start + 4);
    for (auto* record : {&one, &two, &three}) record->experiment = "e";
    one.arm = two.arm = "a";
    three.arm = "b";
    three.error_class = "timeout";
    three.status = 504;
    three.first_token_us = -1;
    three.usage.output = -1;
    two.fee = 1'000;
    insert({one, two, three, none});
    put(one.request_id, 1);
    put(two.request_id, -1, "acme");  // of a tenant that had no such request

    auto found = rows({.experiment = "e", .rows_max = 10});
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].arm, "b");
    EXPECT_EQ(found[0].error_class, "timeout");
    EXPECT_EQ(found[0].status, 504);
    EXPECT_EQ(found[0].first_token_us, -1);
    EXPECT_EQ(found[0].output_tokens, -1);
    EXPECT_EQ(found[1].cost, two.cost + 1'000);
    EXPECT_FALSE(found[1].score);
    EXPECT_EQ(found[2].score, 1.0);
    EXPECT_EQ(found[2].total_us, one.total_us);
    EXPECT_EQ(found[2].output_tokens, 20);

    EXPECT_EQ(rows({.experiment = "e", .rows_max = 2}).size(), 2u);
    ArmRowsQuery query{.experiment = "e", .rows_max = 9};
    query.tenant = "other";
    EXPECT_EQ(rows(query).size(), 1u);
    query = {.experiment = "e", .from = usage_start + 2, .to = usage_start + 3, .rows_max = 9};
    EXPECT_EQ(rows(query).size(), 1u);
    EXPECT_EQ(rows({.experiment = "e", .rows_max = 9}, Access::of_tenant("acme")).size(), 2u);
    EXPECT_TRUE(rows({.experiment = "f", .rows_max = 9}).empty());
}

TEST_P(Feedbacks, GoesWithItsTenantsRetention) {
    make_tenant("acme");
    put("old", 1, "acme", usage_start - 40 * usage_day);
    put("new", 1, "acme", usage_start - usage_day);
    ASSERT_TRUE(execute("UPDATE tenants SET retention_days = 30 WHERE id = 'acme'").ok());
    EXPECT_EQ(made(in([&](Session& s) { return delete_expired_usage(s, usage_start); })), 1);
    EXPECT_FALSE(of("old", platform));
    EXPECT_TRUE(of("new", platform));
}

}  // namespace
}  // namespace tollgate::store
