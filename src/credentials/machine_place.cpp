#include "credentials/machine_place.hpp"

#include "credentials/aws_metadata.hpp"
#include "credentials/files.hpp"
#include "credentials/google_fetcher.hpp"

namespace tollgate::credentials {
namespace {

using Answer = net::Task<base::Result<std::string>>;

Answer project(const FetchContext& context, const std::string& host) {
    TokenCall call;
    call.what = "Google's metadata server";
    call.url = google_metadata_url(host) + "/computeMetadata/v1/project/project-id";
    call.headers = {{"metadata-flavor", "Google"}};
    call.connect = metadata_connect_time;
    CO_TRY(const TokenAnswer answer, co_await ask(context, call));
    const bool google = answer.status == 200 && answer.header("metadata-flavor") == "Google";
    co_return google ? trimmed(answer.body) : std::string();
}

// Runs to the end in any case: every wait below has the deadline.
net::Task<void> keep(Answer answer, std::string& text, bool& done) {
    auto result = co_await std::move(answer);
    if (result.ok()) text = std::move(result).value();
    done = true;
}

template <typename Question>
std::string ask_here(Question question) {
    net::Loop loop;
    http::Client client(loop);
    const FetchContext context{client, nullptr, net::Clock::now() + machine_place_time};
    std::string text;
    bool done = false;
    net::spawn(keep(question(context), text, done), "machine_place");
    // A second more than any wait inside: should the task end by a bug, this still returns.
    const net::Instant end = context.deadline + std::chrono::seconds(1);
    while (!done && net::Clock::now() < end) loop.run_once(100);
    return text;
}

}  // namespace

std::string metadata_project(const std::string& host) {
    return ask_here([&](const FetchContext& context) { return project(context, host); });
}

std::string instance_region(const Variables& variables) {
    return ask_here([&](const FetchContext& context) {
        return instance_region(context, variables);
    });
}

}  // namespace tollgate::credentials
