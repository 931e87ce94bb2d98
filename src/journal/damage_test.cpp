// Segments that were cut or garbled by something else than us: the rest must come through.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>

#include "journal/crc32c.hpp"
#include "journal/journal_test.hpp"
#include "journal/segment.hpp"

namespace tollgate::journal {
namespace {

constexpr int record_count = 60;

std::string record(int number) {
    return "record " + std::to_string(number) + " " +
           std::string(static_cast<std::size_t>(number * 7 % 90), 'r');
}

// A directory with one segment of 60 records whose owner is gone; its bytes.
std::string abandoned_segment(const TestDirectory& directory) {
    {
        auto journal = open_journal(small_options(directory.path()));
        auto writer = journal->writer();
        for (int i = 0; i < record_count; ++i) EXPECT_TRUE(writer->append(record(i)).ok());
        writer.reset();
    }
    std::ifstream file(directory.files(".journal").at(0), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Outcome {
    std::vector<std::string> records;
    std::uint64_t damaged = 0;
    bool clean = false;
};

Outcome recover(const TestDirectory& directory, const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    Outcome outcome;
    auto journal = open_journal(small_options(directory.path()));
    outcome.records = ship_all(*journal, 7);
    outcome.damaged = journal->status().damaged;
    journal.reset();
    outcome.clean = directory.files(".journal").empty() && directory.files(".lock").empty();
    return outcome;
}

// Where record `number` begins and the last one ends.
std::size_t place_of(int number) {
    std::size_t at = segment_header_bytes;
    for (int i = 0; i < number; ++i) at += record_space(record(i).size());
    return at;
}

TEST(JournalDamage, CutAnywhere_KeepsEveryWholeRecordBefore) {
    const TestDirectory directory;
    const std::string whole = abandoned_segment(directory);
    const std::string path = directory.files(".journal").at(0);
    std::vector<std::size_t> cuts = {0, 1, 100, segment_header_bytes - 1};
    for (std::size_t cut = segment_header_bytes; cut < place_of(4); ++cut) cuts.push_back(cut);
    for (std::size_t cut = place_of(record_count) - 60; cut < place_of(record_count) + 20; ++cut)
        cuts.push_back(cut);
    for (const std::size_t cut : cuts) {
        const Outcome outcome = recover(directory, path, whole.substr(0, cut));
        std::size_t expected = 0;
        while (expected < record_count) {
            const int number = static_cast<int>(expected);
            if (place_of(number) + record_head_bytes + record(number).size() > cut) break;
            ++expected;
        }
        ASSERT_EQ(outcome.records.size(), expected) << "cut at " << cut;
        for (std::size_t i = 0; i < expected; ++i) {
            ASSERT_EQ(outcome.records[i], record(static_cast<int>(i))) << "cut at " << cut;
        }
        ASSERT_TRUE(outcome.clean) << "cut at " << cut;
    }
}

TEST(JournalDamage, OneGarbledByteAnywhere_CostsAtMostItsRecord) {
    const TestDirectory directory;
    const std::string whole = abandoned_segment(directory);
    const std::string path = directory.files(".journal").at(0);
    for (std::size_t at = place_of(10); at < place_of(14); ++at) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x5A);
        const Outcome outcome = recover(directory, path, bytes);
        const std::set<std::string> got(outcome.records.begin(), outcome.records.end());
        std::size_t missing = 0;
        for (int i = 0; i < record_count; ++i) missing += got.contains(record(i)) ? 0 : 1;
        ASSERT_LE(missing, 1u) << "garbled at " << at;
        ASSERT_EQ(outcome.records.size() + missing, static_cast<std::size_t>(record_count));
        ASSERT_EQ(outcome.damaged, missing) << "garbled at " << at;
        ASSERT_TRUE(outcome.clean);
    }
}

TEST(JournalDamage, GarbledHeaderOrCursor_LosesNoRecord) {
    const TestDirectory directory;
    const std::string whole = abandoned_segment(directory);
    const std::string path = directory.files(".journal").at(0);
    for (std::size_t at = 0; at < 1200; at += 3) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0xFF);
        bytes[at + 1] = static_cast<char>(bytes[at + 1] ^ 0xFF);
        const Outcome outcome = recover(directory, path, bytes);
        ASSERT_EQ(outcome.records.size(), static_cast<std::size_t>(record_count)) << at;
        ASSERT_EQ(outcome.damaged, 0u);
    }
}

