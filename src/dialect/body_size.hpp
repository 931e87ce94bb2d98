// The body of a translated request: it is written into memory that is asked for once, and long
// texts of the client's body are lent to it. Pure, thread-safe.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Makes `writer`, which writes out.body, ready for the request's: room for it, and long texts of
// the request's lender lent instead of copied. REQUIRES: nothing is written yet.
void begin_body(const domain::Request& request, EncodedRequest& out, json::Writer& writer);

// The whole body as it is sent: what was written, with what was lent to it in its places.
std::vector<std::string_view> pieces_of(std::string_view written, std::span<const json::Lent> lent);

}  // namespace tollgate::dialect
