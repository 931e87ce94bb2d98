// Providers as doctor sees them: name, connection, TLS, credential, one step after the other.
#include <time.h>

#include <chrono>
#include <cstdlib>
#include <set>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "commands/doctor.hpp"
#include "http/client.hpp"
#include "net/connect.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace tollgate::commands {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds step_limit{5'000};
constexpr milliseconds answer_limit{15'000};
constexpr std::size_t answer_bytes_max = 8 * 1024 * 1024;
constexpr std::int64_t clock_skew_seconds_max = 300;

class Stopwatch {
public:
    double milliseconds() const {
        const auto passed = std::chrono::steady_clock::now() - start_;
        return std::chrono::duration<double, std::milli>(passed).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

struct Answer {
    int status = 0;
    std::string date;
    std::string body;
};

// One provider account under examination.
class Examination {
public:
    Examination(net::Loop& loop, http::Client& client, const domain::Deployment& target,
                Checks& checks)
        : loop_(loop), client_(client), target_(target), checks_(checks) {}

    net::Task<void> run() {
        auto origin = http::parse_origin(target_.base_url);
        if (!origin.ok()) {
            add("address", Health::fail, origin.error().message, "correct api_base", -1);
            co_return;
        }
        if (origin->tls) {
            auto context = net::TlsClientContext::make({});
            if (!context.ok()) {
                add("TLS", Health::fail, context.error().message, "install ca-certificates", -1);
                co_return;
            }
            origin->tls_context = std::move(context).value();
        }
        origin_ = std::move(origin).value();
        const bool reachable = co_await reach();
        if (!reachable) co_return;
        if (target_.provider.protocol == domain::Protocol::ollama) {
            co_await ask_ollama();
        } else {
            co_await ask_models();
        }
    }

private:
    void add(const std::string& step, Health health, std::string detail, std::string hint,
             double taken) {
        checks_.push_back({target_.provider.type + ": " + step, health, std::move(detail),
                           std::move(hint), taken});
    }
    net::Patience patience() const {
        return {std::chrono::steady_clock::now() + step_limit, nullptr};
    }

    // DNS, TCP and TLS by themselves, so that the slow or broken one shows.
    net::Task<bool> reach() {
        const Stopwatch names;
        net::Patience wait = patience();
        auto addresses = co_await net::resolve(loop_, origin_.host, origin_.port, wait);
        if (!addresses.ok()) {
            add("DNS", Health::fail, addresses.error().message,
                "check the host name, /etc/resolv.conf and the way out", names.milliseconds());
            co_return false;
        }
        const std::string first = addresses->empty() ? "no address" : addresses->front().text();
        add("DNS", Health::ok, origin_.host + " is " + first, "", names.milliseconds());
        const Stopwatch connecting;
        std::vector<net::Address> found = std::move(addresses).value();
        wait = patience();
        auto stream = co_await net::connect(loop_, std::move(found), wait);
        if (!stream.ok()) {
            const bool local = target_.provider.local;
            add("TCP", Health::fail, stream.error().message,
                local ? "start the server, or correct api_base" : "check firewall and proxy",
                connecting.milliseconds());
            co_return false;
        }
        add("TCP", Health::ok, "connected", "", connecting.milliseconds());
        if (!origin_.tls) co_return true;
        const Stopwatch shaking;
        net::Stream& socket = **stream;
        wait = patience();
        auto secured = co_await origin_.tls_context->handshake(socket, origin_.host, wait);
        if (!secured.ok()) {
            add("TLS", Health::fail, secured.error().message,
                "a proxy with its own certificates needs providers.NAME.ca_file",
                shaking.milliseconds());
            co_return false;
        }
        add("TLS", Health::ok, "certificate verified", "", shaking.milliseconds());
        co_return true;
    }

    std::vector<std::pair<std::string, std::string>> headers() const {
        auto out = target_.provider.headers;
        out.insert(out.end(), target_.extra_headers.begin(), target_.extra_headers.end());
        out.emplace_back("accept", "application/json");
        out.emplace_back("user-agent", "tollgate/" TOLLGATE_VERSION);
        if (target_.api_key.empty()) return out;
        switch (target_.provider.auth) {
            case domain::AuthStyle::bearer:
                out.emplace_back("authorization", "Bearer " + target_.api_key);
                break;
            case domain::AuthStyle::x_api_key:
                out.emplace_back("x-api-key", target_.api_key);
                break;
            case domain::AuthStyle::api_key: out.emplace_back("api-key", target_.api_key); break;
            case domain::AuthStyle::none: break;
        }
        return out;
    }

    net::Task<base::Result<Answer>> get(std::string path) {
        const auto owned = headers();
        std::vector<http::Header> views;
        for (const auto& [name, value] : owned) views.push_back({name, value});
        const std::string target = origin_.base_path + path;
        http::OutgoingRequest request;
        request.method = "GET";
        request.target = target;
        request.headers = views;
        http::Deadlines deadlines;
        deadlines.connect = step_limit;
        deadlines.headers = answer_limit;
        deadlines.idle = answer_limit;
        deadlines.total = std::chrono::steady_clock::now() + 2 * answer_limit;
        http::CallFailure failure = http::CallFailure::none;
        CO_TRY(http::Call call,
               co_await client_.send(origin_, request, deadlines, nullptr, &failure));
        Answer answer;
        answer.status = call.head().status;
        answer.date = std::string(call.head().headers.get("date"));
        CO_TRY(answer.body, co_await call.read_all(answer_bytes_max));
        co_return answer;
    }

    net::Task<void> ask_models() {
        std::string path = target_.provider.models_path;
        // A list that another host serves would examine that host, not this one.
        if (path.empty() || path.find("://") != path.npos) {
            add("authentication", Health::ok, "not tested: this provider lists no models here", "",
                -1);
            co_return;
        }
        const Stopwatch asking;
        auto answer = co_await get(std::move(path));
        if (!answer.ok()) {
            add("authentication", Health::fail, answer.error().message, "see the steps above",
                asking.milliseconds());
            co_return;
        }
        judge(*answer, asking.milliseconds());
        check_date(answer->date);
    }

    void judge(const Answer& answer, double taken) {
        const std::string status = "GET models answered " + std::to_string(answer.status);
        const std::string variable = target_.provider.credential_env.empty()
                                         ? std::string("api_key")
                                         : target_.provider.credential_env.front();
        if (answer.status == 200) {
            json::Document document;
            auto root = document.parse(answer.body);
            const std::size_t count =
                root.ok() ? root->operator[]("data").size() + root->operator[]("models").size() : 0;
            add("authentication", Health::ok,
                "credential accepted, " + std::to_string(count) + " models", "", taken);
        } else if (answer.status == 401 || answer.status == 403) {
            add("authentication", Health::fail, status,
                target_.api_key.empty()
                    ? "no credential is set: " + variable
                    : "the credential is wrong or may not list models: " + variable,
                taken);
        } else if (answer.status == 404 || answer.status == 405) {
            add("authentication", Health::warn, status,
                "not every server has a list; or api_base lacks a part of the path such as /v1",
                taken);
        } else {
            add("authentication", Health::warn, status, "try again later", taken);
        }
    }

    void check_date(const std::string& date) {
        tm parts{};
        if (strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return;
        const std::int64_t skew = base::unix_seconds() - static_cast<std::int64_t>(timegm(&parts));
        if (std::abs(skew) <= clock_skew_seconds_max) return;
        add("clock", Health::warn,
            "differs from ours by " + std::to_string(std::abs(skew)) + " seconds",
            "set the clock: `timedatectl set-ntp true`", -1);
    }

    net::Task<void> ask_ollama() {
        const Stopwatch asking;
        std::string path = "/api/version";
        auto version = co_await get(std::move(path));
        if (!version.ok() || version->status != 200) {
            add("version", Health::fail,
                version.ok() ? "GET /api/version answered " + std::to_string(version->status)
                             : version.error().message,
                "api_base must name Ollama itself, without /v1", asking.milliseconds());
            co_return;
        }
        json::Document document;
        auto root = document.parse(version->body);
        add("version", Health::ok, root.ok() ? root->operator[]("version").text() : "unknown", "",
            asking.milliseconds());
        path = "/api/ps";
        auto loaded = co_await get(std::move(path));
        if (!loaded.ok() || loaded->status != 200) co_return;
        for (Check& check : check_ollama_contexts(target_.provider.type, loaded->body)) {
            checks_.push_back(std::move(check));
        }
    }

    net::Loop& loop_;
    http::Client& client_;
    const domain::Deployment& target_;
    Checks& checks_;
    http::Origin origin_;
};

net::Task<void> examine_all(net::Loop& loop, http::Client& client,
                            const std::vector<domain::Deployment>& deployments, Checks& checks) {
    // Whatever happens here, the loop ends.
    struct Stop {
        net::Loop& loop;
        ~Stop() { loop.stop(); }
    } const stop{loop};
    std::set<std::pair<std::string, std::string>> seen;
    for (const domain::Deployment& target : deployments) {
        if (target.provider.echo || !seen.insert({target.base_url, target.api_key}).second)
            continue;
        Examination examination(loop, client, target, checks);
        co_await examination.run();
    }
}

}  // namespace

Checks check_providers(const std::vector<domain::Deployment>& deployments) {
    Checks checks;
    net::Loop loop;
    {
        http::Client client(loop);
        net::spawn(examine_all(loop, client, deployments, checks), "doctor");
        loop.run();
    }
    return checks;
}

}  // namespace tollgate::commands
