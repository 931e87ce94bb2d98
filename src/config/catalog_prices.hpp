// The prices of one row of a catalog file; private to the catalog.
#pragma once
#include "config/reader.hpp"
#include "domain/target.hpp"

namespace tollgate::config {

// Reads `prices` of the row that `reader` reads.
void read_prices(Session& session, Reader& reader, domain::ModelTraits& row);
// A day as YYYY-MM-DD: that is also how days are compared.
bool is_day(std::string_view text);

}  // namespace tollgate::config
