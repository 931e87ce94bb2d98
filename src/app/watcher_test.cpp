#include "app/watcher.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/ids.hpp"

namespace tollgate::app {
namespace {

namespace fs = std::filesystem;

class Watching : public testing::Test {
protected:
    Watching() {
        folder_ = fs::path(testing::TempDir()) / ("watcher-" + std::to_string(base::random_u64()));
        fs::create_directories(folder_);
    }
    ~Watching() override { fs::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        return path(name);
    }

    fs::path folder_;
    Watcher watcher_;
};

TEST_F(Watching, UntouchedFiles_HaveNotChanged) {
    watcher_.watch({write("a.yaml", "one"), write("b.yaml", "two")});
    EXPECT_FALSE(watcher_.changed());
    EXPECT_FALSE(watcher_.changed());
}

TEST_F(Watching, NothingToWatch_NeverChanges) {
    EXPECT_FALSE(watcher_.changed());
    watcher_.watch({});
    EXPECT_FALSE(watcher_.changed());
}

TEST_F(Watching, ContentOfAnotherLength_IsAChangeOnce) {
    watcher_.watch({write("a.yaml", "one"), write("b.yaml", "two")});
    write("b.yaml", "three");
    EXPECT_TRUE(watcher_.changed());
    EXPECT_FALSE(watcher_.changed());
}

TEST_F(Watching, TwoFilesChangedTogether_AreOneChange) {
    watcher_.watch({write("a.yaml", "one"), write("b.yaml", "two")});
    write("a.yaml", "longer");
    write("b.yaml", "longer");
    EXPECT_TRUE(watcher_.changed());
    EXPECT_FALSE(watcher_.changed());
}

TEST_F(Watching, SameLengthAtAnotherTime_IsAChange) {
    const std::string file = write("a.yaml", "one");
    watcher_.watch({file});
    fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(2));
    EXPECT_TRUE(watcher_.changed());
}

TEST_F(Watching, FileReplacedByAnEditor_IsAChange) {
    const std::string file = write("a.yaml", "one");
    const auto written = fs::last_write_time(file);
    watcher_.watch({file});
    const std::string other = write("a.yaml.new", "two");
    fs::last_write_time(other, written);  // only the inode tells
    fs::rename(other, file);
    EXPECT_TRUE(watcher_.changed());
}

TEST_F(Watching, LinkThatIsTurned_IsAChange) {
    const std::string old_file = write("old", "one"), new_file = write("new", "two");
    fs::create_symlink(old_file, path("a.yaml"));
    watcher_.watch({path("a.yaml")});
    fs::create_symlink(new_file, path("turned"));
    fs::rename(path("turned"), path("a.yaml"));
    EXPECT_TRUE(watcher_.changed());
}

TEST_F(Watching, FileThatComesOrGoes_IsAChange) {
    watcher_.watch({path("later.yaml")});
    EXPECT_FALSE(watcher_.changed());
    write("later.yaml", "here");
    EXPECT_TRUE(watcher_.changed());
    fs::remove(path("later.yaml"));
    EXPECT_TRUE(watcher_.changed());
    EXPECT_FALSE(watcher_.changed());
}

TEST_F(Watching, FolderInWhichAFileComesOrGoes_IsAChange) {
    watcher_.watch({folder_.string()});
    // An hour ago, so that a coarse clock cannot hide the change.
    fs::last_write_time(folder_, fs::last_write_time(folder_) - std::chrono::hours(1));
    EXPECT_TRUE(watcher_.changed());
    EXPECT_FALSE(watcher_.changed());
    write("tenant.yaml", "id: acme");
    EXPECT_TRUE(watcher_.changed());
}

TEST_F(Watching, WatchingAgain_TakesThePresentAsKnown) {
    const std::string file = write("a.yaml", "one");
    watcher_.watch({file});
    write("a.yaml", "changed");
    watcher_.watch({file});
    EXPECT_FALSE(watcher_.changed());
}

}  // namespace
}  // namespace tollgate::app
