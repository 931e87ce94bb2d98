#include "store/postgres_watch.hpp"

#include <poll.h>

#include <algorithm>
#include <charconv>

#include "store/changes.hpp"

namespace tollgate::store {
namespace {

constexpr std::chrono::milliseconds pause_first{100}, pause_max{2000};

}  // namespace

PostgresWatch::PostgresWatch(ConnectionSettings settings, std::chrono::milliseconds look_every,
                             Db::Changed changed, Db::Heard heard)
    : settings_(std::move(settings)), look_every_(look_every), changed_(std::move(changed)),
      heard_(std::move(heard)) {
    thread_ = std::thread([this] { run(); });
}

PostgresWatch::~PostgresWatch() { thread_.join(); }

bool PostgresWatch::stopped_within(std::chrono::milliseconds pause) const {
    pollfd watched{settings_.stop_fd, POLLIN, 0};
    return ::poll(&watched, 1, static_cast<int>(pause.count())) > 0;
}

void PostgresWatch::run() {
    auto pause = pause_first;
    while (!stopped_within(std::chrono::milliseconds{0})) {
        auto connection = PostgresConnection::open(settings_);
        if (connection.ok()) {
            pause = pause_first;
            listen(**connection);
        }
        if (stopped_within(pause)) return;
        pause = std::min(pause * 2, pause_max);
    }
}

// Until the connection is lost.
void PostgresWatch::listen(PostgresConnection& connection) {
    // Listening first: a change between the look and the listening would be missed.
    if (!connection.script(std::string("LISTEN ") + changes_channel, false).ok()) return;
    if (heard_ && !connection.script(std::string("LISTEN ") + news_channel, false).ok()) return;
    const auto take = [this](std::string_view channel, std::string_view payload) {
        if (channel == news_channel) {
            if (heard_) heard_(payload);
            return;
        }
        std::int64_t version = -1;
        std::from_chars(payload.data(), payload.data() + payload.size(), version);
        if (version >= 0) tell(version);
    };
    while (true) {
        if (!look(connection).ok()) return;
        const auto next_look = std::chrono::steady_clock::now() + look_every_;
        while (true) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                next_look - std::chrono::steady_clock::now());
            if (left.count() <= 0) break;
            if (!connection.wait_for_notices(left, take).ok()) return;
        }
    }
}

base::Result<void> PostgresWatch::look(PostgresConnection& connection) {
    std::int64_t version = -1;
    auto read = connection.each("SELECT version FROM changes WHERE id = 1", {},
                                [&](const Row& row) -> base::Result<void> {
                                    version = row.integer(0);
                                    return {};
                                });
    if (!read.ok() && connection.trouble() == PostgresTrouble::lost) return read;
    if (version >= 0) tell(version);
    return {};  // no such table yet: looked for again
}

void PostgresWatch::tell(std::int64_t version) {
    if (version == seen_) return;
    seen_ = version;
    changed_(version);
}

}  // namespace tollgate::store
