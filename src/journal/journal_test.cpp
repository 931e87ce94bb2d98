#include "journal/journal.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "journal/journal_test.hpp"

namespace tollgate::journal {
namespace {

using std::chrono::milliseconds;

std::string numbered(int writer, int number) {
    return std::to_string(writer) + ":" + std::to_string(number) + ":" +
           std::string(static_cast<std::size_t>(number % 97), 'x');
}

TEST(Journal, AppendedRecords_ComeOutOldestFirst) {
    const TestDirectory directory;
    auto journal = open_journal(small_options(directory.path()));
    auto writer = journal->writer();
    EXPECT_TRUE(writer->has_room());
    for (const char* text : {"one", "", "three"}) ASSERT_TRUE(writer->append(text).ok());

    EXPECT_TRUE(journal->wait_for_records(milliseconds(1000)));
    auto batch = journal->next_batch(2);
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(batch->records, (std::vector<std::string>{"one", ""}));
    journal->shipped(*batch);
    EXPECT_EQ(ship_all(*journal), std::vector<std::string>{"three"});
    EXPECT_FALSE(journal->wait_for_records(milliseconds(1)));
    const JournalStatus status = journal->status();
    EXPECT_EQ(status.appended, 3u);
    EXPECT_EQ(status.shipped, 3u);
    EXPECT_EQ(status.oldest_unix_ms, 0);
    EXPECT_EQ(status.trouble, "");
}

TEST(Journal, EndWait_EndsTheWaitUnderWayOrTheNextOne) {
    const TestDirectory directory;
    auto journal = open_journal(small_options(directory.path()));
    constexpr milliseconds long_wait(20'000);
    const auto began = std::chrono::steady_clock::now();
    std::thread waiting([&] { EXPECT_FALSE(journal->wait_for_records(long_wait)); });
    journal->end_wait();
    waiting.join();
    journal->end_wait();
    EXPECT_FALSE(journal->wait_for_records(long_wait));
    EXPECT_LT(std::chrono::steady_clock::now() - began, long_wait / 2);
    // It is over with one wait.
    EXPECT_FALSE(journal->wait_for_records(milliseconds(1)));
    ASSERT_TRUE(journal->writer()->append("one").ok());
    EXPECT_TRUE(journal->wait_for_records(long_wait));
}

TEST(Journal, FailedBatch_IsGivenAgain_AndAnOldAcknowledgementChangesNothing) {
    const TestDirectory directory;
    auto journal = open_journal(small_options(directory.path()));
    auto writer = journal->writer();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->append(std::to_string(i)).ok());
    auto first = journal->next_batch(3);
    journal->failed(*first);
    auto second = journal->next_batch(3);
    EXPECT_EQ(second->records, first->records);
    journal->shipped(*first);  // of an earlier batch
    EXPECT_GT(journal->status().oldest_unix_ms, 0);
    auto third = journal->next_batch(10);
    EXPECT_EQ(third->records.size(), 5u);
}

TEST(Journal, ManySegments_AreDeletedWhenShipped) {
    const TestDirectory directory;
    auto journal = open_journal(small_options(directory.path()));
    auto writer = journal->writer();
    std::vector<std::string> sent;
    for (int i = 0; i < 3000; ++i) {
        sent.push_back(numbered(0, i));
        ASSERT_TRUE(writer->append(sent.back()).ok());
    }
    EXPECT_GT(directory.files(".journal").size(), 3u);
    auto got = ship_all(*journal);
    EXPECT_EQ(got, sent);
    // The writer's own and at most one spare stay.
    EXPECT_LE(directory.files(".journal").size(), 2u);
    writer.reset();
    journal.reset();
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Journal, Restart_GivesOnlyWhatWasNotShipped) {
    const TestDirectory directory;
    {
        auto journal = open_journal(small_options(directory.path()));
        auto writer = journal->writer();
        for (int i = 0; i < 2000; ++i) ASSERT_TRUE(writer->append(numbered(0, i)).ok());
        for (int i = 0; i < 3; ++i) {
            auto batch = journal->next_batch(100);
            journal->shipped(*batch);
        }
        auto given = journal->next_batch(100);  // never acknowledged
        EXPECT_EQ(given->records.size(), 100u);
        writer.reset();
    }
    auto journal = open_journal(small_options(directory.path()));
    const auto got = ship_all(*journal);
    ASSERT_EQ(got.size(), 1700u);
    for (int i = 0; i < 1700; ++i)
        EXPECT_EQ(got[static_cast<std::size_t>(i)], numbered(0, i + 300));
    EXPECT_EQ(journal->status().appended, 1700u);
    journal.reset();
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Journal, SegmentsOfALivingJournal_AreLeftAlone) {
    const TestDirectory directory;
    auto first = open_journal(small_options(directory.path()));
    auto writer = first->writer();
    ASSERT_TRUE(writer->append("of the first").ok());
    auto second = open_journal(small_options(directory.path()));
    EXPECT_TRUE(ship_all(*second).empty());
    writer.reset();
    first.reset();
    second.reset();
    auto third = open_journal(small_options(directory.path()));
    EXPECT_EQ(ship_all(*third), std::vector<std::string>{"of the first"});
}

TEST(Journal, SeveralWritersAndTheShipper_LoseAndDoubleNothing) {
    const TestDirectory directory;
    auto journal = open_journal(small_options(directory.path()));
    constexpr int writers = 4;
    constexpr int each = 20000;
    std::atomic<int> running{writers};
    std::vector<std::thread> threads;
    for (int number = 0; number < writers; ++number) {
        threads.emplace_back([&, number] {
            auto writer = journal->writer();
            for (int i = 0; i < each; ++i) {
                if (!writer->append(numbered(number, i)).ok()) ADD_FAILURE() << "append " << i;
            }
            --running;
        });
    }
    std::vector<std::string> got;
    std::size_t turns = 0;
    while (running > 0 || journal->wait_for_records(milliseconds(20))) {
        if (!journal->wait_for_records(milliseconds(20))) continue;
        auto batch = journal->next_batch(500);
        ASSERT_TRUE(batch.ok());
        if (++turns % 7 == 0) {  // a database that fails now and then
            journal->failed(*batch);
            continue;
        }
        got.insert(got.end(), batch->records.begin(), batch->records.end());
        journal->shipped(*batch);
    }
    for (auto& thread : threads) thread.join();
    ASSERT_EQ(got.size(), static_cast<std::size_t>(writers) * each);
    std::map<std::string, int> next;  // of one writer the order is kept
    for (const auto& record : got) {
        const std::string writer = record.substr(0, record.find(':'));
        const int number = next[writer]++;
        ASSERT_EQ(record, numbered(std::stoi(writer), number));
    }
    EXPECT_EQ(journal->status().shipped, got.size());
}

TEST(Journal, SyncedAppends_AreKept) {
    const TestDirectory directory;
    JournalOptions options = small_options(directory.path());
    options.sync_interval = milliseconds(0);
    {
        auto journal = open_journal(options);
        auto writer = journal->writer();
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(writer->append(numbered(0, i)).ok());
        writer.reset();
    }
    auto journal = open_journal(options);
    EXPECT_EQ(ship_all(*journal).size(), 10u);
}

TEST(Journal, FullJournal_SaysNoBeforeAppendsFail_AndRecoversWhenShipped) {
    const TestDirectory directory;
    JournalOptions options = small_options(directory.path());
    options.bytes_max = 3 * options.segment_bytes;
    options.reserve_bytes = 16 * 1024;
    auto journal = open_journal(options);
    auto writer = journal->writer();
    const std::string record(1000, 'r');
    std::size_t accepted = 0;
    while (writer->has_room()) {
        ASSERT_TRUE(writer->append(record).ok());
        ASSERT_LT(++accepted, 1000u);
    }
    EXPECT_GT(accepted, 140u);
    // What runs already still fits into the reserve.
    for (int i = 0; i < 14; ++i) EXPECT_TRUE(writer->append(record).ok()) << i;
    accepted += 14;
    base::Result<void> refused = {};
    while (refused.ok() && accepted < 1000) {
        refused = writer->append(record);
        if (refused.ok()) ++accepted;
    }
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::unavailable);
    EXPECT_NE(refused.error().message.find("196608 of 196608 bytes"), std::string::npos);
    EXPECT_EQ(journal->status().dropped, 1u);
    EXPECT_NE(journal->status().trouble, "");

