#include "commands/hidden_prompt.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>

namespace tollgate::commands {
namespace {

// Nothing that is typed is shown while it lives.
class Hidden {
public:
    Hidden() {
        if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
    }
    ~Hidden() {
        if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;

private:
    termios before_{};
    bool changed_ = false;
};

// The signals that would end the process arrive at a descriptor instead, while it lives.
class HeldSignals {
public:
    HeldSignals() {
        sigset_t ending;
        sigemptyset(&ending);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&ending, signal);
        pthread_sigmask(SIG_BLOCK, &ending, &before_);
        fd_ = signalfd(-1, &ending, SFD_CLOEXEC);
    }
    ~HeldSignals() {
        if (fd_ >= 0) close(fd_);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

    int fd() const { return fd_; }  // -1: ignored by poll, the signals wait
    int take() const {
        signalfd_siginfo info{};
        const ssize_t got = read(fd_, &info, sizeof info);
        return got == sizeof info ? static_cast<int>(info.ssi_signo) : SIGINT;
    }

private:
    sigset_t before_{};
    int fd_ = -1;
};

// The signal that came before the line did; 0: the line can be read. The terminal gives whole
// lines.
int await_line(const HeldSignals& signals) {
    std::array<pollfd, 2> watched{{{STDIN_FILENO, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    while (poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    return (watched[1].revents & POLLIN) != 0 ? signals.take() : 0;
}

}  // namespace

base::Result<std::string> asked_secret(const std::string& question,
                                       const std::string& without_terminal) {
    if (isatty(STDIN_FILENO) != 1) {
        return base::Error{base::ErrorCode::authentication, without_terminal};
    }
    std::string secret;
    int signal = 0;
    {
        const HeldSignals signals;
        const Hidden hidden;
        std::cerr << question << ": " << std::flush;
        signal = await_line(signals);
        if (signal == 0) std::getline(std::cin, secret);
    }
    std::cerr << "\n";
    // As if it had come now: the process ends by it, and its parent sees that.
    if (signal != 0) raise(signal);
    if (secret.empty()) return base::Error{base::ErrorCode::cancelled, "nothing was typed"};
    return secret;
}

}  // namespace tollgate::commands
