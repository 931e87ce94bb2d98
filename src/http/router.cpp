#include "http/router.hpp"

namespace tollgate::http {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
    if (pattern.ends_with("/*")) {
        const std::string_view stem = pattern.substr(0, pattern.size() - 1);
        return path.size() > stem.size() && path.starts_with(stem);
    }
    return pattern == path;
}

}  // namespace

void Router::add(Method method, std::string pattern, RouteHandler handler) {
    routes_.push_back({method, std::move(pattern), std::move(handler)});
}

Router::Match Router::find(Method method, std::string_view path) const {
    Match match;
    const Route* get = nullptr;
    for (const Route& route : routes_) {
        if (!matches(route.pattern, path)) continue;
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
