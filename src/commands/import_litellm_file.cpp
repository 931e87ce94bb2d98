#include "commands/import_litellm_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <ostream>
#include <set>

#include "commands/import_litellm_settings.hpp"
#include "commands/import_litellm_yaml.hpp"
#include "config/node.hpp"

namespace tollgate::commands::litellm {
namespace {

using config::Member;
using config::Node;
using config::Problem;
using config::Severity;

constexpr std::string_view secret_keys =
    " api_key master_key database_url redis_url redis_password password aws_access_key_id "
    "aws_secret_access_key aws_session_token azure_ad_token client_secret vertex_credentials "
    "azure_password ";

bool is_secret_key(const std::string& key) {
    return secret_keys.find(" " + key + " ") != std::string_view::npos;
}

// What stands for "no key needed" in many files.
bool is_no_secret(const std::string& text) {
    constexpr std::size_t short_bytes = 6;
    if (text.size() <= short_bytes) return true;
    for (const char* word : {"fake", "dummy", "none", "empty", "not-needed", "/"}) {
        if (text.find(word) != std::string::npos && text.find("://") == std::string::npos) {
            return text.find('{') == std::string::npos;
        }
    }
    return false;
}

std::string upper_words(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool lower = c >= 'a' && c <= 'z';
        if (lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            out += static_cast<char>(lower ? c - 'a' + 'A' : c);
        } else if (!out.empty() && out.back() != '_') {
            out += '_';
        }
    }
    while (out.ends_with('_')) out.pop_back();
    if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(0, "MODEL_");
    return out;
}

class Conversion {
public:
    Conversion(std::string path, const config::Environment& environment)
        : path_(std::move(path)), environment_(environment) {}

    FileImport run() {
        if (raw_.read(path_)) {
            note_variables();
            load();
            for (Member& member : raw_.root().members) walk(member.key, member.value);
            result_.yaml = "# Made of " + path_ + " by `tollgate import litellm`.\n" +
                           to_yaml(raw_.root(), without_);
            check();
        } else {
            load();
        }
        return std::move(result_);
    }

private:
    void note_variables() {
        each_scalar(raw_.root(), "", [this](const std::string& path, Node& scalar) {
            for (const std::string& name : variables_of(scalar.text)) {
                if (environment_.lookup(name)) continue;
                missing_[path] = name;
                environment_.variables[name] = "not-set-here";
            }
        });
    }
    // A value that is not known here cannot be wrong.
    bool excused(const Problem& problem) const { return missing_.contains(problem.path); }

    void load() {
        for (Problem& problem : config::load(path_, environment_).problems) {
            if (excused(problem)) continue;
            const bool unknown = problem.message.starts_with("unknown key");
            if (problem.severity == Severity::error && !unknown) {
                result_.errors.push_back(problem);
            }
            problems_.push_back(std::move(problem));
        }
    }
    // What was made must load where the original did.
    void check() {
        if (!result_.errors.empty()) return;
        const auto again = config::load_text(result_.yaml, "the result", environment_);
        for (const Problem& problem : again.problems) {
            if (problem.severity == Severity::error && !excused(problem)) {
                result_.errors.push_back(problem);
            }
        }
    }

    void walk(const std::string& key, Node& value) {
        const bool sections = key.ends_with("_settings") || key == "environment_variables";
        if (key == "model_list" && value.is_sequence()) {
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                walk_entry("model_list[" + std::to_string(i) + "]", value.items[i]);
            }
        } else if (sections && value.is_mapping() && !told(key)) {
            for (Member& member : value.members) {
                unit(key, config::join_path(key, member.key), member);
            }
        } else {
            Member whole{key, value.line, value.column, value};
            unit(key, key, whole);
        }
    }
    void walk_entry(const std::string& path, Node& entry) {
        const Node* name = entry.find("model_name");
        entry_name_ = name != nullptr ? name->text : "";
        for (Member& member : entry.members) {
            const std::string here = config::join_path(path, member.key);
            if (!member.value.is_mapping()) {
                unit("model_list", here, member);
                continue;
            }
            for (Member& inner : member.value.members) {
                unit("model_list", config::join_path(here, inner.key), inner);
            }
        }
        entry_name_.clear();
    }

