// A server with every admin route over a new database, and a client that blocks. Two tenants, acme
// and globex, each with a team, an admin, an auditor and two members, one key per user; the master
// key beside them. Keys of people are found in the database by their hash, as the directory does.
#pragma once
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "admin/routes.hpp"
#include "http/server.hpp"
#include "net/connect.hpp"
#include "policy/check_key.hpp"
#include "policy/key_format.hpp"
#include "store/keys.hpp"
#include "store/stores_test.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/users.hpp"

namespace tollgate::admin {

inline const std::string master_key = "sk-master-of-the-tests";

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    json::Document document;
    json::Value json;  // of the body, absent when it is none
    // A member's text, or as it is spelled.
    std::string operator[](std::string_view name) const { return text_of(json[name]); }
    static std::string text_of(json::Value value) {
        return value.is_string() ? value.text() : std::string(value.raw());
    }
    std::string error(std::string_view name) const { return text_of(json["error"][name]); }
};

class FakeConfiguration : public ConfigurationService {
public:
    std::string show() override { return "server:\n  listen: 127.0.0.1:4000\n"; }
    std::string file() override { return "/etc/tollgate/tollgate.yaml"; }
    Check check(std::string_view yaml) override {
        if (yaml.find("bad") == std::string_view::npos) return {true, {}};
        config::Problem problem;
        problem.file = "request";
        problem.line = 1;
        problem.message = "is bad";
        return {false, {problem}};
    }
    base::Result<Reload> reload() override {
        ++reloads;
        if (broken) return base::invalid("tollgate.yaml:3:1: error: server.listen: is bad");
        return Reload{7, "server.listen"};
    }
    std::atomic<int> reloads{0};
    std::atomic<bool> broken{false};
};

// Providers as they answer to good and bad keys, without a network.
class FakeProviders : public ProviderService {
public:
    net::Task<domain::ProviderProbe> probe(net::Loop&, ProviderTarget target,
                                           net::CancelScope*) override {
        ++probes;
        domain::ProviderProbe answer;
        answer.status = 200;
        answer.works = true;
        answer.latency = std::chrono::milliseconds(12);
        if (target.api_key.find("bad") != std::string::npos) {
            answer = {false, 401, answer.latency, domain::ErrorClass::credential,
                      "Incorrect API key provided"};
        }
        if (target.api_key.find("down") != std::string::npos) {
            answer = {false, 0, answer.latency, domain::ErrorClass::timeout, "no answer"};
        }
        co_return answer;
    }
    net::Task<base::Result<std::vector<domain::OfferedModel>>> offered(
        net::Loop&, ProviderTarget target, net::CancelScope*) override {
        if (target.api_key.find("bad") != std::string::npos) {
            co_return base::Error{base::ErrorCode::provider, "Incorrect API key provided"};
        }
        co_return list;
    }
    base::Result<void> check(const domain::ProviderRow& provider) const override {
        for (const char* type : {"openai", "anthropic", "groq", "openrouter"}) {
            if (provider.type == type) return {};
        }
        return base::invalid("the provider '" + provider.type + "' is not known", "type");
    }
    std::string cheapest_model(std::string_view type) const override {
        return type == "openrouter" ? "" : "small-model";
    }
    std::atomic<int> probes{0};
    std::vector<domain::OfferedModel> list;  // set before it is asked
};

class AdminTest : public store::OnBothStores {
protected:
    void SetUp() override {
        store::OnBothStores::SetUp();
        if (HasFatalFailure() || IsSkipped()) return;
        installation_.emplace(
            std::move(policy::InstallationKey::of("0123456789abcdef0123456789abcdef")).value());
        for (const char* tenant : {"acme", "globex"}) add_company(tenant);
        services_.reset(new Services{
            db(), *installation_,
            [this](const http::Headers& headers, const std::string& address,
                   const std::string& path) { return who(headers, {path, address}); },
            [](const std::string&) { return policy::LiveBudgetPointer(); },
            [this] { return snapshot_; },
            [this] { return directory_; },
            [] { return std::vector<ServiceHealth>{{"database", ""}}; }, configuration_, true});
        services_->vault = std::make_shared<policy::KeyVault>(
            std::move(policy::KeyVault::of(crypto::FernetKey::make_text())).value());
        services_->providers = &providers_;
        services_->explain = explained;
        add_routes(router_, *services_);
        router_.set_fallback(nothing_here);
        server_.emplace(loop_, router_, http::ServerLimits{});
        auto fd = net::listen(*net::parse_address("127.0.0.1:0"), 64);
        port_ = net::bound_port(*fd);
        server_->serve(*fd, nullptr);
        thread_ = std::thread([this] { loop_.run(); });
    }
    void TearDown() override {
        if (thread_.joinable()) {
            for (int i = 0; i < 500 && connections() > 0; ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                on_loop([this] { server_->cancel_all(); });
            }
            on_loop([this] { server_->stop_accepting(); });
            loop_.stop();
            thread_.join();
        }
        store::OnBothStores::TearDown();
    }

