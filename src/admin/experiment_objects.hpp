// The JSON of experiments, of files and of the database; see objects.hpp.
#pragma once
#include <string_view>

#include "admin/fields.hpp"
#include "base/json.hpp"
#include "domain/experiment.hpp"

namespace tollgate::admin {

// A number as JSON has it; null for what is none.
void write_real(json::Writer& writer, std::string_view name, double value);

// Members without braces. `hidden`: another one of that name stands in its way, so that it does
// not run.
void write_members(json::Writer& writer, const domain::ExperimentSpec& spec, bool hidden = false);
void write_members(json::Writer& writer, const domain::ExperimentRow& row, bool hidden = false);
void write(json::Writer& writer, const domain::ExperimentRow& row);

// All but the tenant. The name is read where there is none yet.
void read(Fields& fields, domain::ExperimentRow& row);
domain::ExperimentRow fresh(const domain::ExperimentRow& stored);

}  // namespace tollgate::admin
