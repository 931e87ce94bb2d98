// A gateway of the tests: answers what a test prepared, in order, and keeps what it was asked.
#pragma once
#include <deque>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "commands/run_action.hpp"

namespace tollgate::commands {

struct Asked {
    std::string method, target, body;
};

class FakeAdministration final : public Administration {
public:
    struct State {
        std::deque<base::Result<AdminReply>> replies;
        std::vector<Asked> asked;
    };
    explicit FakeAdministration(State& state) : state_(state) {}

    base::Result<AdminReply> call(std::string_view method, const std::string& target,
                                  std::string_view body) override {
        state_.asked.push_back({std::string(method), target, std::string(body)});
        if (state_.replies.empty()) {
            return base::Error{base::ErrorCode::internal, "the test has no more answers"};
        }
        auto reply = std::move(state_.replies.front());
        state_.replies.pop_front();
        return reply;
    }
    base::Result<AdminReply> stream(const std::string& target, const Use& use) override {
        TRY(AdminReply reply, call("GET", target, {}));
        if (!reply.ok()) return reply;
        // In two pieces, as a stream comes.
        const std::size_t half = reply.body.size() / 2;
        TRY_VOID(use(std::string_view(reply.body).substr(0, half)));
        if (reply.body.find("the connection breaks here") != std::string::npos) {
            return base::Error{base::ErrorCode::unavailable, "the connection was closed"};
        }
        TRY_VOID(use(std::string_view(reply.body).substr(half)));
        return AdminReply{reply.status, ""};
    }
    const std::string& url() const override { return url_; }

private:
    State& state_;
    const std::string url_ = "https://gateway.example.com";
};

// What was printed, what was asked, and how it ended.
struct Ran {
    int code = -1;
    std::string out, err;
    std::vector<Asked> asked;
};

// The row of the table. REQUIRES: it exists.
inline const Action& action_of(std::string_view noun, std::string_view verb) {
    for (const Noun& one : nouns()) {
        if (one.name != noun) continue;
        for (const Action& action : one.actions) {
            if (action.verb == verb) return action;
        }
    }
    static const Action none{};
    return none;
}

struct Line {
    std::string noun, verb, positional;
    std::vector<std::pair<std::string, std::string>> options = {};  // flag, value
    Output output = Output::table;
    std::size_t rows = 0;
    std::string object_text = {};
};

inline Invocation invocation_of(const Line& line) {
    Invocation made;
    made.action = &action_of(line.noun, line.verb);
    made.positional = line.positional;
    made.output = line.output;
    made.rows = line.rows;
    made.yes = true;
    made.object_text = line.object_text;
    for (const auto& [flag, value] : line.options) {
        for (const Field& field : made.action->fields) {
            if (field.flag == flag) made.given.push_back({&field, value});
        }
    }
    return made;
}

inline World world_of_tests() {
    World world;
    // 2026-11-21T05:00:00Z
    world.now = std::chrono::system_clock::time_point(std::chrono::seconds(1'795'237'200));
    world.read_secret = [](const std::string& path) -> base::Result<std::string> {
        if (path == "missing") return base::invalid("missing: no such file");
        return "secret of " + path;
    };
    return world;
}

inline Ran run(const Line& line, std::deque<base::Result<AdminReply>> replies) {
    FakeAdministration::State state{std::move(replies), {}};
    std::ostringstream out, err;
    const Console console{out, err};
    const OpenAdministration open =
        [&](const ConnectionArgs&) -> base::Result<std::unique_ptr<Administration>> {
        return std::unique_ptr<Administration>(std::make_unique<FakeAdministration>(state));
    };
    Ran ran;
    ran.code = run_action(invocation_of(line), {}, open, world_of_tests(), console);
    ran.out = out.str();
    ran.err = err.str();
    ran.asked = std::move(state.asked);
    return ran;
}

}  // namespace tollgate::commands
