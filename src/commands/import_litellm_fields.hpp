// What LiteLLM's columns and tables mean to an import: which it takes over, and what to do instead
// about the others. Constant.
#pragma once
#include <span>
#include <string_view>

namespace tollgate::commands::litellm {

struct Advice {
    std::string_view name, words;
};
// One table: columns that are read or mean nothing outside LiteLLM, separated by spaces, and those
// that have no counterpart.
struct TableFields {
    std::string_view understood;
    std::span<const Advice> unsupported;
};
const TableFields& organization_fields();
const TableFields& team_fields();
const TableFields& user_fields();
const TableFields& key_fields();
const TableFields& budget_fields();
// Inside the metadata of keys and teams: what LiteLLM acts on.
std::span<const Advice> metadata_fields();
// Whole tables, without their prefix LiteLLM_.
std::span<const Advice> other_tables();

}  // namespace tollgate::commands::litellm