    // Sends and waits for the whole answer. `extra` are header lines, each with its CR LF.
    std::unique_ptr<Answer> ask(const std::string& method, const std::string& target,
                                const std::string& key, const std::string& body = "",
                                const std::string& extra = "") {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        const timeval patience{20, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        std::string request = method + " " + target + " HTTP/1.1\r\nhost: test\r\n";
        if (!key.empty()) request += "authorization: Bearer " + key + "\r\n";
        request += extra + "connection: close\r\ncontent-length: " + std::to_string(body.size()) +
                   "\r\n\r\n" + body;
        EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
        std::string all;
        char buffer[65536];
        for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
            all.append(buffer, static_cast<std::size_t>(got));
        }
        close(fd);
        return parse(all);
    }

    // The key of a person: "acme/admin", "globex/member", ...
    const std::string& key_of(const std::string& who) { return keys_.at(who).secret; }
    const domain::Key& stored_key(const std::string& who) { return keys_.at(who).key; }
    std::string user_of(const std::string& who) { return keys_.at(who).key.user; }
    std::string tenant_id(const std::string& name) { return tenants_.at(name); }
    std::string team_id(const std::string& name) { return teams_.at(name); }
    FakeConfiguration& configuration() { return configuration_; }
    FakeProviders& providers() { return providers_; }
    // What is served: nothing until a test asks for this, before its first request.
    gateway::Snapshot& snapshot() {
        if (snapshot_ == nullptr) {
            snapshot_ = std::make_shared<gateway::Snapshot>();
            snapshot_->priced_model = [](std::string_view) { return nullptr; };
        }
        return *snapshot_;
    }
    // An experiment of every tenant's.
    static domain::ExperimentSpec experiment(const std::string& name) {
        domain::ExperimentSpec spec;
        spec.id = spec.name = name;
        spec.models = {"fast"};
        spec.arms = {{"now", "a", 1}, {"new", "b", 1}};
        return spec;
    }
    // Names that requests may ask for.
    void serve_models(const std::vector<std::string>& names,
                      std::vector<routing::AliasInput> aliases = {}) {
        routing::NamesInput input;
        for (const std::string& name : names) {
            input.groups.emplace_back();
            input.groups.back().name = name;
        }
        input.aliases = std::move(aliases);
        std::vector<std::string> complaints;
        snapshot().names = routing::Names(std::move(input), complaints);
        EXPECT_TRUE(complaints.empty());
    }
    // Empty unless a test fills it, before the first request that needs it.
    gateway::Directory& directory() { return *directory_; }
    // Before the first request that needs it.
    std::shared_ptr<policy::KeyVault>& vault() { return services_->vault; }
    std::int64_t audit_rows(const std::string& action) {
        const store::Parameter wanted[] = {std::string_view(action)};
        return number("SELECT COUNT(*) FROM audit_log WHERE action = $1", wanted);
    }
    std::int64_t version() { return number("SELECT version FROM changes"); }

private:
    struct Person {
        std::string secret;
        domain::Key key;
    };

