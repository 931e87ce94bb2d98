#include "accounting/usage_shipper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "accounting/usage_codec.hpp"
#include "base/ids.hpp"
#include "store/stores_test.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {
namespace {

using domain::UsageRecord;
using std::chrono::milliseconds;
using store::Access;

// A database that fails when it is told to: before the work, or after it was committed.
class FlakyDb final : public store::Db {
public:
    explicit FlakyDb(store::Db& inner) : inner_(inner) {}
    std::atomic<int> fail_before{0}, fail_after{0};  // so many calls
    std::atomic<bool> away{false};
    std::atomic<int> calls{0};

    store::Dialect dialect() const override { return inner_.dialect(); }
    base::Result<void> transact(const Access& access, bool write, const Work& work) override {
        ++calls;
        if (away || fail_before-- > 0) return gone();
        TRY_VOID(inner_.transact(access, write, work));
        if (fail_after-- > 0) return gone();
        return {};
    }
    net::Task<base::Result<void>> run(net::Loop& loop, Access access, bool write, Work work,
                                      net::Patience patience) override {
        return inner_.run(loop, std::move(access), write, std::move(work), patience);
    }
    void watch_changes(Changed changed, Heard heard) override {
        inner_.watch_changes(std::move(changed), std::move(heard));
    }
    std::string trouble() const override { return ""; }

private:
    static base::Error gone() { return {base::ErrorCode::unavailable, "the database is away"}; }
    store::Db& inner_;
};

class Shipper : public store::OnBothStores {
protected:
    void SetUp() override {
        OnBothStores::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        directory_ = (std::filesystem::temp_directory_path() / ("shipper-" + base::uuid7()));
        open_journal();
        flaky_ = std::make_unique<FlakyDb>(db());
    }
    void TearDown() override {
        writer_.reset();
        journal_.reset();
        flaky_.reset();
        std::error_code ignored;
        if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
        OnBothStores::TearDown();
    }
    void open_journal() {
        writer_.reset();
        journal_.reset();
        journal::JournalOptions options;
        options.directory = directory_;
        options.segment_bytes = 256 * 1024;
        options.sync_interval = milliseconds(5);
        auto opened = journal::Journal::open(options);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        journal_ = std::move(opened).value();
        writer_ = journal_->writer();
    }
    UsageRecord append(std::int64_t attempt = 0) {
        UsageRecord record;
        record.request_id = base::uuid7();
        record.attempt = attempt;
        record.at = 1'793'491'200'000'000 + static_cast<std::int64_t>(count_++);
        record.tenant = "acme";
        record.model = "gpt-5";
        record.status = 200;
        record.cost = 1000;
        std::string buffer;
        EXPECT_TRUE(writer_->append(encode_usage(record, buffer)).ok());
        return record;
    }
    static UsageShipperOptions quick() {
        UsageShipperOptions options;
        options.batch_max = 50;
        options.collect = milliseconds(1);
        options.pause_min = milliseconds(1);
        options.pause_max = milliseconds(10);
        return options;
    }
    std::int64_t rows() { return number("SELECT COUNT(*) FROM llm_usage_logs"); }
    std::int64_t summed() { return number("SELECT COALESCE(SUM(requests), 0) FROM usage_daily"); }

