// A YAML document as a tree that knows where each value stands. Built from yaml-cpp's events, which
// is cheaper than its own nodes and keeps duplicate keys visible. Plain values, one thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace tollgate::config {

struct Member;

struct Node {
    enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
    Kind kind = Kind::null;
    bool quoted = false;               // a scalar in quotes is text, whatever it looks like
    const std::string* file = nullptr;  // owned by the load that made the tree
    std::size_t line = 0, column = 0;  // from 1
    std::string text;                  // of a scalar
    std::string variable;              // the environment variable (or file:) it was taken from
    std::vector<Node> items;           // of a sequence
    std::vector<Member> members;       // of a mapping, in order, keys unique

    bool is_null() const { return kind == Kind::null; }
    bool is_scalar() const { return kind == Kind::scalar; }
    bool is_sequence() const { return kind == Kind::sequence; }
    bool is_mapping() const { return kind == Kind::mapping; }
    const Node* find(std::string_view key) const;
    Node* find(std::string_view key);
    Origin origin() const;
    // "a list", "text", ... for messages.
    std::string_view kind_name() const;
};

struct Member {
    std::string key;
    std::size_t line = 0, column = 0;
    Node value;
};

constexpr std::size_t nodes_max = 200'000;  // aliases may multiply a document: this is the end

// Parses one document. Syntax errors, duplicate keys, unresolvable aliases become problems; false
// when nothing usable came out. `file` must outlive the tree. An empty text gives a null node.
bool parse_yaml(std::string_view text, const std::string* file, Node& root,
                std::vector<Problem>& problems);

// The value as JSON: plain scalars that read as numbers, booleans or null become those.
std::string to_json(const Node& node);

// Adds a problem at a node's place.
void complain(std::vector<Problem>& problems, Severity severity, const Node& node,
              std::string_view path, std::string message, std::string suggestion = {});

// `parent.key`, or `key` at the top.
std::string join_path(std::string_view parent, std::string_view key);

}  // namespace tollgate::config
