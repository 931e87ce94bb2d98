// A PostgreSQL server for tests: one per test process, private, in a temporary folder and on a Unix
// socket alone, started when it is first asked for. It ends with the process, however that ends.
// The server refuses to run as root: then it runs as the user postgres.
#pragma once
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::store {

class PostgresServer {
public:
    // Null when there is nothing to start; why_missing() then says it.
    static PostgresServer* get() {
        static const std::unique_ptr<PostgresServer> server = begin();
        return server.get();
    }
    static std::string why_missing() {
        return "PostgreSQL's binaries are not in /usr/lib/postgresql/{15,16,17}/bin "
               "(TOLLGATE_POSTGRES_BIN names another place), or its server did not start";
    }

    ~PostgresServer() {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::string url(const std::string& database, const std::string& user = "postgres") const {
        return "postgres:///" + database + "?host=" + folder_ + "&user=" + user;
    }
    // An empty database, or a copy of `like`.
    std::string make_database(const std::string& like = "template0") {
        const std::string name = "test_" + std::to_string(++databases_);
        run("CREATE DATABASE " + name + " TEMPLATE " + like);
        return name;
    }
    // Statements as the superuser, each for itself, outside of what is tested.
    void run(const std::string& sql, const std::string& database = "postgres") const {
        PGconn* connection = PQconnectdb(url(database).c_str());
        PGresult* result = PQexec(connection, sql.c_str());
        const ExecStatusType status = PQresultStatus(result);
        EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            << sql << ": " << PQerrorMessage(connection);
        PQclear(result);
        PQfinish(connection);
    }

    void start() {
        server_ = spawn({"/postgres", "-D", folder_ + "/data", "-k", folder_, "-h", "",
                         "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
                         "shared_buffers=32MB", "-c", "max_connections=100", "-c",
                         "deadlock_timeout=200ms", "-c", "log_min_messages=fatal"});
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (PQping(url("postgres").c_str()) != PQPING_OK) {
            if (std::chrono::steady_clock::now() > until) return stop();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    // At once, as a crash would.
    void stop() {
        if (server_ <= 0) return;
        ::kill(server_, SIGQUIT);
        ::waitpid(server_, nullptr, 0);
        server_ = 0;
    }
    bool running() const { return server_ > 0; }

private:
    static std::string find_binaries() {
        if (const char* given = std::getenv("TOLLGATE_POSTGRES_BIN")) return given;
        for (const char* version : {"15", "16", "17"}) {
            const std::string folder = std::string("/usr/lib/postgresql/") + version + "/bin";
            if (std::filesystem::exists(folder + "/postgres")) return folder;
        }
        return "";
    }
    static std::unique_ptr<PostgresServer> begin() {
        auto server = std::make_unique<PostgresServer>(Private{});
        server->binaries_ = find_binaries();
        std::array<char, 32> folder{"/tmp/tollgate-postgres-XXXXXX"};
        if (server->binaries_.empty() || ::mkdtemp(folder.data()) == nullptr) return nullptr;
        server->folder_ = folder.data();
        if (::geteuid() == 0) {
            const passwd* user = ::getpwnam("postgres");
            if (user == nullptr ||
                ::chown(server->folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
                return nullptr;
            }
        }
        int status = 1;
        ::waitpid(server->spawn({"/initdb", "-D", server->folder_ + "/data", "-A", "trust", "-U",
                                 "postgres", "-E", "UTF8", "--locale=C", "--no-sync"}),
                  &status, 0);
        if (status != 0) return nullptr;
        server->start();
        if (!server->running()) return nullptr;
        return server;
    }

    pid_t spawn(std::vector<std::string> words) {
        words[0] = binaries_ + words[0];
        if (::geteuid() == 0) {
            const std::vector<std::string> as_postgres = {
                "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
                "--pdeathsig=QUIT"};
            words.insert(words.begin(), as_postgres.begin(), as_postgres.end());
        }
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        const pid_t child = ::fork();
        if (child != 0) return child;
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
        static_cast<void>(::freopen("/dev/null", "w", stdout));
        static_cast<void>(::freopen("/dev/null", "w", stderr));
        if (::chdir("/") != 0) ::_exit(126);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }

    struct Private {};

public:
    explicit PostgresServer(Private) {}

private:
    std::string binaries_, folder_;
    pid_t server_ = 0;
    int databases_ = 0;
};

}  // namespace tollgate::store
