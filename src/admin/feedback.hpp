// Feedback as administration shows it.
#pragma once
#include "base/json.hpp"
#include "domain/feedback.hpp"

namespace tollgate::admin {

void write(json::Writer& writer, const domain::Feedback& feedback);

}  // namespace tollgate::admin
