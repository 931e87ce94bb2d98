// Fills a database with a year of usage of one busy tenant, through the same function as the usage
// shipper, and measures what charts and budgets ask of it.
//
//   make_usage --database sqlite:PATH|postgres://... [--rows 10000000] [--keys 200]
//       [--check-only | --no-check]
//
// Prints the median and the worst of seven runs of each question; fails when the median of a chart
// takes more than 100 ms; beside it the processor time of this process. Never run it on a database
// that matters: it adds the tenant `busy`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "store/credits.hpp"
#include "store/migrate.hpp"
#include "store/partitions.hpp"
#include "store/postgres_db.hpp"
#include "store/sqlite_db.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/usage.hpp"
#include "store/users.hpp"

namespace {

using namespace tollgate;
using Clock = std::chrono::steady_clock;
using domain::UsageRecord;
using store::UsageDimension;
using store::UsageStep;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86'400 * second;
constexpr int days = 365;
constexpr std::size_t batch_max = 10'000;
constexpr double chart_ms_max = 100;
constexpr int runs = 7;
const std::string tenant = "busy";
constexpr unsigned users = 80, teams = 8, tags = 20;

struct Arguments {
    std::string database;
    std::int64_t rows = 10'000'000;
    int keys = 200;
    bool fill = true, check = true;
};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "make_usage: %s\n", why.c_str());
    std::exit(1);
}

template <typename T>
T need(base::Result<T> result) {
    if (!result.ok()) give_up(result.error().message);
    return std::move(result).value();
}
void need(const base::Result<void>& result) {
    if (!result.ok()) give_up(result.error().message);
}

Arguments read_arguments(int count, char** texts) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string name = texts[i];
        if (name == "--check-only") {
            arguments.fill = false;
            continue;
        }
        if (name == "--no-check") {
            arguments.check = false;
            continue;
        }
        if (i + 1 >= count) give_up("a value is missing behind " + name);
        const std::string value = texts[++i];
        if (name == "--database") {
            arguments.database = value;
        } else if (name == "--rows") {
            arguments.rows = std::atoll(value.c_str());
        } else if (name == "--keys") {
            arguments.keys = std::atoi(value.c_str());
        } else {
            give_up("unknown option " + name + ": see the head of make_usage.cpp");
        }
    }
    if (arguments.database.empty()) give_up("--database sqlite:PATH or postgres://... is needed");
    if (arguments.rows < days || arguments.keys < 1) give_up("--rows and --keys are too few");
    return arguments;
}

std::unique_ptr<store::Db> open_database(const std::string& name) {
    if (name.starts_with("postgres")) {
        store::PostgresOptions options;
        options.url = name;
        return need(store::open_postgres(options));
    }
    store::SqliteOptions options;
    options.path = name.starts_with("sqlite:") ? name.substr(7) : name;
    return need(store::open_sqlite(options));
}

// Midnight a year before the last one.
std::int64_t beginning() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return (std::chrono::duration_cast<std::chrono::microseconds>(now).count() / day - days) * day;
}

class Generator {
public:
    explicit Generator(int keys) : keys_(keys) {}

    // The requests of one day, in the order of their times: few at night and at the week's end.
    std::vector<std::int64_t> times(std::int64_t midnight, std::size_t count) {
        std::vector<std::int64_t> all(count);
        for (auto& at : all) {
            const double hour = std::clamp(normal_(random_) * 3.5 + 13.5, 0.0, 23.999);
            at = midnight + static_cast<std::int64_t>(hour * 3600) * second + random_() % second;
        }
        std::ranges::sort(all);
        return all;
    }

