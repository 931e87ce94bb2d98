#include "commands/contexts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "base/json.hpp"
#include "base/nearest.hpp"
#include "config/node.hpp"
#include "http/client.hpp"

namespace tollgate::commands {
namespace {

namespace fs = std::filesystem;

std::string text_at(const config::Node& node, std::string_view key) {
    const config::Node* found = node.find(key);
    return found != nullptr && found->is_scalar() ? found->text : std::string();
}

base::Error unwritten(const std::string& path, int why) {
    return {base::ErrorCode::internal, "cannot write " + path + ": " + std::strerror(why)};
}

// JSON is YAML: quoted text needs no further rules.
std::string yaml_of(const Contexts& contexts) {
    std::string json;
    json::Writer writer(json);
    writer.begin_object().string("current", contexts.current).key("contexts").begin_object();
    for (const Context& one : contexts.all) {
        writer.foreign_key(one.name).begin_object().string("url", one.url);
        if (!one.key_file.empty()) writer.string("key_file", one.key_file);
        if (!one.ca_file.empty()) writer.string("ca_file", one.ca_file);
        writer.end_object();
    }
    writer.end_object().end_object();
    return "# Gateways that tollgate knows by name: tollgate contexts.\n" + yaml_text(json);
}

bool is_name(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

// The file may be used from any folder.
std::string absolute(const std::string& path) {
    if (path.empty() || path == "-") return path;
    std::error_code failure;
    const fs::path whole = fs::absolute(path, failure);
    return failure ? path : whole.lexically_normal().string();
}

base::Error unknown(const Contexts& contexts, const std::string& name) {
    std::vector<std::string> names;
    for (const Context& one : contexts.all) names.push_back(one.name);
    const auto near = base::nearest(name, names, 1, true);
    return {base::ErrorCode::not_found,
            "no context '" + name + "'" +
                (near.empty() ? "; tollgate contexts list shows them"
                              : ": did you mean '" + near.front() + "'?")};
}

int told(const Console& console, const base::Error& error) {
    complain(console, error.message);
    if (error.code == base::ErrorCode::not_found) return exit_not_found;
    return error.code == base::ErrorCode::invalid_request ? exit_usage : exit_failed;
}

// Reads, changes, writes.
template <typename Change>
int changed(const config::Environment& environment, const Console& console, Change change) {
    const auto path = contexts_file(environment);
    if (!path.ok()) return told(console, path.error());
    auto contexts = read_contexts(*path);
    if (!contexts.ok()) return told(console, contexts.error());
    const base::Result<std::string> done = change(*contexts);
    if (!done.ok()) return told(console, done.error());
    const auto written = write_contexts(*path, *contexts);
    if (!written.ok()) return told(console, written.error());
    console.err << *done << "\n";
    return exit_done;
}

}  // namespace

const Context* Contexts::find(std::string_view name) const {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Context& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

base::Result<std::string> contexts_file(const config::Environment& environment) {
    const auto of = [&](const char* name) {
        const auto found = environment.variables.find(name);
        return found == environment.variables.end() ? std::string() : found->second;
    };
    std::string folder = of("XDG_CONFIG_HOME");
    if (folder.empty() && !of("HOME").empty()) folder = of("HOME") + "/.config";
    if (folder.empty()) {
        return base::invalid("contexts have no place: set HOME or XDG_CONFIG_HOME");
    }
    return folder + "/tollgate/contexts.yaml";
}

base::Result<Contexts> read_contexts(const std::string& path) {
    Contexts contexts;
    std::ifstream file(path, std::ios::binary);
    if (!file) return contexts;
    std::ostringstream text;
    text << file.rdbuf();
    config::Node root;
    std::vector<config::Problem> problems;
    if (!config::parse_yaml(text.str(), &path, root, problems)) {
        return base::invalid(problems.empty() ? path + " cannot be read"
                                              : problems.front().text());
    }
    contexts.current = text_at(root, "current");
    const config::Node* all = root.find("contexts");
    if (all == nullptr || all->is_null()) return contexts;
    for (const config::Member& member : all->members) {
        Context one{member.key, text_at(member.value, "url"), text_at(member.value, "key_file"),
                    text_at(member.value, "ca_file")};
        if (one.url.empty()) {
            return base::invalid(path + ":" + std::to_string(member.line) + ": context " +
                                 one.name + " has no url");
        }
        contexts.all.push_back(std::move(one));
    }
    return contexts;
}

base::Result<void> write_contexts(const std::string& path, const Contexts& contexts) {
    std::error_code failure;
    const fs::path folder = fs::path(path).parent_path();
    if (fs::create_directories(folder, failure)) chmod(folder.c_str(), 0700);
    const std::string text = yaml_of(contexts);
    const std::string beside = path + ".new";
    unlink(beside.c_str());
    const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return unwritten(path, errno);
    const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int why = errno;
    close(fd);
    if (whole && rename(beside.c_str(), path.c_str()) == 0) return {};
    const int failed = whole ? errno : why;
    unlink(beside.c_str());
    return unwritten(path, failed);
}

int run_contexts_add(const config::Environment& environment, const Context& context,
                     const Console& console) {
    return changed(environment, console, [&](Contexts& contexts) -> base::Result<std::string> {
        if (!is_name(context.name)) {
            return base::invalid("a context's name has letters, digits, - _ and . only");
        }
        TRY_VOID(http::parse_origin(context.url));
        Context made = context;
        made.key_file = absolute(made.key_file);
        made.ca_file = absolute(made.ca_file);
        if (made.key_file == "-") {
            return base::invalid("--key-file: a context needs a file that stays");
        }
        std::erase_if(contexts.all, [&](const Context& one) { return one.name == made.name; });
        contexts.all.push_back(std::move(made));
        contexts.current = context.name;
        return "context " + context.name + " is used from here on";
    });
}

int run_contexts_list(const config::Environment& environment, Output output,
                      const Console& console) {
    const auto path = contexts_file(environment);
    if (!path.ok()) return told(console, path.error());
    const auto contexts = read_contexts(*path);
    if (!contexts.ok()) return told(console, contexts.error());
    std::vector<std::string> rows;
    for (const Context& one : contexts->all) {
        json::Writer writer(rows.emplace_back());
        writer.begin_object()
            .boolean("current", one.name == contexts->current)
            .string("name", one.name)
            .string("url", one.url)
            .string("key_file", one.key_file)
            .string("ca_file", one.ca_file)
            .end_object();
    }
    const Column columns[] = {{"CURRENT", "current"},
                              {"NAME", "name"},
                              {"URL", "url"},
                              {"KEY FILE", "key_file"},
                              {"CA FILE", "ca_file"}};
    console.out << rows_text(output, columns, rows, console.colour);
    if (rows.empty() && output == Output::table) {
        console.err << "none: the local gateway is used\n";
    }
    return exit_done;
}

int run_contexts_use(const config::Environment& environment, const std::string& name,
                     const Console& console) {
    return changed(environment, console, [&](Contexts& contexts) -> base::Result<std::string> {
        if (!name.empty() && contexts.find(name) == nullptr) return unknown(contexts, name);
        contexts.current = name;
        return name.empty() ? "the local gateway is used from here on"
                            : "context " + name + " is used from here on";
    });
}

int run_contexts_remove(const config::Environment& environment, const std::string& name,
                        const Console& console) {
    return changed(environment, console, [&](Contexts& contexts) -> base::Result<std::string> {
        if (contexts.find(name) == nullptr) return unknown(contexts, name);
        std::erase_if(contexts.all, [&](const Context& one) { return one.name == name; });
        if (contexts.current == name) contexts.current.clear();
        return "context " + name + " is gone" +
               (contexts.current.empty() ? "; the local gateway is used" : "");
    });
}

}  // namespace tollgate::commands
