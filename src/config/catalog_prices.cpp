#include "config/catalog_prices.hpp"

#include <cmath>

#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

using domain::PerMille;
using domain::PicoUsd;

constexpr double dearest = 1e6;  // USD per million tokens, and of anything else
constexpr double factor_max = 100;
constexpr double searches_per_price = 1'000;

// What one of `count` costs, when all of them cost so many dollars.
PicoUsd pico_each(double dollars, double count) {
    return std::llround(dollars / count * static_cast<double>(domain::pico_per_usd));
}

void read_figure(Reader& from, std::string_view key, double count, PicoUsd& figure) {
    std::optional<double> dollars;
    from.value({key, "", 0, dearest}, dollars);
    if (dollars) figure = pico_each(*dollars, count);
}

void read_rates(Reader& from, domain::TokenRates& out) {
    constexpr double million = 1e6;
    read_figure(from, "input", million, out.input);
    read_figure(from, "output", million, out.output);
    read_figure(from, "cache_read", million, out.cache_read);
    read_figure(from, "cache_write_5m", million, out.cache_write_5m);
    read_figure(from, "cache_write_1h", million, out.cache_write_1h);
    read_figure(from, "reasoning", million, out.reasoning);
    read_figure(from, "audio_input", million, out.audio_input);
    read_figure(from, "audio_output", million, out.audio_output);
    read_figure(from, "image_output", million, out.image_output);
}

void read_long_context(Session& session, Reader& prices,
                       std::vector<domain::LongContextPrices>& out) {
    const Node* steps = prices.take("long_context");
    if (steps == nullptr) return;
    for (std::size_t i = 0; i < steps->items.size(); ++i) {
        const std::string path = prices.path_of("long_context") + "[" + std::to_string(i) + "]";
        domain::LongContextPrices step;
        Reader reader(session, steps->items[i], path, Strictness::ours);
        reader.value({"above", "", 1, 1e9}, step.above);
        read_rates(reader, step);
        reader.finish();
        if (step.above <= (out.empty() ? 0 : out.back().above)) {
            complain(session.problems, Severity::error, steps->items[i], path,
                     "needs `above`, larger than that of the step before");
        }
        out.push_back(step);
    }
}

// 0, and a complaint, when the node is no factor.
PerMille read_factor(Session& session, const Node& node, const std::string& path) {
    const auto value = node.is_scalar() ? parse_number(node.text) : std::nullopt;
    const double thousandths = value ? *value * 1'000 : 0;
    const double whole = std::round(thousandths);
    if (!value || *value <= 0 || *value > factor_max || std::abs(thousandths - whole) > 1e-6) {
        complain(session.problems, Severity::error, node, path,
                 "expected a factor up to 100 with at most three decimals, such as 1.1");
        return 0;
    }
    return static_cast<PerMille>(whole);
}

void read_service(Session& session, Reader& prices, std::string_view name,
                  std::vector<domain::ServicePrices>& out) {
    const Node* node = prices.take(name);
    if (node == nullptr) return;
    domain::ServicePrices service;
    service.name = name;
    const std::string path = prices.path_of(name);
    if (node->is_mapping()) {
        Reader reader(session, *node, path, Strictness::ours);
        read_rates(reader, service.rates);
        read_long_context(session, reader, service.long_context);
        reader.finish();
    } else {
        service.factor = read_factor(session, *node, path);
    }
    out.push_back(std::move(service));
}

void read_factors(Session& session, Reader& reader, domain::TokenPrices& prices) {
    if (const Node* regions = reader.take("regions")) {
        for (const Member& member : regions->members) {
            const std::string path = join_path(reader.path_of("regions"), member.key);
            prices.regions.emplace_back(member.key, read_factor(session, member.value, path));
        }
    }
    if (const Node* fast = reader.take("fast")) {
        prices.fast = read_factor(session, *fast, reader.path_of("fast"));
    }
}

}  // namespace

bool is_day(std::string_view text) {
    if (text.size() != 10) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 4 || i == 7;
        if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
    }
    return true;
}

void read_prices(Session& session, Reader& reader, domain::ModelTraits& row) {
    const Node* node = reader.take("prices");
    if (!node) return;
    const std::string path = reader.path_of("prices");
    Reader prices(session, *node, path, Strictness::ours);
    domain::TokenPrices& out = row.prices;
    read_rates(prices, out);
    read_figure(prices, "request", 1, out.request);
    read_figure(prices, "image", 1, out.image);
    read_figure(prices, "web_search", searches_per_price, out.web_search);
    read_long_context(session, prices, out.long_context);
    for (const char* service : {"batch", "flex", "priority"}) {
        read_service(session, prices, service, out.services);
    }
    read_factors(session, prices, out);
    std::string source;
    prices.value({"source", ""}, source);
    prices.value({"as_of", ""}, row.as_of);
    prices.value({"valid_from", ""}, out.valid_from);
    if (source.empty() || !is_day(row.as_of)) {
        complain(session.problems, Severity::error, *node, path,
                 "needs `source`, and `as_of` as YYYY-MM-DD");
    }
    if (!out.valid_from.empty() && !is_day(out.valid_from)) {
        complain(session.problems, Severity::error, *node, prices.path_of("valid_from"),
                 "expected a day as YYYY-MM-DD");
    }
    prices.finish();
    out.version = row.as_of + " " + source;
    // An embedding has no output tokens to pay for.
    if (row.mode == domain::ModelMode::embedding && out.output < 0) out.output = 0;
}

}  // namespace tollgate::config