    UsageRecord request(std::int64_t at) {
        const unsigned key = skewed(static_cast<unsigned>(keys_));
        const unsigned model = (key * 7 + skewed(4) * 5) % 12;
        UsageRecord r;
        r.request_id = base::uuid7();
        r.at = at;
        r.tenant = tenant;
        r.key_id = "key-" + std::to_string(key);
        r.key_name = r.key_id;
        r.user = "user-" + std::to_string(key % users);
        r.team = "team-" + std::to_string(key % teams);
        r.project = "project-" + std::to_string(key % 30);
        if (key % 3 == 0) r.tags = {"batch", "tag-" + std::to_string(key % tags)};
        r.protocol = "anthropic";
        r.alias = "alias-" + std::to_string(model / 2);
        r.provider = "provider-" + std::to_string(model % 4);
        r.provider_type = "openai";
        r.model = "model-" + std::to_string(model);
        r.power_level = "balanced";
        r.rule = key % 5 == 0 ? "cheap" : "default";
        r.strategy = "cost";
        r.status = random_() % 50 == 0 ? 529 : 200;
        if (r.status != 200) r.error_class = "overloaded";
        r.usage.input = 200 + random_() % 4000;
        r.usage.output = 20 + random_() % 900;
        r.usage.cache_read = random_() % 20'000;
        r.cost = r.usage.input * 3000 + r.usage.output * 15'000 + r.usage.cache_read * 300;
        r.list_cost = r.cost;
        r.baseline_cost = r.cost * 5 / 3;
        r.baseline_model = "claude-opus-4";
        r.price_version = "2026-11-01";
        r.stream = true;
        r.cache = "off";
        r.attempts = 1;
        r.first_token_us = 200'000 + random_() % 1'500'000;
        r.total_us = r.first_token_us + random_() % 9'000'000;
        r.request_bytes = 3000 + random_() % 90'000;
        r.response_bytes = 800 + random_() % 9000;
        r.client_address = "192.0.2.7";
        r.user_agent = "claude-cli/2.0";
        r.zone = "eu-1";
        return r;
    }

private:
    // Small numbers more often, as some keys are busier than others.
    unsigned skewed(unsigned below) {
        const double part = static_cast<double>(random_()) / 4294967296.0;
        return static_cast<unsigned>(part * part * below);
    }
    int keys_;
    std::mt19937 random_{20261121};
    std::normal_distribution<double> normal_;
};

// The tenant with its teams and users, so that the administration answers for it. One user has
// credits: each request of hers is a movement of the ledger too.
base::Result<void> make_people(store::Session& session) {
    const store::Access access = store::Access::everything();
    domain::Tenant busy;
    busy.id = busy.name = tenant;
    TRY_VOID(store::insert_tenant(session, access, busy));
    for (unsigned i = 0; i < teams; ++i) {
        domain::Team team;
        team.tenant = tenant;
        team.id = "team-" + std::to_string(i);
        team.name = "Team " + std::to_string(i);
        TRY_VOID(store::insert_team(session, access, team));
    }
    for (unsigned i = 0; i < users; ++i) {
        domain::User user;
        user.tenant = tenant;
        user.id = user.name = "user-" + std::to_string(i);
        user.team = "team-" + std::to_string(i % teams);
        TRY_VOID(store::insert_user(session, access, user));
    }
    domain::CreditMovement grant;
    grant.tenant = tenant;
    grant.user = "user-3";
    grant.amount = 1'000'000 * domain::nano_per_usd;
    grant.reference = "make_usage";
    TRY_VOID(store::append_credit(session, access, grant));
    return {};
}

void fill(store::Db& db, const Arguments& arguments) {
    need(db.write(store::Access::everything(), make_people));
    Generator generator(arguments.keys);
    const std::int64_t start = beginning();
    const auto begin = Clock::now();
    std::int64_t made = 0;
    for (int number = 0; number < days; ++number) {
        const std::int64_t midnight = start + number * day;
        const auto wanted = arguments.rows * (number + 1) / days - made;
        const auto times = generator.times(midnight, static_cast<std::size_t>(wanted));
        for (std::size_t from = 0; from < times.size(); from += batch_max) {
            std::vector<UsageRecord> records;
            for (std::size_t i = from; i < std::min(from + batch_max, times.size()); ++i) {
                records.push_back(generator.request(times[i]));
            }
            need(db.write(store::Access::everything(), [&](store::Session& session) {
                auto months = store::ensure_partitions(session, midnight);
                if (!months.ok()) return base::Result<void>(months.error());
                auto inserted = store::insert_usage(session, records);
                if (!inserted.ok()) return base::Result<void>(inserted.error());
                return base::Result<void>();
            }));
        }
        made += wanted;
        if (number % 30 == 29 || number == days - 1) {
            const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
            std::printf("%lld rows in %.0f s (%.0f per second)\n", static_cast<long long>(made),
                        seconds, static_cast<double>(made) / seconds);
            std::fflush(stdout);
        }
    }
}

