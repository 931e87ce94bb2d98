// kill -9 at random: every append that returned comes back. A child process appends and tells its
// parent the number of each record after append() returned; the parent kills it and counts.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <set>
#include <thread>

#include "journal/journal_test.hpp"

namespace tollgate::journal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string numbered(int round, int writer, int number) {
    return std::to_string(round) + "/" + std::to_string(writer) + "/" + std::to_string(number) +
           "/" + std::string(static_cast<std::size_t>(number % 301), 'k');
}

struct Acknowledged {
    int writer = 0, number = 0;
};

// The child: appends by two threads until it is killed, shipping some meanwhile.
[[noreturn]] void run_child(const std::string& directory, int round, int acknowledgements) {
    auto journal = Journal::open(small_options(directory));
    if (!journal.ok()) _exit(3);
    const auto append = [&](int number_of_writer) {
        auto writer = (*journal)->writer();
        for (int i = 0; i < 200'000; ++i) {
            if (!writer->append(numbered(round, number_of_writer, i)).ok()) _exit(4);
            const Acknowledged done{number_of_writer, i};
            if (::write(acknowledgements, &done, sizeof done) != sizeof done) _exit(5);
        }
        for (;;) ::pause();
    };
    std::thread first(append, 0);
    std::thread second(append, 1);
    for (;;) ::pause();
}

TEST(JournalCrash, KilledAtRandom_EveryAppendThatReturnedIsRecovered) {
    const TestDirectory directory;
    std::mt19937 random(20261121);
    std::set<std::string> got;
    std::set<std::string> acknowledged;
    for (int round = 0; round < 25; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            run_child(directory.path(), round, ends[1]);
        }
        ::close(ends[1]);
        std::thread killer([child, patience = microseconds(2000 + random() % 30'000)] {
            std::this_thread::sleep_for(patience);
            ::kill(child, SIGKILL);
        });
        Acknowledged done;
        while (::read(ends[0], &done, sizeof done) == sizeof done) {
            acknowledged.insert(numbered(round, done.writer, done.number));
        }
        killer.join();
        int how = 0;
        ::waitpid(child, &how, 0);
        ASSERT_TRUE(WIFSIGNALED(how)) << how;
        ::close(ends[0]);

        auto journal = open_journal(small_options(directory.path()));
        // Some rounds leave a part for the next process, as a killed shipper does.
        const std::size_t batches = round % 3 == 0 ? 2 : 1'000'000;
        for (std::size_t i = 0; i < batches; ++i) {
            auto batch = journal->next_batch(50);
            if (batch->records.empty()) break;
            for (auto& text : batch->records) {
                ASSERT_TRUE(got.insert(text).second) << "twice: " << text;
            }
            journal->shipped(*batch);
        }
        EXPECT_EQ(journal->status().damaged, 0u);
    }
    auto journal = open_journal(small_options(directory.path()));
    for (auto& text : ship_all(*journal)) got.insert(text);
    EXPECT_GT(acknowledged.size(), 1000u);
    for (const auto& text : acknowledged) ASSERT_TRUE(got.contains(text)) << text;
    // Beyond those, at most the append in flight of each of two threads per round.
    EXPECT_LE(got.size(), acknowledged.size() + 2 * 25);
    journal.reset();
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(JournalCrash, FullDisk_IsARefusalAndLosesNothing) {
    const TestDirectory directory;
    std::filesystem::create_directories(directory.path());
    if (::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=300k") != 0) {
        GTEST_SKIP() << "needs to mount a tmpfs: run as root";
    }
    std::size_t accepted = 0;
    {
        JournalOptions options = small_options(directory.path() + "/journal");
        options.reserve_bytes = 8 * 1024;
        auto journal = open_journal(options);
        auto writer = journal->writer();
        const std::string text(700, 'd');
        while (writer->has_room() && accepted < 2000) {
            ASSERT_TRUE(writer->append(text).ok());
            ++accepted;
        }
        EXPECT_GT(accepted, 150u);
        EXPECT_LT(accepted, 500u);
        while (writer->append(text).ok() && accepted < 2000) ++accepted;
        auto refused = writer->append(text);
        ASSERT_FALSE(refused.ok());
        EXPECT_NE(refused.error().message.find("No space left on device"), std::string::npos);
        EXPECT_FALSE(writer->has_room());
        EXPECT_EQ(ship_all(*journal).size(), accepted);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!writer->has_room() && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(milliseconds(5));
        }
        EXPECT_TRUE(writer->append(text).ok());
        EXPECT_EQ(ship_all(*journal).size(), 1u);
        writer.reset();
    }
    EXPECT_EQ(::umount(directory.path().c_str()), 0);
}

}  // namespace
}  // namespace tollgate::journal
