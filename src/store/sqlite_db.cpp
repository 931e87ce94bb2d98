#include "store/sqlite_db.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/failed_session.hpp"
#include "store/sqlite_connection.hpp"
#include "store/store_threads.hpp"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;

class SqliteSession final : public FailedSession {
public:
    explicit SqliteSession(SqliteConnection& connection) : connection_(connection) {}
    Dialect dialect() const override { return Dialect::sqlite; }

private:
    base::Result<std::int64_t> do_execute(std::string_view sql,
                                          std::span<const Parameter> parameters) override {
        return connection_.execute(sql, parameters);
    }
    base::Result<void> do_execute_rows(std::string_view sql, const RowsToWrite& rows) override {
        return connection_.execute_rows(sql, rows);
    }
    base::Result<void> do_each(
        std::string_view sql, std::span<const Parameter> parameters,
        const std::function<base::Result<void>(const Row&)>& use) override {
        return connection_.each(sql, parameters, use);
    }
    base::Result<void> do_script(std::string_view sql) override { return connection_.script(sql); }

    SqliteConnection& connection_;
};

// Rolls back unless it was committed: also when the work throws.
class Transaction {
public:
    explicit Transaction(SqliteConnection& connection) : connection_(connection) {}
    ~Transaction() {
        if (open_) static_cast<void>(connection_.execute("ROLLBACK", {}));
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    base::Result<void> begin(bool write) {
        TRY_VOID(connection_.execute(write ? "BEGIN IMMEDIATE" : "BEGIN", {}));
        open_ = true;
        return {};
    }
    base::Result<void> commit() {
        TRY_VOID(connection_.execute("COMMIT", {}));
        open_ = false;
        return {};
    }

private:
    SqliteConnection& connection_;
    bool open_ = false;
};

class SqliteDb final : public Db {
public:
    explicit SqliteDb(const SqliteOptions& options)
        : options_(options), threads_(options.readers, options.metrics) {}
    ~SqliteDb() override {
        threads_.stop();
        {
            std::lock_guard lock(watch_mutex_);
            stopping_ = true;
        }
        watch_wake_.notify_all();
        if (watcher_.joinable()) watcher_.join();
    }

    base::Result<void> open() {
        TRY(writer_, SqliteConnection::open(options_.path, SqliteMode::writer,
                                            options_.busy_timeout));
        return {};
    }

    Dialect dialect() const override { return Dialect::sqlite; }

