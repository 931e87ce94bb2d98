// How long the body of a translated request becomes, about: it is written into memory that is asked
// for once. Pure, thread-safe.
#pragma once
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Makes `writer`, which writes out.body, ready for the request's: room for it, and long texts of
// the request's lender lent instead of copied. REQUIRES: nothing is written yet.
void begin_body(const domain::Request& request, EncodedRequest& out, json::Writer& writer);

}  // namespace tollgate::dialect
