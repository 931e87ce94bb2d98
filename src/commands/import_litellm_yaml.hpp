// A configuration's tree as it was written, references and all, and YAML made of it again. Blocking
// file I/O.
#pragma once
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "config/node.hpp"

namespace tollgate::commands::litellm {

// A file with everything that it includes, joined as the configuration's reader joins it.
class RawConfiguration {
public:
    // Problems of reading are those of config::load(), and are not told again. False: no tree.
    bool read(const std::string& path);
    config::Node& root() { return root_; }

private:
    bool read_file(const std::string& path, config::Node& root, std::size_t depth);
    std::deque<std::string> names_;  // nodes point to them
    config::Node root_;
};

// Block style, two spaces deep, without the members whose path is in `without`.
std::string to_yaml(const config::Node& root, const std::set<std::string>& without);

// Calls `use` with each scalar and its path.
void each_scalar(config::Node& node, const std::string& path,
                 const std::function<void(const std::string& path, config::Node& scalar)>& use);

// Names of environment variables that a text refers to: "os.environ/NAME", "${NAME}" (not those
// with a default).
std::vector<std::string> variables_of(const std::string& text);
// Whether it refers to the environment or to a file, instead of being the value.
bool is_reference(const std::string& text);

}  // namespace tollgate::commands::litellm