// Runs `ask` in a transaction that reads; the figures of all runs but the first, which warms up.
bool measure(store::Db& db, const char* name, bool chart,
             const std::function<base::Result<std::size_t>(store::Session&)>& ask) {
    std::vector<double> times;
    std::size_t points = 0;
    double processor = 0;
    for (int run = 0; run <= runs; ++run) {
        const auto begin = Clock::now();
        const std::clock_t before = std::clock();
        need(db.read(store::Access::everything(), [&](store::Session& session) {
            auto answer = ask(session);
            if (!answer.ok()) return base::Result<void>(answer.error());
            points = *answer;
            return base::Result<void>();
        }));
        const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
        if (run == 0) continue;
        times.push_back(took.count());
        processor += 1000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    }
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    const bool good = !chart || median <= chart_ms_max;
    std::printf("%-44s %7zu rows  median %7.1f ms  worst %7.1f ms  processor %7.1f ms%s\n", name,
                points, median, times.back(), processor / runs, good ? "" : "  TOO SLOW");
    return good;
}

bool check(store::Db& db) {
    const std::int64_t from = beginning();
    const auto series = [&](UsageStep step, std::vector<UsageDimension> by) {
        return [=](store::Session& session) -> base::Result<std::size_t> {
            const store::UsageQuery query{
                {.from = from, .to = from + days * day, .tenant = tenant}, step, by};
            TRY(const auto points,
                store::usage_series(session, store::Access::of_tenant(tenant), query));
            return points.size();
        };
    };
    bool good = true;
    const auto top = [&](UsageDimension dimension) {
        return [=](store::Session& session) -> base::Result<std::size_t> {
            const store::UsageQuery query{{.from = from, .to = from + days * day, .tenant = tenant},
                                          UsageStep::day,
                                          {dimension}};
            TRY(const auto points,
                store::usage_series_top(session, store::Access::of_tenant(tenant), query, 20));
            return points.size();
        };
    };
    const auto chart = [&](const char* name, UsageStep step, std::vector<UsageDimension> by) {
        good = measure(db, name, true, series(step, std::move(by))) && good;
    };
    chart("a year by day", UsageStep::day, {});
    chart("a year by day and model", UsageStep::day, {UsageDimension::model});
    good =
        measure(db, "a year by day and key: 20 dearest, others", true, top(UsageDimension::key)) &&
        good;
    measure(db, "a year by day and key, every key", false,
            series(UsageStep::day, {UsageDimension::key}));
    chart("a year by month and team", UsageStep::month, {UsageDimension::team});
    chart("a year by key", UsageStep::whole, {UsageDimension::key});
    chart("a year by model", UsageStep::whole, {UsageDimension::model});
    good = measure(db, "48 hours by hour and model", true,
                   [&](store::Session& session) -> base::Result<std::size_t> {
                       const std::int64_t until = from + days * day;
                       const store::UsageQuery query{
                           {.from = until - 2 * day, .to = until, .tenant = tenant},
                           UsageStep::hour,
                           {UsageDimension::model}};
                       TRY(const auto points,
                           store::usage_series(session, store::Access::of_tenant(tenant), query));
                       return points.size();
                   }) &&
           good;
    measure(db, "a year by team and model (two dimensions)", false,
            series(UsageStep::whole, {UsageDimension::team, UsageDimension::model}));
    measure(
        db, "spent by a key since half a year ago, exact", false,
        [&](store::Session& session) -> base::Result<std::size_t> {
            TRY(const auto spent,
                store::spent_between(session, store::Access::everything(), domain::SubjectKind::key,
                                     tenant, "key-3", from + 182 * day + 12'345'678'901, 0));
            return static_cast<std::size_t>(spent.requests);
        });
    measure(db, "the latest 100 requests", false,
            [&](store::Session& session) -> base::Result<std::size_t> {
                TRY(const auto page, store::list_usage(session, store::Access::of_tenant(tenant),
                                                       {}, store::PageRequest{100, ""}));
                return page.items.size();
            });
    return good;
}

}  // namespace

int main(int count, char** texts) {
    const Arguments arguments = read_arguments(count, texts);
    const auto db = open_database(arguments.database);
    need(store::migrate(*db));
    if (arguments.fill) fill(*db, arguments);
    return !arguments.check || check(*db) ? 0 : 1;
}