    EXPECT_EQ(ship_all(*journal).size(), accepted);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!writer->has_room() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_TRUE(writer->has_room());
    EXPECT_TRUE(writer->append(record).ok());
    EXPECT_EQ(ship_all(*journal).size(), 1u);
    EXPECT_EQ(journal->status().trouble, "");
}

TEST(Journal, RecordLargerThanASegment_IsRefusedByName) {
    const TestDirectory directory;
    auto journal = open_journal(small_options(directory.path()));
    auto writer = journal->writer();
    auto refused = writer->append(std::string(64 * 1024, 'x'));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().field, "stores.journal.segment");
    EXPECT_TRUE(writer->append(std::string(60 * 1024 - 16, 'x')).ok());
}

TEST(Journal, BadOptions_AreRefusedByName) {
    const TestDirectory directory;
    JournalOptions options = small_options(directory.path());
    options.segment_bytes = 1000;
    EXPECT_EQ(Journal::open(options).error().field, "stores.journal.segment");
    options.segment_bytes = 64 * 1024;
    options.bytes_max = 1000;
    EXPECT_EQ(Journal::open(options).error().field, "stores.journal.max");
    options = small_options("/proc/no-such-place/journal");
    auto refused = Journal::open(options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::unavailable);
    EXPECT_NE(refused.error().message.find("/proc/no-such-place/journal"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::journal
