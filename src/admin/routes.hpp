// The paths of administration: one table. Built at start, then const.
#pragma once
#include <memory>
#include <vector>

#include "admin/call.hpp"
#include "http/router.hpp"

namespace tollgate::admin {

// Every operation, in the order in which paths are searched.
std::vector<Operation> operations();

// Adds every route; handlers borrow `services`, which must outlive the router. After the routes of
// model traffic: the table is searched in order.
void add_routes(http::Router& router, const Services& services);

// GET /api/v1/llm/models is two lists: the stored models for admins and auditors, and what `plain`
// answers for everybody else. Before the routes of model traffic, which have that path too.
void add_models_route(http::Router& router, const Services& services,
                      const http::RouteHandler& plain);

}  // namespace tollgate::admin
