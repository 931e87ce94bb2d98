#include "policy/budget_period.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>

namespace tollgate::policy {
namespace {

using domain::BudgetPeriod;

// Unix seconds of a UTC date and time.
std::int64_t utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
    const std::chrono::sys_days date =
        std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
    return date.time_since_epoch().count() * 86'400ll + hour * 3600 + minute * 60;
}

std::shared_ptr<const TimeZone> zone(const char* name) {
    auto loaded = TimeZone::load(name);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    return *loaded;
}

PeriodBounds at(BudgetPeriod period, const char* zone_name, std::int64_t when, int rolling = 30) {
    return period_at(period, rolling, *zone(zone_name), when);
}

TEST(BudgetPeriod, MonthsBeginAtTheTenantsMidnight) {
    // 23:30 UTC on 30 November is 1 December in Berlin, and still November in New York.
    const std::int64_t when = utc(2026, 11, 30, 23, 30);
    EXPECT_EQ(at(BudgetPeriod::monthly, "Europe/Berlin", when),
              (PeriodBounds{utc(2026, 11, 30, 23), utc(2026, 12, 31, 23), utc(2026, 11, 30, 23),
                            "m:2026-12-01"}));
    EXPECT_EQ(at(BudgetPeriod::monthly, "America/New_York", when),
              (PeriodBounds{utc(2026, 11, 1, 4), utc(2026, 12, 1, 5), utc(2026, 11, 1, 4),
                            "m:2026-11-01"}));
    EXPECT_EQ(at(BudgetPeriod::monthly, "UTC", when).until, utc(2026, 12, 1));
    EXPECT_EQ(at(BudgetPeriod::monthly, "", utc(2027, 12, 31, 23, 59)).label, "m:2027-12-01");
    EXPECT_EQ(at(BudgetPeriod::monthly, "", utc(2027, 12, 31, 23, 59)).until, utc(2028, 1, 1));
}

TEST(BudgetPeriod, DaysOfAClockChangeHave23And25Hours) {
    const PeriodBounds spring = at(BudgetPeriod::daily, "Europe/Berlin", utc(2026, 3, 29, 12));
    EXPECT_EQ(spring.until - spring.from, 23 * 3600);
    const PeriodBounds autumn = at(BudgetPeriod::daily, "Europe/Berlin", utc(2026, 10, 25, 12));
    EXPECT_EQ(autumn.until - autumn.from, 25 * 3600);
    EXPECT_EQ(autumn.label, "d:2026-10-25");
}

TEST(BudgetPeriod, AMidnightThatIsSkippedBeginsAtTheChange) {
    // Beirut puts its clocks forward at midnight: 29 March 2026 begins at 01:00, 22:00 UTC.
    const PeriodBounds day = at(BudgetPeriod::daily, "Asia/Beirut", utc(2026, 3, 29, 12));
    EXPECT_EQ(day.from, utc(2026, 3, 28, 22));
    EXPECT_EQ(day.until - day.from, 23 * 3600);
    EXPECT_EQ(at(BudgetPeriod::daily, "Asia/Beirut", day.from - 1).until, day.from);
}

TEST(BudgetPeriod, AMidnightThatComesTwiceBeginsAtItsFirst) {
    // Havana puts its clocks back at 01:00: 00:00 to 01:00 of 1 November 2026 comes twice.
    const PeriodBounds day = at(BudgetPeriod::daily, "America/Havana", utc(2026, 11, 1, 12));
    EXPECT_EQ(day.from, utc(2026, 11, 1, 4));
    EXPECT_EQ(day.until - day.from, 25 * 3600);
}

TEST(BudgetPeriod, ADateThatNeverWasIsPassed) {
    // Samoa skipped 30 December 2011.
    const auto samoa = zone("Pacific/Apia");
    const std::int64_t next = samoa->start_of(std::chrono::year(2011) / 12 / 31);
    EXPECT_EQ(samoa->start_of(std::chrono::year(2011) / 12 / 30), next);
    EXPECT_EQ(samoa->date_at(next - 1), std::chrono::year(2011) / 12 / 29);
}

TEST(BudgetPeriod, WeeksBeginOnMonday) {
    const std::int64_t monday = utc(2026, 11, 16);
    for (int day = 16; day <= 22; ++day) {
        const auto week =
            at(BudgetPeriod::weekly, "", utc(2026, 11, static_cast<unsigned>(day), 9));
        EXPECT_EQ(week.from, monday) << day;
        EXPECT_EQ(week.until, monday + 7 * 86'400);
        EXPECT_EQ(week.label, "w:2026-11-16");
    }
}

TEST(BudgetPeriod, RollingIsTodayAndTheDaysBefore) {
    const auto rolling = at(BudgetPeriod::rolling, "Europe/Berlin", utc(2026, 3, 30, 12), 7);
    EXPECT_EQ(rolling.from, utc(2026, 3, 29, 22));
    EXPECT_EQ(rolling.earlier_from, utc(2026, 3, 23, 23));  // before the clocks changed
    EXPECT_EQ(rolling.label, "r:2026-03-30");
    const auto total = at(BudgetPeriod::total, "Europe/Berlin", utc(2026, 3, 30, 12));
    EXPECT_EQ(total.until, std::numeric_limits<std::int64_t>::max());
}

TEST(TimeZone, RulesHoldAfterTheLastListedChange) {
    EXPECT_EQ(zone("Europe/Berlin")->text_at(utc(2060, 7, 1)), "2060-07-01T02:00:00+02:00");
    EXPECT_EQ(zone("Europe/Berlin")->text_at(utc(2060, 12, 1)), "2060-12-01T01:00:00+01:00");
    EXPECT_EQ(zone("Australia/Sydney")->offset_at(utc(2061, 1, 1)), 11 * 3600);
    EXPECT_EQ(zone("Australia/Sydney")->offset_at(utc(2061, 7, 1)), 10 * 3600);
    EXPECT_EQ(zone("Asia/Kolkata")->text_at(utc(2060, 1, 1)), "2060-01-01T05:30:00+05:30");
    EXPECT_EQ(zone("UTC")->text_at(utc(2026, 11, 21)), "2026-11-21T00:00:00Z");
}

TEST(TimeZone, RuleTexts) {
    auto greenland = parse_zone_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    ASSERT_TRUE(greenland.ok());
    EXPECT_EQ(greenland->offset_at(utc(2026, 3, 29, 0, 59)), -2 * 3600);
    EXPECT_EQ(greenland->offset_at(utc(2026, 3, 29, 1, 0)), -1 * 3600);
    auto julian = parse_zone_rule("AAA3BBB,J60/2,300");
    ASSERT_TRUE(julian.ok());
    EXPECT_EQ(julian->offset_at(utc(2028, 3, 1, 4, 59)), -3 * 3600);  // day 60 is 1 March always
    EXPECT_EQ(julian->offset_at(utc(2028, 3, 1, 5, 0)), -2 * 3600);
    for (const char* bad :
         {"", "A", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M1.1.0",
          "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x", "<+03-3"}) {
        EXPECT_FALSE(parse_zone_rule(bad).ok()) << bad;
    }
}

// Against the system's own reader, a day at a time over ninety years.
TEST(TimeZone, AgreesWithTheSystem) {
    for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                             "Africa/Casablanca", "America/Sao_Paulo", "Asia/Kathmandu"}) {
        ::setenv("TZ", name, 1);
        ::tzset();
        const auto ours = zone(name);
        for (std::int64_t when = utc(1971, 1, 1); when < utc(2061, 1, 1); when += 86'399 * 3) {
            std::tm local{};
            const std::time_t time = when;
            ::localtime_r(&time, &local);
            ASSERT_EQ(ours->offset_at(when), local.tm_gmtoff) << name << " " << when;
        }
    }
    ::unsetenv("TZ");
    ::tzset();
}

TEST(TimeZone, WrongNamesAndBrokenFilesAreToldWithTheFix) {
    EXPECT_NE(TimeZone::load("Mars/Olympus").error().message.find("install tzdata"),
              std::string::npos);
    EXPECT_EQ(TimeZone::load("Mars/Olympus").error().field, "time_zone");
    EXPECT_FALSE(TimeZone::load("../../etc/passwd").ok());
    EXPECT_FALSE(TimeZone::load("/etc/passwd").ok());
    EXPECT_FALSE(TimeZone::load("Europe").ok());
    EXPECT_FALSE(TimeZone::load("zone.tab").ok());
    // Any cut of a good file is refused or read, never more.
    std::ifstream file("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(file)), {});
    std::string pattern = (std::filesystem::temp_directory_path() / "zoneXXXXXX").string();
    const std::string directory = ::mkdtemp(pattern.data());
    for (std::size_t size = 0; size < whole.size() - 1; size += 13) {
        std::ofstream(directory + "/cut", std::ios::binary) << whole.substr(0, size);
        EXPECT_FALSE(TimeZone::load("cut", directory).ok()) << size;
    }
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace tollgate::policy