    base::Result<void> transact(const Access& /*the repositories' predicates*/, bool write,
                                const Work& work) override {
        const auto began = Clock::now();
        base::Result<void> result = write ? write_with(work) : read_with(work);
        note(result, write, began);
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

    // A file has one instance: there is nobody to be heard.
    void watch_changes(Changed changed, Heard) override {
        watcher_ = std::thread([this, changed = std::move(changed)] { watch(changed); });
    }

    // A connection that somebody uses is left alone.
    void give_back_memory() override {
        if (const std::unique_lock lock(writer_mutex_, std::try_to_lock); lock) {
            writer_->release_memory();
        }
        const std::lock_guard lock(readers_mutex_);
        for (const auto& reader : idle_readers_) reader->release_memory();
    }

    std::string trouble() const override {
        std::lock_guard lock(trouble_mutex_);
        return trouble_;
    }

private:
    static base::Result<void> inside(SqliteConnection& connection, bool write, const Work& work) {
        Transaction transaction(connection);
        TRY_VOID(transaction.begin(write));
        SqliteSession session(connection);
        TRY_VOID(work(session));
        if (session.failed()) return *session.failed();
        return transaction.commit();
    }

    base::Result<void> write_with(const Work& work) {
        std::lock_guard lock(writer_mutex_);
        return inside(*writer_, true, work);
    }

    base::Result<void> read_with(const Work& work) {
        TRY(auto reader, take_reader());
        struct Return {
            SqliteDb& db;
            std::unique_ptr<SqliteConnection>& reader;
            ~Return() { db.give_back(std::move(reader)); }
        } give_back_at_the_end{*this, reader};
        return inside(*reader, false, work);
    }

    base::Result<std::unique_ptr<SqliteConnection>> take_reader() {
        {
            std::unique_lock lock(readers_mutex_);
            const bool got = readers_wake_.wait_for(lock, options_.busy_timeout, [this] {
                return !idle_readers_.empty() || readers_open_ < options_.readers;
            });
            if (!got) {
                return base::Error{base::ErrorCode::unavailable,
                                   "all connections to the database are busy"};
            }
            if (!idle_readers_.empty()) {
                auto reader = std::move(idle_readers_.back());
                idle_readers_.pop_back();
                return reader;
            }
            ++readers_open_;
        }
        auto opened =
            SqliteConnection::open(options_.path, SqliteMode::reader, options_.busy_timeout);
        if (!opened.ok()) give_back(nullptr);
        return opened;
    }

    void give_back(std::unique_ptr<SqliteConnection> reader) {
        {
            std::lock_guard lock(readers_mutex_);
            if (reader) {
                idle_readers_.push_back(std::move(reader));
            } else {
                --readers_open_;
            }
        }
        readers_wake_.notify_one();
    }

    void note(const base::Result<void>& result, bool write, Clock::time_point began) {
        const bool fault = !result.ok() && is_fault(result.error());
        if (fault || result.ok()) {
            std::lock_guard lock(trouble_mutex_);
            trouble_ = fault ? result.error().message : "";
        }
        if (options_.metrics == nullptr) return;
        const std::chrono::duration<double> took = Clock::now() - began;
        (write ? options_.metrics->write_seconds : options_.metrics->read_seconds)
            .observe(took.count());
        if (fault) options_.metrics->failures.add();
    }

    // The file's data version tells cheaply that some other connection has committed something.
    void watch(const std::function<void(std::int64_t version)>& changed) {
        std::unique_ptr<SqliteConnection> connection;
        std::int64_t seen_data = -1, seen_version = -1;
        auto looked = Clock::now();
        std::unique_lock lock(watch_mutex_);
        while (!stopping_) {
            lock.unlock();
            const bool anyway = Clock::now() - looked >= options_.look_anyway;
            const std::int64_t data = number(connection, "PRAGMA data_version");
            if (data != seen_data || anyway) {
                const std::int64_t version = number(connection, "SELECT version FROM changes");
                looked = Clock::now();
                seen_data = data;
                if (version >= 0 && version != seen_version) {
                    seen_version = version;
                    changed(version);
                }
            }
            if (anyway) {
                give_back_memory();
                if (connection) connection->release_memory();
            }
            lock.lock();
            watch_wake_.wait_for(lock, options_.look_every, [this] { return stopping_; });
        }
    }

    // -1 when it cannot be read; then the connection is made anew next time.
    std::int64_t number(std::unique_ptr<SqliteConnection>& connection, std::string_view sql) {
        if (!connection) {
            auto opened =
                SqliteConnection::open(options_.path, SqliteMode::reader, options_.busy_timeout);
            if (!opened.ok()) return -1;
            connection = std::move(opened).value();
        }
        std::int64_t value = -1;
        auto read = connection->each(sql, {}, [&](const Row& row) -> base::Result<void> {
            value = row.integer(0);
            return {};
        });
        if (!read.ok()) connection.reset();
        return value;
    }

    const SqliteOptions options_;
    std::mutex writer_mutex_;
    std::unique_ptr<SqliteConnection> writer_;
    std::mutex readers_mutex_;
    std::condition_variable readers_wake_;
    std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;
    std::size_t readers_open_ = 0;
    mutable std::mutex trouble_mutex_;
    std::string trouble_;
    std::mutex watch_mutex_;
    std::condition_variable watch_wake_;
    bool stopping_ = false;
    std::thread watcher_;
    StoreThreads threads_;
};

}  // namespace

base::Result<std::unique_ptr<Db>> open_sqlite(const SqliteOptions& options) {
    auto db = std::make_unique<SqliteDb>(options);
    TRY_VOID(db->open());
    return std::unique_ptr<Db>(std::move(db));
}

}  // namespace tollgate::store
