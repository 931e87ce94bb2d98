// Method and path to handler: a table, matched in order. Built at start, then const; any thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"
#include "http/message.hpp"
#include "net/task.hpp"

namespace tollgate::http {

using RouteHandler = std::function<net::Task<void>(Exchange&)>;

struct Route {
    Method method;
    // "/v1/messages"; a last segment of "*" matches any rest, e.g. "/v1/models/*".
    std::string pattern;
    RouteHandler handler;
};

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

private:
    std::vector<Route> routes_;
    RouteHandler fallback_;
};

}  // namespace tollgate::http
