// Method and path to handler: a table, matched in order. Built at start, then const; any thread.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "http/message.hpp"
#include "net/task.hpp"

namespace tollgate::http {

using RouteHandler = std::function<net::Task<void>(Exchange&)>;

struct Route {
    Method method;
    // "/v1/messages"; a last segment of "*" matches any rest, e.g. "/v1/models/*"; a segment of
    // "{name}" matches any one segment, e.g. "/api/v1/keys/{id}/rotate".
    std::string pattern;
    RouteHandler handler;
    enum class Kind : std::uint8_t { exact, rest, segments };
    Kind kind = Kind::exact;
    std::size_t literal = 0;  // bytes of the pattern before its first "{" or its "*"
};

// The named segments of `path` by `pattern`, in order, percent-decoded; nullopt when the path is
// not of that pattern. An empty segment stands for nothing, so it does not match.
using PathValues = std::vector<std::pair<std::string, std::string>>;
std::optional<PathValues> path_values(std::string_view pattern, std::string_view path);

class Router {
public:
    void add(Method method, std::string pattern, RouteHandler handler);
    struct Match {
        const Route* route = nullptr;
        bool path_known = false;    // some route has this path, with another method
        std::string allowed;        // its methods, for the Allow header
    };
    // HEAD finds GET's route when it has none of its own.
    Match find(Method method, std::string_view path) const;
    // Answers what no route wants: 404 and 405. Set by the application.
    void set_fallback(RouteHandler handler) { fallback_ = std::move(handler); }
    const RouteHandler& fallback() const { return fallback_; }
    const std::vector<Route>& routes() const { return routes_; }

private:
    std::vector<Route> routes_;
    RouteHandler fallback_;
};

}  // namespace tollgate::http
