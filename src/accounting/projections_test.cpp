#include "accounting/projections.hpp"

#include "accounting/reports_fixture_test.hpp"

namespace tollgate::accounting {
namespace {

constexpr std::int64_t usd = domain::nano_per_usd;

std::int64_t day(int number) { return november + (number - 1) * micros_per_day; }

TEST(Projections, TheMeanOfTheLastSevenDaysGoesOn) {
    std::vector<DaySpend> days;
    for (int i = 1; i <= 10; ++i) days.push_back({day(i), (i <= 3 ? 100 : 2) * usd});
    days.push_back({day(11), 50 * usd});  // today does not count, it is not over
    const Projection found =
        project(days, 364 * usd, november, day(11) + 12 * an_hour, november + 30 * micros_per_day);
    EXPECT_EQ(found.days_measured, 7);
    EXPECT_EQ(found.daily, 2 * usd);
    // 19 days and a half are left
    EXPECT_EQ(found.projected, 364 * usd + 39 * usd);
}

TEST(Projections, DaysBeforeTheFirstUsageAreNotQuietDays) {
    const std::vector<DaySpend> days = {{day(8), 6 * usd}, {day(10), 0}};
    const Projection found = project(days, 6 * usd, november, day(11), day(21));
    EXPECT_EQ(found.days_measured, 3);
    EXPECT_EQ(found.daily, 2 * usd);
    EXPECT_EQ(found.projected, 26 * usd);
}

TEST(Projections, OnTheFirstDayItsHoursAreTheMeasure) {
    const std::vector<DaySpend> days = {{day(1), 3 * usd}};
    const Projection found = project(days, 3 * usd, november, november + 6 * an_hour, day(3));
    EXPECT_EQ(found.days_measured, 0);
    EXPECT_EQ(found.daily, 12 * usd);
    EXPECT_EQ(found.projected, 3 * usd + 21 * usd);
    // In the first minutes an hour is taken for granted.
    const Projection early = project(days, 3 * usd, november, november + 1, day(2));
    EXPECT_EQ(early.daily, 72 * usd);
}

TEST(Projections, NothingSpentOrNothingLeft) {
    EXPECT_EQ(project({}, 0, november, day(3), day(30)).projected, 0);
    const std::vector<DaySpend> days = {{day(1), usd}};
    EXPECT_EQ(project(days, 5 * usd, november, day(3), day(3)).projected, 5 * usd);
}

class Projecting : public Reports {};
INSTANTIATE_TEST_SUITE_P(Stores, Projecting, store::both_stores(), store::store_name);

TEST_P(Projecting, OfASubject_WithItsFees) {
    std::vector<domain::UsageRecord> records;
    for (int i = 1; i <= 4; ++i) {
        domain::UsageRecord r = request_at(day(i) + an_hour);
        r.cost = 2 * usd, r.fee = usd;
        records.push_back(r);
        r.request_id = base::uuid7(), r.user = "bob";
        records.push_back(r);
    }
    insert(records);
    read([&](store::Session& session) -> base::Result<void> {
        const auto of = [&](domain::SubjectKind kind, std::string_view subject) {
            return projection(session, everything, kind, "acme", subject, november, day(4),
                              november + 30 * micros_per_day);
        };
        const Projection ada = of(domain::SubjectKind::user, "ada").value();
        EXPECT_EQ(ada.spent, 9 * usd);  // before now
        EXPECT_EQ(ada.daily, 3 * usd);
        EXPECT_EQ(ada.projected, 9 * usd + 27 * 3 * usd);
        EXPECT_EQ(of(domain::SubjectKind::tenant, "acme").value().daily, 6 * usd);
        EXPECT_EQ(of(domain::SubjectKind::tier, "trial").error().field, "subject");
        std::string text;
        append_json(text, ada);
        EXPECT_EQ(text, R"({"from":"2026-11-01T00:00:00.000Z","now":"2026-11-04T00:00:00.000Z",)"
                        R"("until":"2026-12-01T00:00:00.000Z","spent":9,"daily":3,"projected":90,)"
                        R"("days_measured":3})");
        return {};
    });
}

}  // namespace
}  // namespace tollgate::accounting
