#include "credentials/credential_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

extern char** environ;

namespace tollgate::credentials {
namespace {

using base::ErrorCode;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Descriptor {
    int fd = -1;
    ~Descriptor() { close(); }
    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
};

// A child in a process group of its own; killed and waited for in any case.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
    }
    // False when it still runs at `end`.
    bool wait(Clock::time_point end, int& status) {
        constexpr milliseconds step{5};
        while (true) {
            const pid_t done = ::waitpid(pid_, &status, WNOHANG);
            if (done == pid_) {
                ::kill(-pid_, SIGKILL);  // what it left behind
                pid_ = -1;
                return true;
            }
            if (done < 0 && errno != EINTR) return false;
            if (Clock::now() >= end) return false;
            std::this_thread::sleep_for(step);
        }
    }

private:
    pid_t pid_;
};

struct SpawnSettings {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    SpawnSettings(int output) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawnattr_init(&attributes);
        sigset_t none, standard;
        sigemptyset(&none);
        sigemptyset(&standard);
        for (const int each : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) sigaddset(&standard, each);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &standard);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETPGROUP);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

base::Error too_slow(const std::string& name, milliseconds time) {
    return {ErrorCode::unavailable,
            name + " did not end within " + std::to_string(time.count()) + " ms"};
}

base::Result<std::string> read_output(int fd, const std::string& name, milliseconds time,
                                      Clock::time_point end) {
    std::string output;
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
        if (left <= milliseconds(0)) return too_slow(name, time);
        pollfd waiting{fd, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) return too_slow(name, time);
        if (ready <= 0) continue;
        char block[4096];
        const ssize_t count = ::read(fd, block, sizeof block);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return output;
        output.append(block, static_cast<std::size_t>(count));
        if (output.size() > process_output_max) {
            return base::Error{ErrorCode::provider, name + " wrote more than " +
                                                        std::to_string(process_output_max) +
                                                        " bytes"};
        }
    }
}

base::Result<void> well_ended(const std::string& name, int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const std::string how = WIFEXITED(status)
                                ? "exit status " + std::to_string(WEXITSTATUS(status))
                                : "signal " + std::to_string(WTERMSIG(status));
    return base::Error{ErrorCode::provider,
                       name + " ended with " + how + ": run it by hand to see why"};
}

}  // namespace

base::Result<std::vector<std::string>> split_command(std::string_view command) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < command.size(); ++i) {
        const char c = command[i];
        const bool blank = c == ' ' || c == '\t';
        if (c == '\\' && quote != '\'') {
            if (++i == command.size()) return base::invalid("the command ends with a backslash");
            word += command[i];
            in_word = true;
        } else if (quote != 0) {
            if (c == quote) quote = 0;
            else word += c;
        } else if (c == '"' || c == '\'') {
            quote = c;
            in_word = true;
        } else if (!blank) {
            word += c;
            in_word = true;
        } else if (in_word) {
            words.push_back(std::exchange(word, {}));
            in_word = false;
        }
    }
    if (quote != 0) return base::invalid("the command has an open quote");
    if (in_word) words.push_back(std::move(word));
    if (words.empty()) return base::invalid("the command is empty");
    return words;
}

base::Result<std::string> run_command(const std::vector<std::string>& words, milliseconds time) {
    const std::string& name = words.front();
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return base::Error{ErrorCode::unavailable, name + " cannot be started: no pipe"};
    }
    const Descriptor reading{ends[0]};
    Descriptor writing{ends[1]};
    const SpawnSettings settings(writing.fd);
    std::vector<char*> arguments;
    for (const std::string& each : words) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    pid_t pid = -1;
    const int failed = ::posix_spawnp(&pid, name.c_str(), &settings.actions, &settings.attributes,
                                      arguments.data(), environ);
    if (failed != 0) {
        return base::invalid(name + " cannot be started: " +
                             std::generic_category().message(failed));
    }
    Child child(pid);
    writing.close();
    const Clock::time_point end = Clock::now() + time;
    TRY(std::string output, read_output(reading.fd, name, time, end));
    int status = 0;
    if (!child.wait(end, status)) return too_slow(name, time);
    TRY_VOID(well_ended(name, status));
    return output;
}

}  // namespace tollgate::credentials
