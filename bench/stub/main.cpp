// bench_stub: stands in for a provider, in any of their protocols.
#include "stub/server.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::uint64_t open_files_wanted = 65536;

bench::Server* running_server = nullptr;  // for the signal handler only

extern "C" void on_signal(int) { running_server->stop(); }

[[noreturn]] void fail(const std::string& message) {
    std::fprintf(stderr, "bench_stub: %s\n", message.c_str());
    std::exit(2);
}

constexpr const char* usage_text =
    "bench_stub [--cert FILE --key FILE] --listen ADDRESS[,OPTION=VALUE...] ...\n"
    "           [--listen-tls ADDRESS[,OPTION=VALUE...] ...]\n"
    "Serves POST /v1/messages, .../chat/completions, .../responses, ...:generateContent,\n"
    ".../converse, /v2/chat and /api/chat; GET /stub/stats; POST /stub/reset.\n"
    "Options, also as request header `x-stub: OPTION=VALUE,...`:\n"
    "  delay=TIME before the first byte      chunks=N content events in a stream\n"
    "  pace=TIME between events (us, ms, s)  size=N characters of text in an event (32 or more)\n"
    "  burst=N events in one write           reply=N characters of text in a JSON answer\n"
    "  status=N answers an error (429, 500)  retry_after=SECONDS with 429, 503 and 529\n"
    "  stall=N silence after N events        cut=N connection ends inside the event after N\n"
    "  split=N each event in two writes      utf8 four-byte text, events cut inside a character\n"
    "  error_first error event in a 200      usage=asked|always|never (OpenAI streams)\n";

struct SslContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;

SslContext make_tls(const std::string& certificate, const std::string& key) {
    SslContext context(SSL_CTX_new(TLS_server_method()));
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
        fail("--cert " + certificate + ": cannot be read as a PEM certificate");
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
        fail("--key " + key + ": cannot be read as the certificate's PEM key");
    }
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_SERVER);
    const unsigned char session_context[] = "bench";
    SSL_CTX_set_session_id_context(context.get(), session_context, sizeof session_context);
    return context;
}

bench::ListenerOptions parse_listener(const std::string& text, bool tls) {
    bench::ListenerOptions listener;
    listener.tls = tls;
    const auto comma = text.find(',');
    const auto address = bench::parse_address(text.substr(0, comma));
    if (!address) fail("--listen " + text + ": write 127.0.0.1:PORT[,OPTION=VALUE...]");
    listener.address = *address;
    if (comma != std::string::npos) {
        const auto problem = bench::apply_options(text.substr(comma + 1), listener.answer);
        if (!problem.empty()) fail("--listen " + text + ": " + problem);
    }
    return listener;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<bench::ListenerOptions> listeners;
    std::string certificate, key;
    bool wants_tls = false;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--help") {
            std::fputs(usage_text, stdout);
            return 0;
        }
        if (i + 1 >= argc) fail("option " + name + ": a value is missing; see --help");
        const std::string value = argv[++i];
        if (name == "--cert") certificate = value;
        else if (name == "--key") key = value;
        else if (name == "--listen") listeners.push_back(parse_listener(value, false));
        else if (name == "--listen-tls") listeners.push_back(parse_listener(value, true));
        else fail("option " + name + " is unknown; see --help");
        wants_tls = wants_tls || name == "--listen-tls";
    }
    if (listeners.empty()) fail("give at least one --listen 127.0.0.1:PORT; see --help");
    if (wants_tls && (certificate.empty() || key.empty())) {
        fail("--listen-tls needs --cert and --key");
    }
    bench::raise_open_files(open_files_wanted);
    SslContext tls = wants_tls ? make_tls(certificate, key) : nullptr;
    bench::Server server(tls.get());
    for (const auto& listener : listeners) {
        if (const auto problem = server.listen(listener); !problem.empty()) fail(problem);
    }
    running_server = &server;
    std::signal(SIGTERM, on_signal);
    std::signal(SIGINT, on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    std::puts("ready");
    std::fflush(stdout);
    server.run();
    return 0;
}
