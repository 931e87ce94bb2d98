#include "accounting/savings.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "accounting/report_text.hpp"

namespace tollgate::accounting {
namespace {

using store::UsageDimension;
using store::UsageSums;

bool has_cached_tokens(const UsageSums& sums) {
    return sums.cache_read_tokens > 0 || sums.cache_write_5m_tokens > 0 ||
           sums.cache_write_1h_tokens > 0;
}

SavingsLine line_of(const UsageSums& sums, const domain::TokenPrices* prices) {
    SavingsLine line;
    line.requests = sums.requests;
    line.spent = sums.cost + sums.fee;
    // Without a baseline the model that answered is its own.
    const domain::NanoUsd baseline = sums.baseline_cost > 0 ? sums.baseline_cost : sums.list_cost;
    line.routing = baseline - sums.list_cost;
    line.response_cache = sums.cache_hit_list_cost;
    line.byok = sums.byok_list_cost - sums.fee;
    line.other = sums.list_cost - sums.cost - sums.byok_list_cost - sums.cache_hit_list_cost;
    if (prices != nullptr) line.provider_cache = provider_cache_savings(sums, *prices);
    return line;
}

std::vector<SavingsLine> lines_of(std::map<std::string, SavingsLine>& found) {
    std::vector<SavingsLine> lines;
    for (auto& [name, line] : found) {
        line.name = name;
        lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end(), [](const SavingsLine& a, const SavingsLine& b) {
        return a.saved() != b.saved() ? a.saved() > b.saved() : a.name < b.name;
    });
    return lines;
}

constexpr std::string_view baseline_words =
    "The baseline is each request's own tokens at list price on its baseline model: the Claude "
    "model that the client asked for by name, else the tenant's baseline_model. Another model "
    "may have needed more or fewer tokens for the same work.";
constexpr std::string_view cache_words =
    "The provider's prompt cache is valued at today's prices, by sums of tokens: long-context "
    "rates, tiers of service and batches are not told apart.";

void state_assumptions(SavingsReport& report) {
    report.assumptions = {
        std::string(baseline_words), std::string(cache_words),
        "What the response cache answered is valued at the list price of the answer it kept.",
        "Requests with a user's own key are valued at list price, less the platform's fee.",
        "other is the difference between list price and what providers stated that they charge."};
    if (report.requests_without_baseline > 0) {
        report.assumptions.push_back(std::to_string(report.requests_without_baseline) +
                                     " requests have no baseline: nothing is claimed for their "
                                     "routing.");
    }
    if (report.unpriced_requests > 0) {
        report.assumptions.push_back(std::to_string(report.unpriced_requests) +
                                     " requests used something without a known price: their cost "
                                     "is incomplete.");
    }
    if (!report.models_without_price.empty()) {
        report.assumptions.push_back(
            "The prompt cache of models without a known price today is not valued (" +
            std::to_string(report.models_without_price.size()) + ").");
    }
}

void write_line(json::Writer& writer, const SavingsLine& line) {
    writer.integer("requests", line.requests);
    write_money(writer, "baseline", line.without());
    write_money(writer, "spent", line.spent);
    write_money(writer, "saved", line.saved());
    writer.raw("saved_share", share_text(line.saved(), line.without()));
    writer.key("from").begin_object();
    write_money(writer, "routing", line.routing);
    write_money(writer, "provider_cache", line.provider_cache);
    write_money(writer, "response_cache", line.response_cache);
    write_money(writer, "byok", line.byok);
    write_money(writer, "other", line.other);
    writer.end_object();
}

void write_lines(json::Writer& writer, std::string_view name, std::string_view of,
                 const std::vector<SavingsLine>& lines) {
    writer.key(name).begin_array();
    for (const SavingsLine& line : lines) {
        writer.begin_object().string(of, line.name);
        write_line(writer, line);
        writer.end_object();
    }
    writer.end_array();
}

}  // namespace

void SavingsLine::add(const SavingsLine& more) {
    requests += more.requests;
    spent += more.spent;
    routing += more.routing;
    provider_cache += more.provider_cache;
    response_cache += more.response_cache;
    byok += more.byok;
    other += more.other;
}

domain::NanoUsd provider_cache_savings(const UsageSums& sums, const domain::TokenPrices& prices) {
    __int128 pico = 0;
    const auto add = [&](std::int64_t tokens, domain::PicoUsd price) {
        if (price >= 0 && prices.input >= 0) pico += __int128{tokens} * (prices.input - price);
    };
    add(sums.cache_read_tokens, prices.cache_read);
    add(sums.cache_write_5m_tokens, prices.cache_write_5m);
    add(sums.cache_write_1h_tokens,
        prices.cache_write_1h >= 0 ? prices.cache_write_1h : prices.cache_write_5m);
    return static_cast<domain::NanoUsd>(pico / domain::pico_per_nano);
}

base::Result<SavingsReport> savings_report(store::Session& session, const store::Access& access,
                                           const store::UsageFilter& filter,
                                           const PriceLookup& prices) {
    if (filter.from <= 0 || filter.to <= filter.from) {
        return base::invalid("from, to: a report needs a range, `from` before `to`", "from");
    }
    const store::UsageQuery query{
        filter,
        store::UsageStep::whole,
        {UsageDimension::rule, UsageDimension::provider, UsageDimension::model}};
    TRY(const auto points, store::usage_series(session, access, query));
    SavingsReport report;
    report.from = filter.from;
    report.to = filter.to;
    std::map<std::string, SavingsLine> by_rule, by_model;
    std::set<std::string> without_price;
    for (const store::UsagePoint& point : points) {
        const std::string& provider = point.values[1];
        const std::string& model = point.values[2];
        const std::string name = provider.empty() ? model : provider + "/" + model;
        const domain::TokenPrices* known = prices ? prices(provider, model) : nullptr;
        if (known != nullptr && known->input < 0) known = nullptr;
        if (known == nullptr && has_cached_tokens(point.sums)) without_price.insert(name);
        const SavingsLine line = line_of(point.sums, known);
        report.total.add(line);
        by_rule[point.values[0]].add(line);
        by_model[name].add(line);
        if (point.sums.baseline_cost <= 0) {
            report.requests_without_baseline += point.sums.requests;
        }
        report.unpriced_requests += point.sums.unpriced_requests;
    }
    report.by_rule = lines_of(by_rule);
    report.by_model = lines_of(by_model);
    report.models_without_price.assign(without_price.begin(), without_price.end());
    state_assumptions(report);
    return report;
}

void append_json(std::string& out, const SavingsReport& report) {
    json::Writer writer(out);
    writer.begin_object()
        .string("from", time_text(report.from))
        .string("to", time_text(report.to))
        .key("total")
        .begin_object();
    write_line(writer, report.total);
    writer.end_object();
    write_lines(writer, "by_rule", "rule", report.by_rule);
    write_lines(writer, "by_model", "model", report.by_model);
    writer.integer("requests_without_baseline", report.requests_without_baseline)
        .integer("unpriced_requests", report.unpriced_requests)
        .key("models_without_price")
        .begin_array();
    for (const std::string& model : report.models_without_price) writer.string(model);
    writer.end_array().key("assumptions").begin_array();
    for (const std::string& words : report.assumptions) writer.string(words);
    writer.end_array().end_object();
}

}  // namespace tollgate::accounting
