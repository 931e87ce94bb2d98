#include "http/router.hpp"

#include <algorithm>

namespace tollgate::http {
namespace {

// The text before the next '/', which is taken off `rest` together with it.
std::string_view take_segment(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return segment;
}

bool is_named(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Calls `use(name, value)` for each named segment; false when the path is not of the pattern.
template <typename Use>
bool walk(std::string_view pattern, std::string_view path, Use&& use) {
    if (std::count(pattern.begin(), pattern.end(), '/') !=
        std::count(path.begin(), path.end(), '/')) {
        return false;
    }
    while (!pattern.empty() || !path.empty()) {
        const std::string_view wanted = take_segment(pattern);
        const std::string_view got = take_segment(path);
        if (is_named(wanted)) {
            if (got.empty()) return false;
            use(wanted.substr(1, wanted.size() - 2), got);
        } else if (wanted != got) {
            return false;
        }
    }
    return true;
}

bool matches(const Route& route, std::string_view path) {
    const std::string_view pattern = route.pattern;
    // Most routes are refused by their length or their literal beginning.
    if (route.kind == Route::Kind::exact) return pattern == path;
    if (path.size() <= route.literal || !path.starts_with(pattern.substr(0, route.literal))) {
        return false;
    }
    if (route.kind == Route::Kind::rest) return true;
    return walk(pattern, path, [](std::string_view, std::string_view) {});
}

}  // namespace

std::optional<PathValues> path_values(std::string_view pattern, std::string_view path) {
    PathValues values;
    const bool matched = walk(pattern, path, [&](std::string_view name, std::string_view value) {
        values.emplace_back(std::string(name), percent_decode(value));
    });
    if (!matched) return std::nullopt;
    return values;
}

void Router::add(Method method, std::string pattern, RouteHandler handler) {
    Route route{method, std::move(pattern), std::move(handler)};
    route.literal = route.pattern.size();
    const std::size_t brace = route.pattern.find('{');
    if (brace != std::string::npos) {
        route.kind = Route::Kind::segments;
        route.literal = brace;
    } else if (route.pattern.ends_with("/*")) {
        route.kind = Route::Kind::rest;
        route.literal = route.pattern.size() - 1;
    }
    routes_.push_back(std::move(route));
}

Router::Match Router::find(Method method, std::string_view path) const {
    Match match;
    const Route* get = nullptr;
    for (const Route& route : routes_) {
        if (!matches(route, path)) continue;
        if (route.method == method) {
            match.route = &route;
            return match;
        }
        if (route.method == Method::get) get = &route;
        match.path_known = true;
        if (!match.allowed.empty()) match.allowed += ", ";
        match.allowed += to_string(route.method);
    }
    if (method == Method::head) match.route = get;
    return match;
}

}  // namespace tollgate::http