    const Problem* told(const std::string& path) const {
        for (const Problem& problem : problems_) {
            if (problem.path == path && !problem.message.empty()) return &problem;
        }
        return nullptr;
    }
    // One key of the report: `path` with everything below.
    void unit(const std::string& section, const std::string& path, Member& member) {
        const std::string hidden = hide_secrets(section, path, member);
        const Problem* problem = told(path);
        const std::string_view difference = difference_of(section, member.key);
        const bool unknown = problem != nullptr && problem->message.starts_with("unknown key");
        const bool sent = unknown && problem->message.find("sent to the provider") !=
                                         std::string::npos;
        if (problem != nullptr && problem->severity == Severity::error && !unknown) {
            result_.report.add(path, Fate::unsupported, problem->message);
        } else if (!difference.empty()) {
            result_.report.add(path, Fate::approximated, std::string(difference));
            // What the reader does not use would be a warning at every start.
            if (problem != nullptr) without_.insert(path);
        } else if (problem != nullptr && !sent) {
            std::string words(instead_of(member.key));
            if (words.empty()) words = "nothing here does that";
            if (unknown) words = "LiteLLM and Tollgate know no such key";
            if (!problem->suggestion.empty()) words += "; " + problem->suggestion;
            result_.report.add(path, Fate::unsupported, words);
            without_.insert(path);
        } else if (!hidden.empty()) {
            result_.report.add(path, Fate::approximated, hidden);
        } else {
            const auto variable = missing_.find(path);
            result_.report.add(path, Fate::imported,
                               sent ? "sent to the provider as a parameter"
                               : variable != missing_.end()
                                   ? "set " + variable->second + " where Tollgate runs"
                                   : "");
        }
        below(path);
    }
    // Problems of something inside a key.
    void below(const std::string& path) {
        if (without_.contains(path)) return;
        for (const Problem& problem : problems_) {
            const bool inside = problem.path.size() > path.size() &&
                                problem.path.starts_with(path) &&
                                (problem.path[path.size()] == '.' ||
                                 problem.path[path.size()] == '[');
            if (inside) result_.report.add(problem.path, Fate::unsupported, problem.message);
        }
    }

    // Puts a reference where a literal secret stands, and says so; "" : there is none.
    std::string hide_secrets(const std::string& section, const std::string& path,
                             Member& member) {
        Node& value = member.value;
        if (!value.is_scalar() || is_reference(value.text)) return {};
        if (section == "environment_variables") {
            const std::string name = upper_words(member.key);
            const bool secret = name.ends_with("_KEY") || name.ends_with("_SECRET") ||
                                name.ends_with("_TOKEN") || name.ends_with("PASSWORD");
            if (!secret) return {};
            without_.insert(path);
            return "its value is not copied: set " + member.key + " where Tollgate runs";
        }
        if (!is_secret_key(member.key) || is_no_secret(value.text)) return {};
        const std::string name = variable_for(member.key, value.text);
        environment_.variables.emplace(name, value.text);
        value.text = "os.environ/" + name;
        value.quoted = false;
        return "its value is not copied: set " + name + " where Tollgate runs";
    }
    // One name for one value.
    std::string variable_for(const std::string& key, const std::string& value) {
        std::string name = upper_words(entry_name_.empty() ? key : entry_name_ + "_" + key);
        if (key == "master_key") name = "TOLLGATE_MASTER_KEY";
        for (const auto& [known, held] : hidden_) {
            if (held == value) return known;
        }
        const std::string base = name;
        for (int number = 2; hidden_.contains(name); ++number) {
            name = base + "_" + std::to_string(number);
        }
        hidden_[name] = value;
        return name;
    }

    std::string path_;
    config::Environment environment_;
    RawConfiguration raw_;
    std::vector<Problem> problems_;
    std::map<std::string, std::string> missing_;  // path to the variable that is not set
    std::map<std::string, std::string> hidden_;   // variable to the literal that it stands for
    std::set<std::string> without_;
    std::string entry_name_;
    FileImport result_;
};

base::Result<void> write_file(const std::string& path, bool force, const std::string& text) {
    const auto cannot = [&](const char* what) {
        return base::Error{base::ErrorCode::unavailable,
                           std::string(what) + " " + path + ": " + std::strerror(errno)};
    };
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
    const int file = ::open(path.c_str(), flags, 0600);
    if (file < 0 && errno == EEXIST) {
        return base::Error{base::ErrorCode::unavailable,
                           path + " exists: --force overwrites it"};
    }
    if (file < 0) return cannot("cannot write");
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = ::write(file, rest.data(), rest.size());
        if (written < 0) {
            const base::Error error = cannot("cannot write");
            ::close(file);
            return error;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::close(file) != 0) return cannot("cannot write");
    return {};
}

}  // namespace

FileImport convert_file(const std::string& path, const config::Environment& environment) {
    return Conversion(path, environment).run();
}

int import_file(const ImportLitellmArgs& args, const config::Environment& environment,
                const Console& console) {
    const FileImport made = convert_file(args.source, environment);
    if (!made.errors.empty()) {
        for (const Problem& problem : made.errors) console.err << problem.text() << "\n";
        complain(console, args.source + " cannot be imported: see above");
        return exit_failed;
    }
    const bool to_file = !args.out.empty() && !args.dry_run;
    if (to_file) {
        const auto written = write_file(args.out, args.force, made.yaml);
        if (!written.ok()) {
            complain(console, written.error().message);
            return exit_failed;
        }
    }
    const bool to_console = args.out.empty() && !args.dry_run;
    const bool whole = args.output == Output::json || args.output == Output::yaml;
    if (to_console && !whole) {
        console.out << made.yaml;
        console.err << made.report.text(args.output, false);
    } else {
        console.out << made.report.text(args.output, console.colour,
                                        to_console ? std::string_view(made.yaml) : "");
    }
    console.err << made.report.summary()
                << (to_file ? ": " + args.out : std::string(to_console ? "" : " (nothing was "
                                                                              "written)"))
                << "\n";
    return made.report.exit_code();
}

}  // namespace tollgate::commands::litellm
