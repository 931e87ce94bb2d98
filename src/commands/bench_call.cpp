#include "commands/bench_call.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "http/client.hpp"
#include "http/sse.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace tollgate::commands {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds connect_limit{5'000};
constexpr milliseconds answer_limit{600'000};
constexpr std::size_t refusal_bytes_max = 64 * 1024;
constexpr std::size_t text_bytes_max = 4 * 1024 * 1024;
constexpr int good_status = 200;

std::string body_of(const BenchQuestion& question) {
    const BenchPrompt& prompt = *question.prompt;
    std::string body;
    json::Writer writer(body);
    writer.begin_object()
        .string("model", question.model)
        .boolean("stream", true)
        .key("stream_options")
        .begin_object()
        .boolean("include_usage", true)
        .end_object()
        .integer("max_tokens", prompt.output_tokens_max)
        .key("messages")
        .begin_array();
    const auto message = [&](const char* role, const std::string& text) {
        writer.begin_object().string("role", role).string("content", text).end_object();
    };
    if (!prompt.system.empty()) message("system", prompt.system);
    message("user", prompt.prompt);
    writer.end_array().end_object();
    return body;
}

// Fills an answer from the events of its stream.
class Listener {
public:
    Listener(BenchAnswer& answer, Clock::time_point begun) : answer_(answer), begun_(begun) {}

    // False: the stream has said that it failed.
    bool event(std::string_view data) {
        if (data == "[DONE]") return true;
        const auto root = document_.parse(data);
        if (!root.ok()) return fail("an event of the answer is no JSON");
        if (const json::Value error = (*root)["error"]; error.exists()) {
            return fail(error["message"].text());
        }
        take_usage((*root)["usage"]);
        for (const json::Value choice : (*root)["choices"].elements()) {
            take_delta(choice["delta"]);
        }
        return answer_.text.size() <= text_bytes_max || fail("the answer is too long");
    }

private:
    bool fail(std::string why) {
        answer_.failure = why.empty() ? "the stream failed" : std::move(why);
        return false;
    }
    void take_delta(json::Value delta) {
        const std::string text = delta["content"].text();
        answer_.text += text;
        const bool something = !text.empty() || delta["tool_calls"].size() > 0 ||
                               !delta["reasoning_content"].string_empty() ||
                               !delta["reasoning"].string_empty();
        if (something && answer_.first_token_ms < 0) answer_.first_token_ms = since();
    }
    void take_usage(json::Value usage) {
        if (!usage.is_object()) return;
        answer_.input_tokens = usage["prompt_tokens"].integer().value_or(-1);
        answer_.output_tokens = usage["completion_tokens"].integer().value_or(-1);
    }
    double since() const {
        return std::chrono::duration<double, std::milli>(Clock::now() - begun_).count();
    }

    BenchAnswer& answer_;
    const Clock::time_point begun_;
    json::Document document_;
};

std::string refusal_text(int status, const std::string& body) {
    json::Document document;
    const auto root = document.parse(body);
    std::string text = root.ok() ? (*root)["error"]["message"].text() : std::string();
    if (text.empty()) text = "the gateway answered " + std::to_string(status);
    return text;
}

void take_head(const http::ResponseHead& head, BenchAnswer& answer) {
    answer.request_id = head.headers.get("x-request-id");
    answer.served_by = head.headers.get("x-tollgate-model");
    const std::string_view stated = head.headers.get("x-tollgate-cost");
    const auto cost = domain::parse_dollars(stated);
    if (!stated.empty() && cost.ok()) answer.cost = *cost;
}

net::Task<base::Result<void>> listen(http::Call& call, Listener& listener) {
    http::SseParser parser;
    http::SseFrame frame;
    while (true) {
        CO_TRY(const std::string_view piece, co_await call.read());
        if (piece.empty()) break;
        parser.feed(piece);
        while (true) {
            CO_TRY(const bool whole, parser.next(frame));
            if (!whole) break;
            if (!frame.comment_only && !listener.event(frame.data)) co_return base::Result<void>();
        }
    }
    if (parser.finish(frame) && !frame.comment_only) listener.event(frame.data);
    co_return base::Result<void>();
}

net::Task<base::Result<void>> ask_one(http::Client& client, const http::Origin& origin,
                                      const std::string& key, const BenchQuestion& question,
                                      BenchAnswer& answer) {
    const std::string body = body_of(question);
    const std::string authorization = "Bearer " + key;
    std::vector<http::Header> headers = {{"accept", "text/event-stream"},
                                         {"content-type", "application/json"},
                                         {"user-agent", "tollgate-bench/" TOLLGATE_VERSION}};
    if (!key.empty()) headers.push_back({"authorization", authorization});
    const std::string target = origin.base_path + "/v1/chat/completions";
    const std::array<std::string_view, 1> pieces = {body};
    http::OutgoingRequest request;
    request.target = target;
    request.headers = headers;
    request.body = pieces;
    http::Deadlines deadlines;
    deadlines.connect = connect_limit;
    deadlines.headers = answer_limit;
    deadlines.idle = answer_limit;
    http::CallFailure failure = http::CallFailure::none;
    const Clock::time_point begun = Clock::now();
    CO_TRY(http::Call call, co_await client.send(origin, request, deadlines, nullptr, &failure));
    const int status = call.head().status;
    take_head(call.head(), answer);
    if (status != good_status) {
        CO_TRY(const std::string text, co_await call.read_all(refusal_bytes_max));
        answer.failure = refusal_text(status, text);
        co_return base::Result<void>();
    }
    Listener listener(answer, begun);
    CO_TRY_VOID(co_await listen(call, listener));
    answer.total_ms = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    co_return base::Result<void>();
}

struct Round {
    const http::Origin& origin;
    const std::string& key;
    std::span<const BenchQuestion> questions;
    const UseAnswer& use;
};

// Whatever happens, the loop ends.
struct EndLoop {
    net::Loop& loop;
    ~EndLoop() { loop.stop(); }
};

net::Task<void> ask_all(net::Loop& loop, http::Client& client, const Round& round) {
    const EndLoop end{loop};
    for (std::size_t place = 0; place < round.questions.size(); ++place) {
        BenchAnswer answer;
        const auto done =
            co_await ask_one(client, round.origin, round.key, round.questions[place], answer);
        if (!done.ok()) answer.failure = done.error().message;
        round.use(place, std::move(answer));
    }
}

}  // namespace

base::Result<void> ask_models(const RemoteOptions& gateway,
                              std::span<const BenchQuestion> questions, const UseAnswer& use) {
    TRY(http::Origin origin, http::parse_origin(gateway.url));
    if (origin.tls) {
        net::TlsClientPolicy policy;
        policy.ca_file = gateway.ca_file;
        TRY(origin.tls_context, net::TlsClientContext::make(policy));
    }
    const Round round{origin, gateway.key, questions, use};
    net::Loop loop;
    {
        http::Client client(loop);
        net::spawn(ask_all(loop, client, round), "bench");
        loop.run();
    }
    return {};
}

}  // namespace tollgate::commands