    std::string directory_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<journal::Writer> writer_;
    std::unique_ptr<FlakyDb> flaky_;
    std::size_t count_ = 0;
};

// A start waits for this: it must not take until the shipper looks again by itself.
TEST_P(Shipper, ShipAll_OfAnEmptyJournalIsSoonOver) {
    UsageShipper shipper(*journal_, *flaky_, quick());
    shipper.start();
    const auto began = std::chrono::steady_clock::now();
    constexpr int calls = 40;
    for (int i = 0; i < calls; ++i) EXPECT_TRUE(shipper.ship_all(milliseconds(20'000)));
    // By itself it looks five times a second.
    EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(calls * 200 / 2));
}

TEST_P(Shipper, Records_ArriveAndTheJournalEmpties) {
    std::atomic<std::size_t> told{0};
    UsageShipperOptions options = quick();
    options.shipped = [&](std::span<const domain::UsageView> records) { told += records.size(); };
    UsageShipper shipper(*journal_, *flaky_, options);
    shipper.start();
    for (int i = 0; i < 230; ++i) append();
    EXPECT_TRUE(shipper.ship_all(milliseconds(20'000)));
    EXPECT_EQ(rows(), 230);
    EXPECT_EQ(summed(), 230);
    append();
    EXPECT_TRUE(shipper.ship_all(milliseconds(20'000)));
    shipper.stop(milliseconds(0));
    EXPECT_EQ(rows(), 231);
    EXPECT_EQ(told, 231u);
    EXPECT_EQ(shipper.status().records, 231u);
    EXPECT_EQ(shipper.status().trouble, "");
    EXPECT_EQ(journal_->status().oldest_unix_ms, 0);
}

TEST_P(Shipper, JournalThatFills_IsShippedBesideTheThreadThatGivesWay) {
    UsageShipperOptions options = quick();
    // After its first batch that thread rests for longer than this test.
    options.collect = std::chrono::minutes(2);
    options.press_bytes = 1;
    UsageShipper shipper(*journal_, *flaky_, options);
    shipper.start();
    append();
    const auto arrived = [&](std::int64_t count) {
        const auto until = std::chrono::steady_clock::now() + milliseconds(20'000);
        while (rows() < count && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(milliseconds(20));
        }
        return rows();
    };
    EXPECT_EQ(arrived(1), 1);
    for (int i = 0; i < 170; ++i) append();
    EXPECT_EQ(arrived(171), 171);
    EXPECT_EQ(summed(), 171);
    shipper.stop(milliseconds(0));
}

TEST_P(Shipper, DatabaseAwayAndAnswersLost_LoseAndDoubleNothing) {
    flaky_->away = true;
    UsageShipper shipper(*journal_, *flaky_, quick());
    shipper.start();
    std::set<std::string> sent;
    for (int i = 0; i < 120; ++i) sent.insert(append().request_id);
    EXPECT_FALSE(shipper.ship_all(milliseconds(100)));
    EXPECT_NE(shipper.status().trouble, "");
    EXPECT_EQ(rows(), 0);
    // It comes back, and now and then commits without anybody hearing of it.
    flaky_->fail_after = 5;
    flaky_->away = false;
    for (int i = 0; i < 300; ++i) {
        sent.insert(append().request_id);
        if (i % 60 == 0) flaky_->fail_before = 2;
        if (i % 70 == 0) flaky_->fail_after = 1;
    }
    EXPECT_TRUE(shipper.ship_all(milliseconds(20'000)));
    EXPECT_EQ(rows(), 420);
    EXPECT_EQ(summed(), 420);
    EXPECT_GT(shipper.status().failures, 0u);
    std::set<std::string> stored;
    read([&](store::Session& session) {
        return session.each("SELECT request_id FROM llm_usage_logs", {},
                            [&](const store::Row& row) -> base::Result<void> {
                                stored.insert(row.string(0));
                                return {};
                            });
    });
    EXPECT_EQ(stored, sent);
}

TEST_P(Shipper, RecordThatTheDatabaseRefuses_IsSetAsideAndHoldsUpNothing) {
    UsageShipperOptions options = quick();
    options.refused_file = directory_ + "/refused";
    for (int i = 0; i < 30; ++i) append();
    const UsageRecord bad = append(-1);  // no attempt has a negative number
    for (int i = 0; i < 30; ++i) append();
    ASSERT_TRUE(writer_->append("\x07 these are no record").ok());
    append();
    UsageShipper shipper(*journal_, *flaky_, options);
    shipper.start();
    EXPECT_TRUE(shipper.ship_all(milliseconds(20'000)));
    shipper.stop(milliseconds(0));
    EXPECT_EQ(rows(), 61);
    EXPECT_EQ(summed(), 61);
    EXPECT_EQ(shipper.status().refused, 2u);
    EXPECT_EQ(shipper.status().records, 61u);
    std::ifstream file(options.refused_file);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(text.find(bad.request_id + " -1 "), std::string::npos);
    EXPECT_EQ(std::ranges::count(text, '\n'), 2);
}

TEST_P(Shipper, StoppedWhileTheDatabaseIsAway_EndsInTime_AndTheNextOneGoesOn) {
    flaky_->away = true;
    {
        UsageShipper shipper(*journal_, *flaky_, quick());
        shipper.start();
        for (int i = 0; i < 75; ++i) append();
        const auto begin = std::chrono::steady_clock::now();
        shipper.stop(milliseconds(200));
        EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5000));
        EXPECT_FALSE(shipper.ship_all(milliseconds(1)));
    }
    EXPECT_EQ(rows(), 0);
    flaky_->away = false;
    open_journal();  // as another process
    UsageShipper shipper(*journal_, *flaky_, quick());
    shipper.start();
    EXPECT_TRUE(shipper.ship_all(milliseconds(20'000)));
    EXPECT_EQ(rows(), 75);
}

TEST_P(Shipper, Stop_ShipsWhatIsThere) {
    UsageShipper shipper(*journal_, *flaky_, quick());
    shipper.start();
    for (int i = 0; i < 160; ++i) append();
    shipper.stop(milliseconds(20'000));
    EXPECT_EQ(rows(), 160);
    EXPECT_EQ(journal_->status().oldest_unix_ms, 0);
}

TEST_P(Shipper, ExpiredUsage_GoesAndMonthsAreMadeAhead) {
    ASSERT_TRUE(execute("INSERT INTO tenants (id, name, retention_days, created, updated) VALUES "
                        "('acme', 'acme', 1, 1, 1)")
                    .ok());
    UsageRecord old;
    old.request_id = base::uuid7();
    old.tenant = "acme";
    old.at = 1'600'000'000'000'000;
    write([&](store::Session& session) -> base::Result<void> {
        TRY_VOID(store::insert_usage(session, std::span(&old, 1)));
        return {};
    });
    UsageShipper shipper(*journal_, *flaky_, quick());
    shipper.start();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (shipper.status().expired == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_EQ(shipper.status().expired, 1u);
    EXPECT_EQ(rows(), 0);
    if (GetParam() == store::Dialect::postgres) {
        EXPECT_EQ(number("SELECT COUNT(*) FROM pg_inherits WHERE inhparent = "
                         "'llm_usage_logs'::regclass"),
                  4);  // three months and the default one
    }
}

INSTANTIATE_TEST_SUITE_P(Stores, Shipper, store::both_stores(), store::store_name);

}  // namespace
}  // namespace tollgate::accounting