TEST(JournalDamage, RandomHoles_NeverInventARecord_AndKeepADamagedCopy) {
    const TestDirectory directory;
    const std::string whole = abandoned_segment(directory);
    const std::string path = directory.files(".journal").at(0);
    std::set<std::string> real;
    for (int i = 0; i < record_count; ++i) real.insert(record(i));
    std::mt19937 random(4711);
    for (int round = 0; round < 200; ++round) {
        std::string bytes = whole;
        const std::size_t at = place_of(0) + random() % (place_of(record_count) - place_of(0));
        const std::size_t length = random() % 700;
        for (std::size_t i = at; i < std::min(at + length, bytes.size()); ++i) {
            bytes[i] = static_cast<char>(round % 2 == 0 ? random() : 0);
        }
        const Outcome outcome = recover(directory, path, bytes);
        ASSERT_TRUE(outcome.clean);
        std::set<std::string> got;
        for (const auto& text : outcome.records) {
            ASSERT_TRUE(real.contains(text)) << text;
            ASSERT_TRUE(got.insert(text).second) << "twice: " << text;
        }
        // Records that lie wholly outside the hole are there.
        for (int i = 0; i < record_count; ++i) {
            const bool before = place_of(i + 1) <= at;
            const bool after = place_of(i) >= at + length;
            if (before || after) ASSERT_TRUE(got.contains(record(i))) << i;
        }
    }
    EXPECT_FALSE(directory.files(".damaged").empty());
}

TEST(JournalDamage, BytesInsideARecordThatLookLikeOne_AreNotTakenForOne) {
    const TestDirectory directory;
    const std::string whole = abandoned_segment(directory);
    // A whole record of another segment, inside a record of this one that is then garbled.
    const std::string planted = whole.substr(place_of(3), place_of(4) - place_of(3));
    std::filesystem::remove(directory.files(".journal").at(0));
    {
        auto journal = open_journal(small_options(directory.path()));
        auto writer = journal->writer();
        ASSERT_TRUE(writer->append(planted).ok());
        ASSERT_TRUE(writer->append("sound").ok());
        writer.reset();
    }
    const std::string path = directory.files(".journal").at(0);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(segment_header_bytes + 8));
    file.put('?');
    file.close();
    auto journal = open_journal(small_options(directory.path()));
    EXPECT_EQ(ship_all(*journal), std::vector<std::string>{"sound"});
    EXPECT_EQ(journal->status().damaged, 1u);
}

TEST(JournalDamage, SegmentOfALaterVersion_IsLeftAlone) {
    const TestDirectory directory;
    const std::string path = directory.path() + "/0123456789abcdef-0000000001.journal";
    std::filesystem::create_directories(directory.path());
    {
        auto segment = Segment::create(path, 64 * 1024);
        ASSERT_TRUE(segment.ok()) << segment.error().message;
        ASSERT_TRUE((*segment)->append("from the future", coarse_unix_ms()));
    }
    {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        std::string header(36, '\0');
        file.read(header.data(), 36);
        header[8] = static_cast<char>(segment_format_version + 1);
        const std::uint32_t crc = crc32c(0, header);
        file.seekp(0);
        file.write(header.data(), 36);
        file.write(reinterpret_cast<const char*>(&crc), sizeof crc);
    }
    auto journal = open_journal(small_options(directory.path()));
    EXPECT_TRUE(ship_all(*journal).empty());
    journal.reset();
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Segment, PagesMadeReady_HoldWhatIsWrittenAndNothingElse) {
    const TestDirectory directory;
    std::filesystem::create_directories(directory.path());
    const std::string path = directory.path() + "/0123456789abcdef-0000000001.journal";
    auto segment = Segment::create(path, 64 * 1024);
    ASSERT_TRUE(segment.ok()) << segment.error().message;
    const std::string record(5'000, 'x');
    std::size_t written = 0;
    // Also far beyond the segment's end, and where it is full.
    do {
        (*segment)->prepare_pages(1024 * 1024);
    } while ((*segment)->append(record, coarse_unix_ms()) && ++written < 100);
    EXPECT_EQ(written, (64u * 1024 - segment_header_bytes) / record_space(record.size()));
    (*segment)->prepare_pages(1024 * 1024);
    std::size_t read = 0;
    for (std::size_t at = segment_header_bytes; at < (*segment)->committed(); ++read) {
        const SegmentItem item = (*segment)->read(at);
        ASSERT_EQ(item.kind, SegmentItem::Kind::record);
        ASSERT_EQ(item.bytes, record);
        at = item.next;
    }
    EXPECT_EQ(read, written);
}

}  // namespace
}  // namespace tollgate::journal
