#include "app/active_checks.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace tollgate::app {
namespace {

using domain::HealthCheck;
using namespace std::chrono_literals;

// One process with accounts that a fake answers for; the clock is the test's.
class ActiveChecksTest : public testing::Test {
protected:
    ActiveChecksTest() {
        ActiveChecks::Parts parts{gateway, loop, registry};
        parts.probe = [this](net::Loop&, gateway::EndpointPointer endpoint, HealthCheck mode,
                             std::chrono::milliseconds patience, net::CancelScope* scope) {
            return answer(std::move(endpoint), mode, patience, scope);
        };
        checks.emplace(std::move(parts));
    }
    net::Task<domain::ProviderProbe> answer(gateway::EndpointPointer endpoint, HealthCheck mode,
                                            std::chrono::milliseconds, net::CancelScope*) {
        asked.push_back(endpoint->deployment.account);
        modes.push_back(mode);
        under_way += 1;
        most_under_way = std::max(most_under_way, under_way);
        co_await net::sleep_for(takes);
        under_way -= 1;
        domain::ProviderProbe probe;
        probe.works = error_class == domain::ErrorClass::none;
        probe.status = 200;
        probe.error_class = error_class;
        probe.message = probe.works ? "" : "its words";
        co_return probe;
    }
    void serve(const std::vector<std::string>& accounts) {
        auto snapshot = std::make_shared<gateway::Snapshot>();
        snapshot->health_checks = {true, false, 300s, 10s};
        for (const std::string& account : accounts) {
            auto made = std::make_shared<gateway::Endpoint>();
            made->deployment.provider.type = "openai";
            made->deployment.model_name = "m";
            made->deployment.account = account;
            made->key = "openai/m@" + account;
            made->health = healths.try_emplace(
                account, std::make_shared<gateway::EndpointHealth>()).first->second;
            snapshot->endpoints.push_back(std::move(made));
        }
        gateway.publish(std::move(snapshot));
        look(now);  // it is known now, and due within 15 s
    }
    // Looks once at that time and lets what began end.
    void look(net::Instant at) {
        bool looked = false;
        loop.post([&] {
            checks->look(at);
            looked = true;
        });
        for (int turns = 0; turns < 1000 && !(looked && checks->idle()); ++turns) {
            loop.run_once(5);
        }
        ASSERT_TRUE(looked && checks->idle());
    }
    double count(const std::string& result) {
        return static_cast<double>(registry
                                       .counter("tollgate_provider_checks_total",
                                                "Active checks of providers, by what they found",
                                                {"provider", "result"})
                                       .with({"openai", result})
                                       .value());
    }

    base::Registry registry;
    gateway::Gateway gateway{registry, {}};
    net::Loop loop;
    std::map<std::string, std::shared_ptr<gateway::EndpointHealth>> healths;
    std::optional<ActiveChecks> checks;
    std::vector<std::string> asked;
    std::vector<HealthCheck> modes;
    std::chrono::milliseconds takes{1};
    int under_way = 0, most_under_way = 0;
    domain::ErrorClass error_class = domain::ErrorClass::none;
    net::Instant now = net::Clock::now();
};

TEST_F(ActiveChecksTest, EachAccountIsAskedOnceInAnInterval_SpreadOverTheBeginning) {
    serve({"a", "b", "c"});
    EXPECT_LT(asked.size(), 3u) << "not all at once";
    look(now + 16s);
    std::sort(asked.begin(), asked.end());
    EXPECT_EQ(asked, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(modes.front(), HealthCheck::models);
    look(now + 250s);
    EXPECT_EQ(asked.size(), 3u) << "what was found holds for the interval";
    look(now + 350s);
    EXPECT_EQ(asked.size(), 6u);
    EXPECT_EQ(count("works"), 6);
}

TEST_F(ActiveChecksTest, ManyAccounts_FourAtATime_AndNeverTwiceTheSame) {
    serve({"a", "b", "c", "d", "e", "f", "g"});
    takes = std::chrono::milliseconds(20);
    for (int turns = 0; turns < 1000 && (asked.size() < 7 || !checks->idle()); ++turns) {
        loop.post([this] { checks->look(now + 20s); });
        loop.run_once(5);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(asked.size(), 7u);
    EXPECT_EQ(most_under_way, 4);
}

TEST_F(ActiveChecksTest, AFailureIsAskedAgainSoon_OpensTheCircuitAndTellsOthers) {
    serve({"a"});
    error_class = domain::ErrorClass::timeout;
    int told = 0;
    gateway.circuit_changed = [&told](const gateway::Endpoint&,
                                      const routing::CircuitChange& change) {
        EXPECT_EQ(change.state, routing::CircuitState::open);
        ++told;
    };
    for (int i = 0; i < 5; ++i) look(now + 16s + i * 6s);
    EXPECT_EQ(asked.size(), 5u);
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(healths["a"]->healthy.load());
    EXPECT_EQ(healths["a"]->last_error, "its words");
    EXPECT_EQ(count("fails"), 5);
}

TEST_F(ActiveChecksTest, ARefusedCredential_OpensAtOnce_AndAnAnswerLetsTheNextRequestTry) {
    serve({"a"});
    error_class = domain::ErrorClass::credential;
    look(now + 16s);
    EXPECT_EQ(healths["a"]->live.view(net::Clock::now()).circuit, routing::CircuitState::open);
    error_class = domain::ErrorClass::none;
    look(now + 40s);
    EXPECT_EQ(asked.size(), 2u);
    EXPECT_EQ(healths["a"]->live.view(net::Clock::now()).circuit,
              routing::CircuitState::half_open);
}

TEST_F(ActiveChecksTest, AReload_ForgetsNoTimes_AndDropsWhoIsGone) {
    serve({"a", "b"});
    look(now + 16s);
    serve({"b"});
    look(now + 30s);
    EXPECT_EQ(asked.size(), 2u);
    look(now + 350s);
    EXPECT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked.back(), "b");
}

}  // namespace
}  // namespace tollgate::app
