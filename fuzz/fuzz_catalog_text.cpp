// The fast reader of the catalog files. Rules: what it takes for plain YAML, the general parser
// reads as the same tree with the same places; rows handed over singly are the rows of the tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalog_text.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

constexpr std::size_t text_bytes_max = 4096;  // the general parser is slow on deep nesting

void dump(const config::Node& node, std::string& out) {
    out += std::to_string(node.line) + ":" + std::to_string(node.column);
    out += node.quoted ? " quoted " : " ";
    out += std::string(node.kind_name()) + "=" + node.text + "{";
    for (const config::Node& item : node.items) dump(item, out);
    for (const config::Member& member : node.members) {
        out += std::to_string(member.line) + ":" + std::to_string(member.column) + " ";
        out += member.key + "=";
        dump(member.value, out);
    }
    out += "}";
}

std::string dumped(const config::Node& node) {
    std::string out;
    dump(node, out);
    return out;
}

void check(std::string_view text) {
    static const std::string file = "fuzz.yaml";
    config::Node plain;
    if (!config::parse_plain_yaml(text, &file, plain)) return;
    config::Node general;
    std::vector<config::Problem> problems;
    require(config::parse_yaml(text, &file, general, problems), "plain text is YAML");
    require(problems.empty(), "plain text has no problem");
    require(dumped(plain) == dumped(general), "both parsers read the same");

    // Rows of lists in the flow form stay in the tree; together they are what there was.
    std::string kept, taken;
    config::Node root;
    const auto take = [&](config::Node&& row) { dump(row, taken); };
    require(config::parse_plain_yaml(text, &file, root, take), "taking rows changes nothing");
    for (const config::Member& member : plain.members) {
        for (const config::Node& item : member.value.items) dump(item, kept);
    }
    for (const config::Member& member : root.members) {
        for (const config::Node& item : member.value.items) dump(item, taken);
    }
    require(kept.size() == taken.size(), "no row is lost");
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > tollgate::fuzz::text_bytes_max) return 0;
    tollgate::fuzz::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
