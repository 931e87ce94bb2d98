// A folder of its own for a test, gone with everything in it at its end.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace tollgate::base {

class TemporaryFolder {
public:
    TemporaryFolder() {
        // mkdtemp() puts a name that is free in the place of the six letters.
        path = testing::TempDir() + "tollgate-" + std::string(6, 'X');
        if (mkdtemp(path.data()) == nullptr) ADD_FAILURE() << "no folder like " << path;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string path;
};

}  // namespace tollgate::base