    static net::Task<void> nothing_here(http::Exchange& exchange) {
        auto sent = co_await exchange.respond(exchange.path_known() ? 405 : 404, "text/plain", "");
        (void)sent;
    }
    void on_loop(const std::function<void()>& work) {
        std::atomic<bool> done{false};
        loop_.post([&] {
            work();
            done = true;
            done.notify_one();
        });
        done.wait(false);
    }
    std::size_t connections() {
        std::size_t count = 0;
        on_loop([&] { count = server_->connections(); });
        return count;
    }
    static std::unique_ptr<Answer> parse(std::string_view all) {
        auto answer = std::make_unique<Answer>();
        const std::size_t end = all.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            ADD_FAILURE() << "no whole answer: " << all;
            return answer;
        }
        answer->status = std::stoi(std::string(all.substr(9, 3)));
        std::string_view head = all.substr(0, end + 2);
        head.remove_prefix(head.find("\r\n") + 2);
        while (!head.empty()) {
            const std::string_view line = head.substr(0, head.find("\r\n"));
            head.remove_prefix(line.size() + 2);
            std::string name(line.substr(0, line.find(':')));
            for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
            answer->headers[name] = line.substr(std::min(line.size(), name.size() + 2));
        }
        answer->body = all.substr(end + 4);
        if (answer->headers["transfer-encoding"] == "chunked") unchunk(answer->body);
        auto parsed = answer->document.parse(answer->body);
        if (parsed.ok()) answer->json = *parsed;
        return answer;
    }
    static void unchunk(std::string& body) {
        std::string plain;
        for (std::size_t at = 0; at < body.size();) {
            const std::size_t line = body.find("\r\n", at);
            const std::size_t size = std::stoul(body.substr(at, line - at), nullptr, 16);
            if (size == 0) break;
            plain += body.substr(line + 2, size);
            at = line + 2 + size + 2;
        }
        body = plain;
    }
    // Says whose request would be decided, and what the question was.
    static net::Task<base::Result<std::string>> explained(const gateway::KeyPolicy& policy,
                                                          std::string_view body) {
        std::string out;
        json::Writer(out)
            .begin_object()
            .string("user", policy.user)
            .string("tenant", policy.tenant)
            .raw("question", body)
            .end_object();
        co_return out;
    }
    // What the directory of the gateway does, straight from the database.
    base::Result<domain::Principal> who(const http::Headers& headers, const policy::KeyUse& use) {
        const std::string_view given = headers.get("authorization");
        const std::string secret(given.substr(std::min<std::size_t>(7, given.size())));
        domain::Principal principal;
        if (secret == master_key) {
            principal.platform_admin = true;
            principal.key_name = "master";
            return principal;
        }
        const std::string hash = policy::hash_of(*installation_, secret);
        domain::Key key;
        auto found = db().read(store::Access::everything(), [&](store::Session& session) {
            auto row = store::key_by_hash(session, store::Access::everything(), hash,
                                          store::now_micros());
            if (!row.ok()) return base::Result<void>(row.error());
            key = *row;
            return base::Result<void>();
        });
        if (!found.ok() || key.revoked != 0 || !key.enabled) {
            return base::Error{base::ErrorCode::authentication, "unknown key"};
        }
        TRY(const policy::KeyRules rules, policy::key_rules(key));
        TRY_VOID(policy::check_key(rules, use));
        principal.tenant = key.tenant;
        principal.key_name = key.name;
        principal.key_id = key.id;
        principal.role = key.role;
        principal.team = key.team;
        principal.user = key.user;
        return principal;
    }
    void add_company(const std::string& name) {
        write([&](store::Session& session) -> base::Result<void> {
            const store::Access access = store::Access::everything();
            domain::Tenant tenant;
            tenant.name = name;
            TRY(const domain::Tenant made, store::insert_tenant(session, access, tenant));
            tenants_[name] = made.id;
            domain::Team team;
            team.tenant = made.id;
            team.name = "core";
            TRY(const domain::Team made_team, store::insert_team(session, access, team));
            teams_[name] = made_team.id;
            using domain::AccessRole;
            TRY_VOID(add_person(session, name, "admin", AccessRole::tenant_admin));
            TRY_VOID(add_person(session, name, "auditor", AccessRole::tenant_auditor));
            TRY_VOID(add_person(session, name, "member", AccessRole::member));
            return add_person(session, name, "other", AccessRole::member);
        });
    }
    base::Result<void> add_person(store::Session& session, const std::string& company,
                                  const std::string& name, domain::AccessRole role) {
        const store::Access access = store::Access::everything();
        domain::User user;
        user.tenant = tenants_[company];
        user.team = teams_[company];
        user.name = name;
        user.external_id = company + "-" + name;
        user.role = role;
        TRY(const domain::User made, store::insert_user(session, access, user));
        Person person;
        person.secret = policy::make_key();
        person.key.tenant = user.tenant;
        person.key.team = user.team;
        person.key.user = made.id;
        person.key.name = name;
        person.key.role = role;
        person.key.secret_hash = policy::hash_of(*installation_, person.secret);
        const policy::KeyDisplay display = policy::display_of(person.secret);
        person.key.prefix = display.prefix;
        person.key.last_four = display.last_four;
        TRY(person.key, store::insert_key(session, access, person.key));
        keys_[company + "/" + name] = person;
        return {};
    }

    std::optional<policy::InstallationKey> installation_;
    std::map<std::string, Person> keys_;
    std::map<std::string, std::string> tenants_, teams_;
    FakeConfiguration configuration_;
    FakeProviders providers_;
    std::shared_ptr<gateway::Snapshot> snapshot_;
    std::shared_ptr<gateway::Directory> directory_ = std::make_shared<gateway::Directory>();
    std::unique_ptr<Services> services_;
    net::Loop loop_;
    http::Router router_;
    std::optional<http::Server> server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace tollgate::admin
