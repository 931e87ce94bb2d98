// What the journal's tests share: a directory of their own, and reading all that waits.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "journal/journal.hpp"

namespace tollgate::journal {

class TestDirectory {
public:
    TestDirectory()
        : path_(std::filesystem::temp_directory_path() / ("tollgate-journal-" + base::uuid7())) {}
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;
    ~TestDirectory() { std::filesystem::remove_all(path_); }
    std::string path() const { return path_.string(); }
    std::vector<std::string> files(std::string_view ending) const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(path_)) {
            if (entry.path().string().ends_with(ending)) found.push_back(entry.path().string());
        }
        return found;
    }

private:
    std::filesystem::path path_;
};

inline JournalOptions small_options(const std::string& directory) {
    JournalOptions options;
    options.directory = directory;
    options.segment_bytes = 64 * 1024;
    options.sync_interval = std::chrono::milliseconds(5);
    return options;
}

inline std::unique_ptr<Journal> open_journal(const JournalOptions& options) {
    auto opened = Journal::open(options);
    if (!opened.ok()) {
        ADD_FAILURE() << opened.error().message;
        return nullptr;
    }
    return std::move(opened).value();
}

// Everything that waits, acknowledged.
inline std::vector<std::string> ship_all(Journal& journal, std::size_t count_max = 100) {
    std::vector<std::string> all;
    for (;;) {
        auto batch = journal.next_batch(count_max);
        if (!batch.ok() || batch->records.empty()) return all;
        all.insert(all.end(), batch->records.begin(), batch->records.end());
        journal.shipped(*batch);
    }
}

}  // namespace tollgate::journal
