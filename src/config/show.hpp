// The configuration in other forms: effective YAML, JSON Schema, the reference page. Pure.
#pragma once
#include <string>

#include "config/config.hpp"

namespace tollgate::config {

// The effective configuration as YAML: secrets masked, the origin of each value as a comment.
std::string show_effective(const Config& config, bool with_defaults = true);

// The same with every value and nothing of where it was set: alike for files that mean the same.
std::string show_values(const Config& config);

// JSON Schema (draft 2020-12) of the file, for editors.
std::string json_schema();

// docs/reference/configuration.md.
std::string reference_page();

}  // namespace tollgate::config
