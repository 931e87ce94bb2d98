// Secrets kept in small files of the data directory: read whole, written whole or not at all,
// wiped from memory when done with. Thread-safe: no state of its own; two writers of one file need
// a lock of theirs.
#pragma once
#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace tollgate::policy {

constexpr std::size_t secret_file_bytes_max = 64 * 1024;

// A text that is wiped when it is done with. REQUIRES of whoever lets it grow: reserve() first, for
// growing leaves copies behind.
class SecretText {
public:
    SecretText() = default;
    explicit SecretText(std::string of) : text(std::move(of)) {}
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText();
    std::string text;
};

// What the file is, for those who read of a trouble with it.
struct SecretFileWords {
    const char* what;                  // "installation key": errors begin with it
    const char* instead;               // the variable that may be set instead of the file
    const char* readable_by_others;    // the event that is logged of a file open to others
};

// Fails: unavailable, with the reason; `absent` tells of a file that is not there. A file of more
// than secret_file_bytes_max is refused, not cut.
base::Result<void> read_secret_file(const std::string& path, const SecretFileWords& words,
                                    SecretText& into, bool& absent);

enum class IfThere : bool { keep, replace };
// Durable when it returns; readable by its owner alone. IfThere::keep: a file that another process
// made meanwhile stays, and that is no failure. Fails: unavailable, with the reason.
base::Result<void> write_secret_file(const std::string& path, const SecretFileWords& words,
                                     const SecretText& text, IfThere there);

}  // namespace tollgate::policy
