#include "stub/server.hpp"

#include "common/body_hash.hpp"
#include "common/http_head.hpp"
#include "stub/wire.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sys/epoll.h>

namespace bench {
namespace {

constexpr int events_per_wait_max = 256;
constexpr std::size_t body_bytes_max = 64 * 1024 * 1024;
constexpr std::size_t facts_max = 4096;
constexpr std::size_t header_options_max = 1024;
constexpr int writes_per_turn_max = 4;  // a fast stream lets the others have their turn
constexpr std::uint64_t split_pause_ns = 1'000'000;
constexpr std::uint64_t wait_ns_max = 500'000'000;
constexpr std::uint64_t listener_tag = 1ULL << 40;

// What a request asks for, as far as its path says it.
struct Asked {
    Dialect dialect;
    bool streamed = false;  // else the body may say so
};

std::optional<Asked> asked_of(std::string_view start_line) {
    struct Path {
        std::string_view part;
        Asked asked;
    };
    // The more particular one of two that share a part stands first.
    static constexpr Path paths[] = {
        {"/v1/messages", {Dialect::anthropic}},
        {"/chat/completions", {Dialect::openai_chat}},
        {"/responses", {Dialect::responses}},
        {":streamGenerateContent", {Dialect::gemini, true}},
        {":generateContent", {Dialect::gemini}},
        {"/converse-stream", {Dialect::converse, true}},
        {"/converse", {Dialect::converse}},
        {"/v2/chat", {Dialect::cohere}},
        {"/api/chat", {Dialect::ollama}},
    };
    for (const Path& path : paths) {
        if (start_line.find(path.part) != std::string_view::npos) return path.asked;
    }
    return std::nullopt;
}

void write_checksum(const Answer& answer, char* event) {
    const auto crc =
        crc32_of(std::string_view(event + answer.crc_from, answer.crc_at - answer.crc_from));
    for (std::size_t i = 0; i < 4; ++i) {
        event[answer.crc_at + i] = static_cast<char>((crc >> (24 - 8 * i)) & 0xff);
    }
}

}  // namespace

Server::Server(SSL_CTX* tls) : tls_(tls), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

std::string Server::listen(const ListenerOptions& options) {
    auto fd = listen_on(options.address);
    if (!fd) {
        return "cannot listen on port " + std::to_string(options.address.port) + ": " +
               std::strerror(errno);
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = listener_tag + listeners_.size();
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event);
    listeners_.push_back({std::move(fd), options.answer, options.tls});
    return {};
}

void Server::run() {
    epoll_event events[events_per_wait_max];
    while (!stopping_.load()) {
        const auto wait_ns = next_wait_ns();
        const timespec wait{static_cast<time_t>(wait_ns / 1'000'000'000U),
                            static_cast<long>(wait_ns % 1'000'000'000U)};
        const int count = epoll_pwait2(epoll_.get(), events, events_per_wait_max, &wait, nullptr);
        for (int i = 0; i < count; ++i) {
            const auto tag = events[i].data.u64;
            if (tag >= listener_tag) accept_all(tag - listener_tag);
            else on_ready(static_cast<int>(tag), events[i].events);
        }
        fire_timers();
        run_queue();
    }
}

void Server::accept_all(std::size_t listener) {
    while (auto fd = accept_one(listeners_[listener].fd.get())) {
        const int descriptor = fd.get();
        const auto index = static_cast<std::size_t>(descriptor);
        if (connections_.size() <= index) connections_.resize(index + 1024);
        auto* tls = listeners_[listener].tls ? tls_ : nullptr;
        connections_[index] = std::make_unique<Connection>(std::move(fd), listener, tls);
        ++counters_.accepted;
        epoll_event event{};
        event.events = EPOLLIN | EPOLLRDHUP;
        event.data.u64 = index;
        epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
    }
}

void Server::on_ready(int descriptor, std::uint32_t events) {
    auto& slot = connections_[static_cast<std::size_t>(descriptor)];
    if (!slot) return;
    auto& connection = *slot;
    bool keep = true;
    if ((events & EPOLLOUT) != 0) keep = after_send(connection, connection.flush());
    if (keep && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        keep = on_readable(connection);
    }
    if (!keep) close(descriptor);
}

bool Server::on_readable(Connection& connection) {
    while (true) {
        const auto received = connection.receive();
        if (received == Received::closed) {
            if (connection.phase != Phase::reading) ++counters_.aborted;
            return false;
        }
        if (received == Received::nothing) return true;
        if (connection.phase == Phase::reading && !handle_input(connection)) return false;
        if (connection.input.view().size() > body_bytes_max) return false;
        if (!connection.more_may_wait()) return true;
    }
}

bool Server::handle_input(Connection& connection) {
    while (connection.phase == Phase::reading && !connection.input.view().empty()) {
        const auto data = connection.input.view();
        const auto head = read_head(data);
        if (!head) return data.size() < 64 * 1024;
        if (head->chunked) {
            connection.send(plain_answer(400, R"({"error":"send a content-length"})"));
            return false;
        }
        const auto length = head->content_length.value_or(0);
        if (length > body_bytes_max) return false;
        if (data.size() < head->bytes + length) {
            connection.input.reserve(head->bytes + length + 1);
            if (head->expects_continue && data.size() == head->bytes) {
                connection.send("HTTP/1.1 100 Continue\r\n\r\n");
            }
            return true;
        }
        const auto body = data.substr(head->bytes, length);
        connection.close_when_sent = head->close;
        const bool keep = handle_request(connection, head->start_line, head->x_stub, body);
        connection.input.consume(head->bytes + length);
        if (connection.phase != Phase::reading) connection.input.release_if_empty();
        if (!keep) return false;
    }
    return true;
}

bool Server::handle_request(Connection& connection, std::string_view start_line,
                            std::string_view x_stub, std::string_view body) {
    const auto asked = asked_of(start_line);
    if (!start_line.starts_with("POST ") || !asked) return handle_own_path(connection, start_line);
    const auto hash = body_hash(body);
    const auto& facts = facts_of(body, hash);
    ++counters_.requests;
    if (asked->dialect == Dialect::anthropic) ++counters_.messages;
    if (asked->dialect == Dialect::openai_chat) ++counters_.chat;
    counters_.body_bytes += body.size();
    last_hash_ = hash;
    if (!facts.valid) {
        ++counters_.invalid;
        return after_send(connection, connection.send(plain_answer(
            400, R"({"error":{"type":"invalid_request_error","message":"body is not JSON"}})")));
    }
    std::string problem;
    const auto* options = options_for(connection, x_stub, problem);
    if (options == nullptr) {
        return after_send(connection, connection.send(plain_answer(
            400, R"({"error":{"type":"invalid_request_error","message":")" + problem + "\"}}")));
    }
    connection.options = options;
    const bool streamed = asked->streamed || facts.stream;
    connection.answer = &answer_for(options, asked->dialect, streamed, facts.include_usage);
    connection.body_hash = hash;
    connection.events_sent = 0;
    connection.half_sent = false;
    connection.generation = ++generation_;
    if (options->delay_us == 0) return start_answer(connection);
    connection.phase = Phase::delayed;
    wait_until(connection, now_ns() + options->delay_us * 1000);
    return true;
}

bool Server::handle_own_path(Connection& connection, std::string_view start_line) {
    if (start_line.starts_with("GET /stub/stats ")) {
        return after_send(connection, connection.send(plain_answer(200, stats())));
    }
    if (start_line.starts_with("POST /stub/reset ")) {
        counters_ = {};
        facts_.clear();
        return after_send(connection, connection.send(plain_answer(200, "{}")));
    }
    return after_send(connection, connection.send(plain_answer(
        404, R"({"error":{"type":"not_found_error","message":"the stub serves POST )"
             R"(/v1/messages, /chat/completions, /responses, :generateContent, /converse, )"
             R"(/v2/chat, /api/chat, GET /stub/stats, POST /stub/reset"}})")));
}

const BodyFacts& Server::facts_of(std::string_view body, std::uint64_t hash) {
    const auto known = facts_.find(hash);
    if (known != facts_.end()) return known->second;
    if (facts_.size() >= facts_max) facts_.clear();
    return facts_.emplace(hash, scan_body(body)).first->second;
}

const AnswerOptions* Server::options_for(const Connection& connection, std::string_view x_stub,
                                         std::string& problem) {
    const auto& base = listeners_[connection.listener].answer;
    if (x_stub.empty()) return &base;
    const auto key = std::to_string(connection.listener) + " " + std::string(x_stub);
    const auto known = header_options_.find(key);
    if (known != header_options_.end()) return &known->second;
    auto options = base;
    problem = apply_options(x_stub, options);
    // Full: connections may still point at entries, so none is removed.
    if (problem.empty() && header_options_.size() >= header_options_max) {
        problem = "too many different x-stub headers: restart the stub";
    }
    if (!problem.empty()) return nullptr;
    return &header_options_.emplace(key, options).first->second;
}

Answer& Server::answer_for(const AnswerOptions* options, Dialect dialect, bool streamed,
                           bool usage_asked) {
    const bool usage = options->usage == UsageReport::always ||
                       (options->usage == UsageReport::when_asked && usage_asked);
    auto& answer = answers_[{options, dialect, streamed, usage}];
    if (!answer) {
        answer = std::make_unique<Answer>(prepare_answer(dialect, streamed, usage, *options));
    }
    return *answer;
}

bool Server::start_answer(Connection& connection) {
    const auto& answer = *connection.answer;
    connection.phase = Phase::streaming;
    connection.due_ns = now_ns();
    scratch_.assign(answer.head);
    write_hex16(connection.body_hash, scratch_.data() + answer.hash_at);
    const auto sent = connection.send(scratch_);
    if (!answer.streamed) {
        connection.phase = Phase::reading;
        return after_send(connection, sent);
    }
    if (sent == Sent::all) return go_on(connection);
    return after_send(connection, sent);
}

bool Server::go_on(Connection& connection) {
    for (int writes = 0; writes < writes_per_turn_max; ++writes) {
        const auto& options = *connection.options;
        const auto count = static_cast<std::int64_t>(connection.events_sent);
        if (options.stall_after >= 0 && count >= options.stall_after) {
            connection.phase = Phase::stalled;
            return true;
        }
        const bool ended = connection.answer->event.empty() || count >= options.chunks;
        if (ended) return finish(connection);
        if (options.cut_after >= 0 && count >= options.cut_after) {
            const auto& event = connection.answer->event;
            connection.send(std::string_view(event).substr(0, event.size() / 2));
            return false;
        }
        const auto before = connection.half_sent;
        if (!send_events(connection)) return false;
        if (connection.has_unsent()) return true;
        if (connection.half_sent && !before) {
            wait_until(connection, now_ns() + split_pause_ns);
            return true;
        }
        if (options.pace_us > 0) {
            connection.due_ns += options.pace_us * 1000;
            wait_until(connection, connection.due_ns);
            return true;
        }
    }
    queue(connection);
    return true;
}

bool Server::send_events(Connection& connection) {
    const auto& answer = *connection.answer;
    const auto split = answer.split_at;
    if (split != 0 && connection.half_sent) {
        connection.half_sent = false;
        ++connection.events_sent;
        ++counters_.events;
        return after_send(connection,
                          connection.send(std::string_view(answer.event).substr(split)));
    }
    const auto left = connection.options->chunks - connection.events_sent;
    const auto burst = split != 0 ? 1U : std::min(connection.options->burst, left);
    scratch_.clear();
    for (std::uint32_t i = 0; i < burst; ++i) scratch_ += answer.event;
    const auto now = now_ns();
    for (std::uint32_t i = 0; i < burst; ++i) {
        write_hex16(now, scratch_.data() + i * answer.event.size() + answer.stamp_at);
        if (answer.crc_at != 0) write_checksum(answer, scratch_.data() + i * answer.event.size());
    }
    if (split != 0) {
        connection.half_sent = true;
        return after_send(connection,
                          connection.send(std::string_view(scratch_).substr(0, split)));
    }
    connection.events_sent += burst;
    counters_.events += burst;
    return after_send(connection, connection.send(scratch_));
}

bool Server::finish(Connection& connection) {
    ++counters_.streams_finished;
    connection.phase = Phase::reading;
    return after_send(connection, connection.send(connection.answer->ending));
}

// Keeps interest in writability in step; goes on with a stream whose peer has caught up.
bool Server::after_send(Connection& connection, Sent sent) {
    if (sent == Sent::closed) return false;
    watch(connection, sent == Sent::waiting);
    if (sent == Sent::waiting) return true;
    if (connection.phase == Phase::reading) return !connection.close_when_sent;
    return true;
}

void Server::watch(Connection& connection, bool writable) {
    if (connection.watching_writable == writable) return;
    connection.watching_writable = writable;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.u64 = static_cast<std::uint64_t>(connection.descriptor());
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.descriptor(), &event);
    if (!writable && connection.phase == Phase::streaming) queue(connection);
}

void Server::wait_until(Connection& connection, std::uint64_t due_ns) {
    timers_.push({due_ns, connection.descriptor(), connection.generation});
}

void Server::queue(Connection& connection) {
    if (connection.queued) return;
    connection.queued = true;
    queue_.push_back(connection.descriptor());
}

void Server::fire_timers() {
    if (timers_.empty()) return;
    const auto now = now_ns();
    while (!timers_.empty() && timers_.top().due_ns <= now) {
        const auto timer = timers_.top();
        timers_.pop();
        auto& slot = connections_[static_cast<std::size_t>(timer.descriptor)];
        if (!slot || slot->generation != timer.generation) continue;
        const bool keep = slot->phase == Phase::delayed     ? start_answer(*slot)
                          : slot->phase == Phase::streaming ? go_on(*slot)
                                                            : true;
        // A request may have been read while its predecessor was still being answered.
        if (!keep || (slot->phase == Phase::reading && !handle_input(*slot)))
            close(timer.descriptor);
    }
}

void Server::run_queue() {
    auto ready = std::move(queue_);
    queue_.clear();
    for (const int descriptor : ready) {
        auto& slot = connections_[static_cast<std::size_t>(descriptor)];
        if (!slot || !slot->queued) continue;
        slot->queued = false;
        if (slot->phase == Phase::streaming && !slot->has_unsent() && !go_on(*slot)) {
            close(descriptor);
        }
    }
    // A request may have been read while its predecessor was still being answered.
    for (const int descriptor : ready) {
        auto& slot = connections_[static_cast<std::size_t>(descriptor)];
        if (slot && slot->phase == Phase::reading && !handle_input(*slot)) close(descriptor);
    }
}

void Server::close(int descriptor) { connections_[static_cast<std::size_t>(descriptor)].reset(); }

std::uint64_t Server::next_wait_ns() const {
    if (!queue_.empty()) return 0;
    if (timers_.empty()) return wait_ns_max;
    const auto now = now_ns();
    const auto due = timers_.top().due_ns;
    return due <= now ? 0 : std::min(due - now, wait_ns_max);
}

std::string Server::stats() const {
    const auto known = facts_.find(last_hash_);
    std::map<std::uint64_t, bool> distinct;
    for (const auto& [hash, facts] : facts_) distinct[facts.hash_without_model] = true;
    const auto open = std::count_if(connections_.begin(), connections_.end(),
                                    [](const auto& slot) { return slot != nullptr; });
    std::string out = "{";
    const auto number = [&out](std::string_view name, std::uint64_t value) {
        out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
    };
    number("requests", counters_.requests);
    number("messages", counters_.messages);
    number("chat_completions", counters_.chat);
    number("body_bytes", counters_.body_bytes);
    number("bodies_invalid", counters_.invalid);
    number("bodies_distinct", facts_.size());
    number("bodies_distinct_without_model", distinct.size());
    number("streams_finished", counters_.streams_finished);
    number("streams_aborted", counters_.aborted);
    number("events", counters_.events);
    number("connections_accepted", counters_.accepted);
    number("connections_open", static_cast<std::uint64_t>(open));
    out += ",\"last_body_hash\":\"" + hex16(last_hash_) + "\"";
    if (known != facts_.end()) {
        out += ",\"last_body_hash_without_model\":\"" +
               hex16(known->second.hash_without_model) + "\"";
    }
    return out + "}\n";
}

}  // namespace bench
