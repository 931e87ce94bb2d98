#include "store/postgres_db.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/ids.hpp"
#include "store/failed_session.hpp"
#include "store/postgres_pool.hpp"
#include "store/postgres_watch.hpp"
#include "store/store_threads.hpp"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;

// Serialization failures and deadlocks in a row before the caller is told.
constexpr int collisions_max = 5;

class PostgresSession final : public FailedSession {
public:
    explicit PostgresSession(PostgresConnection& connection) : connection_(connection) {}
    Dialect dialect() const override { return Dialect::postgres; }

private:
    base::Result<std::int64_t> do_execute(std::string_view sql,
                                          std::span<const Parameter> parameters) override {
        return connection_.execute(sql, parameters);
    }
    base::Result<void> do_each(
        std::string_view sql, std::span<const Parameter> parameters,
        const std::function<base::Result<void>(const Row&)>& use) override {
        return connection_.each(sql, parameters, use);
    }
    base::Result<void> do_script(std::string_view sql) override { return connection_.script(sql); }

    PostgresConnection& connection_;
};

enum class Again : std::uint8_t { no, lost, collided };
struct Outcome {
    base::Result<void> result;
    Again again = Again::no;
};

// A connection taken from the pool, inside a transaction until it is committed.
class Lease {
public:
    Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease() {
        const bool lost = connection_->trouble() == PostgresTrouble::lost;
        if (open_ && !lost) static_cast<void>(connection_->script("ROLLBACK", false));
        pool_.give_back(std::move(connection_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    PostgresConnection& connection() { return *connection_; }
    base::Result<void> begin(const Access& access, bool write) {
        TRY_VOID(connection_->begin(access, write));
        open_ = true;
        return {};
    }
    base::Result<void> commit() {
        open_ = false;
        return connection_->script("COMMIT", false);
    }
    Again again() const {
        switch (connection_->trouble()) {
            case PostgresTrouble::lost: return Again::lost;
            case PostgresTrouble::again: return Again::collided;
            default: return Again::no;
        }
    }

private:
    PostgresPool& pool_;
    std::unique_ptr<PostgresConnection> connection_;
    bool open_ = false;
};

class PostgresDb final : public Db {
public:
    explicit PostgresDb(const PostgresOptions& options)
        : options_(options),
          stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          settings_{options.url, options.connect_timeout, options.answer_timeout, stop_fd_},
          pool_(settings_, options.connections, options.metrics),
          threads_(options.connections, options.metrics) {}
    ~PostgresDb() override {
        const std::uint64_t one = 1;
        static_cast<void>(::write(stop_fd_, &one, sizeof one));
        threads_.stop();
        watch_.reset();
        ::close(stop_fd_);
    }

    Dialect dialect() const override { return Dialect::postgres; }

    base::Result<void> transact(const Access& access, bool write, const Work& work) override {
        const auto began = Clock::now();
        base::Result<void> result = persist(access, write, work);
        if (access.owner) pool_.forget_idle();  // the role may be there now, and the tables differ
        if (options_.metrics != nullptr) {
            const std::chrono::duration<double> took = Clock::now() - began;
            (write ? options_.metrics->write_seconds : options_.metrics->read_seconds)
                .observe(took.count());
            if (!result.ok() && is_fault(result.error())) options_.metrics->failures.add();
        }
        return result;
    }

    net::Task<base::Result<void>> run(net::Loop& loop, Access access, bool write, Work work,
                                      net::Patience patience) override {
        return threads_.run(
            loop,
            [this, access = std::move(access), write, work = std::move(work)] {
                return transact(access, write, work);
            },
            patience);
    }

    void watch_changes(Changed changed, Heard heard) override {
        watch_ = std::make_unique<PostgresWatch>(settings_, options_.look_every,
                                                 std::move(changed), std::move(heard));
    }

    std::string trouble() const override { return pool_.trouble(); }

private:
    // Tries again while that may help: the server is back soon, or the collision was of two.
    base::Result<void> persist(const Access& access, bool write, const Work& work) {
        std::optional<Clock::time_point> until;
        for (int collisions = 0;;) {
            Outcome outcome = once(access, write, work);
            if (outcome.again == Again::no) return std::move(outcome.result);
            if (outcome.again == Again::collided && ++collisions >= collisions_max) {
                return std::move(outcome.result);
            }
            if (!until) until = Clock::now() + options_.patience;
            if (!pause(outcome.again, collisions, *until)) return std::move(outcome.result);
            if (options_.metrics != nullptr) options_.metrics->retries.add();
        }
    }

    // False when there is no time left, or the store is stopping.
    bool pause(Again why, int collisions, Clock::time_point until) {
        const auto now = Clock::now();
        if (now >= until) return false;
        auto wait = std::chrono::milliseconds{0};
        if (why == Again::collided) {
            wait = std::chrono::milliseconds(1 + base::random_u64() % (10U << collisions));
        } else if (const auto next = pool_.next_attempt(); next > now) {
            wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(next, until) - now);
        }
        pollfd stopping{stop_fd_, POLLIN, 0};
        return ::poll(&stopping, 1, static_cast<int>(wait.count())) == 0;
    }

    Outcome once(const Access& access, bool write, const Work& work) {
        auto taken = pool_.take(options_.connect_timeout);
        if (!taken.ok()) {
            const bool away = taken.error().code == base::ErrorCode::unavailable &&
                              !pool_.trouble().empty();
            return {taken.error(), away ? Again::lost : Again::no};
        }
        Lease lease(pool_, std::move(taken).value());
        if (auto begun = lease.begin(access, write); !begun.ok()) return {begun, lease.again()};
        PostgresSession session(lease.connection());
        base::Result<void> result = work(session);
        if (session.failed()) {
            if (result.ok()) result = *session.failed();
            return {result, lease.again()};
        }
        if (!result.ok()) return {result, Again::no};
        auto committed = lease.commit();
        if (committed.ok() || !write) return {{}, Again::no};
        if (lease.again() == Again::collided) return {committed, Again::collided};
        if (lease.again() == Again::lost) {
            // Nobody knows whether it was done; doing it twice could be wrong.
            committed.error().message += "; the connection was lost while committing, so it may "
                                         "have been done";
        }
        return {committed, Again::no};
    }

    const PostgresOptions options_;
    const int stop_fd_;
    const ConnectionSettings settings_;
    PostgresPool pool_;
    StoreThreads threads_;
    std::unique_ptr<PostgresWatch> watch_;
};

// In words, without the password that may stand in the URL.
base::Result<void> check_url(const std::string& url) {
    char* problem = nullptr;
    PQconninfoOption* options = PQconninfoParse(url.c_str(), &problem);
    if (options != nullptr) {
        PQconninfoFree(options);
        return {};
    }
    PQfreemem(problem);
    return base::invalid(
        "the database's URL cannot be read; it is like "
        "postgres://user:password@host:5432/name?sslmode=verify-full, with %XX for special "
        "characters in user and password",
        "stores.database");
}

}  // namespace

base::Result<std::unique_ptr<Db>> open_postgres(const PostgresOptions& options) {
    TRY_VOID(check_url(options.url));
    return std::unique_ptr<Db>(std::make_unique<PostgresDb>(options));
}

}  // namespace tollgate::store
