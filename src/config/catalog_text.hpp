// Reads the plain YAML that the catalog files are written in, many times faster than the general
// parser: they are read at every start. Plain means: block mappings and lists, flow collections,
// plain and double-quoted scalars without escapes, comments, all in ASCII. Pure, one thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "config/node.hpp"

namespace tollgate::config {

// Takes each item of a list that stands under a key at the top, instead of keeping it in the tree:
// the catalog's rows are many, one at a time is small.
using RowTaker = std::function<void(Node&&)>;

// The same tree as parse_yaml makes, places included. False: the text is not plain, or not YAML at
// all; `root` and what the taker was given are then worth nothing, and parse_yaml tells what is
// wrong. `file` must outlive the tree. An empty taker keeps everything in `root`.
bool parse_plain_yaml(std::string_view text, const std::string* file, Node& root,
                      const RowTaker& take_row = {});

}  // namespace tollgate::config
