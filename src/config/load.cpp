#include "config/load.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>

#include "base/nearest.hpp"
#include "config/environment.hpp"
#include "config/expand.hpp"
#include "config/governance.hpp"
#include "config/litellm_format.hpp"
#include "config/routing_rules.hpp"
#include "config/tenant_files.hpp"

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;

// One load: owns the file names that nodes point to and the variables as the files add to them.
class Load {
public:
    Load(const Environment& environment, bool follow)
        : environment_(environment), follow_(follow) {}

    LoadResult run(const std::string& path) {
        const fs::path folder = fs::path(path).parent_path();
        read_dotenv_beside(folder);
        Node root;
        if (read_file(path, root, 0)) read_all(root, folder);
        return finish();
    }
    LoadResult run_text(std::string_view yaml, const std::string& name) {
        Node root;
        if (parse_yaml(yaml, remember(name), root, problems())) read_all(root, {});
        return finish();
    }

private:
    std::vector<Problem>& problems() { return result_.problems; }
    Config& config() { return result_.config; }
    const std::string* remember(const std::string& file) { return &names_.emplace_back(file); }

    void fail(const std::string& file, std::string message) {
        problems().push_back({Severity::error, file, 0, 0, "", std::move(message), ""});
    }

    std::optional<std::string> content(const std::string& path) {
        std::error_code failure;
        if (!fs::is_regular_file(path, failure)) {
            fail(path, fs::exists(path, failure) ? "is no regular file" : "does not exist");
            return std::nullopt;
        }
        if (fs::file_size(path, failure) > file_bytes_max) {
            fail(path, "is larger than 16 MiB");
            return std::nullopt;
        }
        std::ifstream stream(path, std::ios::binary);
        std::string text((std::istreambuf_iterator<char>(stream)), {});
        if (!stream) {
            fail(path, "cannot be read; check its permissions");
            return std::nullopt;
        }
        config().files.push_back(path);
        return text;
    }

    void read_dotenv_beside(const fs::path& folder) {
        const std::string path = (folder / ".env").string();
        std::error_code failure;
        if (!fs::is_regular_file(path, failure)) return;
        if (auto text = content(path)) {
            read_dotenv(*text, path, environment_.variables, problems());
        }
    }

    bool read_file(const std::string& path, Node& root, std::size_t depth) {
        auto text = content(path);
        if (!text || !parse_yaml(*text, remember(path), root, problems())) return false;
        if (follow_) follow_includes(root, fs::path(path).parent_path(), depth);
        return true;
    }

    void follow_includes(Node& root, const fs::path& folder, std::size_t depth) {
        const Node* found = root.find("include");
        if (!found || found->is_null()) return;
        const Node include = *found;  // merging may move the members
        std::vector<std::string> files;
        Session session{environment_, problems(), &config().origins};
        read_strings(session, include, "include", files);
        if (depth >= include_depth_max) {
            complain(problems(), Severity::error, include, "include",
                     "files include each other more than 8 levels deep");
            return;
        }
        for (const std::string& name : files) {
            const std::string path = (folder / name).lexically_normal().string();
            if (std::find(config().files.begin(), config().files.end(), path) !=
                config().files.end()) {
                complain(problems(), Severity::error, include, "include",
                         "`" + name + "` is included twice or includes itself");
                continue;
            }
            Node other;
            if (read_file(path, other, depth + 1)) merge(root, std::move(other), "");
        }
    }

    // Lists grow, mappings join, single values of the included file win, as in LiteLLM.
    void merge(Node& into, Node from, const std::string& path) {
        if (into.is_null()) {
            into = std::move(from);
        } else if (into.is_sequence() && from.is_sequence()) {
            for (Node& item : from.items) into.items.push_back(std::move(item));
        } else if (into.is_mapping() && from.is_mapping()) {
            for (Member& member : from.members) {
                if (path.empty() && member.key == "include") continue;
                if (Node* mine = into.find(member.key)) {
                    merge(*mine, std::move(member.value), join_path(path, member.key));
                } else {
                    into.members.push_back(std::move(member));
                }
            }
        } else if (!from.is_null()) {
            complain(problems(), Severity::warning, from, path,
                     "set in two files; this one, being included, wins over line " +
                         std::to_string(into.line) + " of " + (into.file ? *into.file : ""));
            into = std::move(from);
        }
    }

    // LiteLLM's `environment_variables` are written into the environment before all else.
    void take_variables(Node& root) {
        Node* section = root.find("environment_variables");
        if (!section || section->is_null()) return;
        expand(*section, "environment_variables", environment_, Severity::warning, problems());
        StringMap pairs;
        Session session{environment_, problems(), &config().origins};
        Reader reader(session, root, "", Strictness::ours);
        reader.value({"environment_variables", "variables to set"}, pairs);
        for (auto& [name, value] : pairs) environment_.variables[name] = value;
    }

    void expand_all(Node& root) {
        for (Member& member : root.members) {
            static constexpr std::string_view strict =
                " server logging telemetry providers tiers routing stores billing alerts audit "
                "cache health_check rate_limits config tenants_dir ";
            const bool ours = strict.find(" " + member.key + " ") != std::string_view::npos;
            if (member.key == "environment_variables") continue;
            expand(member.value, member.key, environment_,
                   ours ? Severity::error : Severity::warning, problems());
        }
    }

    void read_all(Node& root, const fs::path& folder) {
        Session session{environment_, problems(), &config().origins};
        take_variables(root);
        check_master_key(root);
        expand_all(root);
        Reader reader(session, root, "", Strictness::ours);
        read_ours(session, reader);
        read_litellm(session, reader);
        read_tenants(session, reader, folder);
        reader.take("include");
        reader.take("environment_variables");
        reader.later(top_level_later);
        reader.finish();
        apply_environment(environment_, config(), problems());
        check();
    }

    // A master key that is asked for and missing would leave the gateway open or shut for all.
    void check_master_key(const Node& root) {
        const Node* general = root.find("general_settings");
        const Node* key = general ? general->find("master_key") : nullptr;
        if (!key || !key->is_scalar()) return;
        Node copy = *key;
        std::vector<Problem> found;
        expand(copy, "general_settings.master_key", environment_, Severity::error, found);
        for (Problem& problem : found) problems().push_back(std::move(problem));
    }

    void read_ours(Session& session, Reader& reader) {
        reader.section({"server", ""}, [&](FieldVisitor& v) { describe(config().server, v); });
        reader.section({"logging", ""}, [&](FieldVisitor& v) { describe(config().logging, v); });
        reader.section({"telemetry", ""},
                       [&](FieldVisitor& v) { describe(config().telemetry, v); });
        read_tiers(session, reader);
        reader.section({"stores", ""}, [&](FieldVisitor& v) { describe(config().stores, v); });
        read_billing(session, reader, config());
        reader.section({"alerts", ""}, [&](FieldVisitor& v) { describe(config().alerts, v); });
        reader.section({"audit", ""}, [&](FieldVisitor& v) { describe(config().audit, v); });
        reader.section({"cache", ""}, [&](FieldVisitor& v) { describe(config().cache, v); });
        read_health_check(session, reader, config().health_check);
        reader.section({"rate_limits", "of keys without limits of their own"},
                       [&](FieldVisitor& v) { describe(config().rate_limits, v); });
        reader.section({"config", ""}, [&](FieldVisitor& v) {
            v.value({"precedence", "what counts where file and database differ", 0, 0,
                     "file|database"},
                    config().precedence);
        });
        if (const Node* routing = reader.take("routing")) {
            read_routing(session, *routing, config().routing);
        }
        const Node* accounts = reader.take("providers");
        if (!accounts) return;
        if (!accounts->is_mapping()) {
            complain(problems(), Severity::error, *accounts, "providers",
                     "expected a mapping of account names, got " + shown(*accounts));
            return;
        }
        for (const Member& member : accounts->members) {
            ProviderAccount account;
            account.name = member.key;
            account.origin = member.value.origin();
            Reader inner(session, member.value, join_path("providers", member.key),
                         Strictness::ours);
            describe(account, inner);
            inner.finish();
            if (account.type.empty()) account.type = account.name;
            config().providers.push_back(std::move(account));
        }
    }

    // Claude's tiers are names of models, tiers of limits are mappings.
    void read_tiers(Session& session, Reader& reader) {
        const Node* tiers = reader.take("tiers");
        if (!tiers) return;
        Reader inner(session, *tiers, "tiers", Strictness::ours);
        describe(config().tiers, inner);
        if (tiers->is_mapping()) read_limit_tiers(session, inner, config().limit_tiers);
        inner.finish();
    }

    void read_litellm(Session& session, Reader& reader) {
        if (const Node* models = reader.take("model_list")) {
            read_model_list(session, *models, config().model_list);
        }
        if (const Node* chains = reader.take("fallback_models")) {
            read_chains(session, *chains, "fallback_models", config().fallback_models);
        }
        if (const Node* router = reader.take("router_settings")) {
            read_router_settings(session, *router, config().router_settings);
        }
        LitellmSettings settings;
        if (const Node* node = reader.take("litellm_settings")) {
            read_litellm_settings(session, *node, settings, config().router_settings);
        }
        Duration request_timeout{0};
        if (const Node* general = reader.take("general_settings")) {
            Reader inner(session, *general, "general_settings", Strictness::litellm);
            describe(config().general_settings, inner);
            inner.value({"request_timeout", "", 0, 604'800}, request_timeout);
            inner.finish();
        }
        merge_into_routing(Origins(config().origins), settings, request_timeout, config());
        merge_router_into_routing(config());
        config().max_budget = settings.max_budget;
        config().budget_duration = settings.budget_duration;
        merge_into_stores(config());
        merge_into_cache(settings, config());
        merge_into_health_check(config());
    }

    // The folder of tenant files: `tenants_dir`, what `tenant_configs` names, or `tenants` here.
    void read_tenants(Session& session, Reader& reader, const fs::path& folder) {
        std::string named;
        reader.value({"tenants_dir", "folder of tenant files"}, named);
        if (const Node* node = reader.take("tenant_configs")) {
            const Node* inner = node;
            for (const std::string_view key : {"directory", "dir", "path", "config_dir"}) {
                if (const Node* found = node->find(key)) inner = found;
            }
            if (inner->is_mapping()) {
                read_inline_tenants(session, *inner);
            } else if (!inner->is_scalar()) {
                complain(problems(), Severity::error, *node, "tenant_configs",
                         "expected the folder of the tenant files or tenants by name, got " +
                             shown(*node));
            } else if (named.empty()) {
                named = inner->text;
            }
        }
        if (!follow_) return check_tenants(problems(), config().tenants);
        const fs::path path = (folder / (named.empty() ? "tenants" : named)).lexically_normal();
        // Known while there is none too: it may be made later.
        config().tenants_dir = path.string();
        std::error_code failure;
        if (!fs::is_directory(path, failure)) {
            if (!named.empty()) fail(path.string(), "is no folder; tenants_dir names it");
            return check_tenants(problems(), config().tenants);
        }
        std::vector<std::string> files;
        for (const auto& entry : fs::directory_iterator(path, failure)) {
            const std::string name = entry.path().filename().string();
            const std::string extension = entry.path().extension().string();
            if (name.starts_with('.') || (extension != ".yaml" && extension != ".yml")) continue;
            files.push_back(entry.path().string());
        }
        if (failure) fail(path.string(), "cannot be listed: " + failure.message());
        std::sort(files.begin(), files.end());
        for (const std::string& file : files) read_tenant_file(session, file);
        check_tenants(problems(), config().tenants);
    }

    void read_inline_tenants(Session& session, const Node& tenants) {
        for (const Member& member : tenants.members) {
            if (auto tenant = read_tenant(session, member.value, member.key)) {
                config().tenants.push_back(std::move(*tenant));
            }
        }
    }

    void read_tenant_file(Session& session, const std::string& file) {
        auto text = content(file);
        Node root;
        if (!text || !parse_yaml(*text, remember(file), root, problems())) return;
        expand(root, "", environment_, Severity::error, problems());
        if (auto tenant = read_tenant(session, root)) {
            config().tenants.push_back(std::move(*tenant));
        }
    }

    // What one value means beside another; what names mean is for assembly to say.
    void check() {
        const TlsFiles& tls = config().server.tls;
        if (tls.certificate.empty() != tls.key.empty()) {
            const auto origin = config().origins.find(
                tls.key.empty() ? "server.tls.cert" : "server.tls.key");
            Problem problem{Severity::error, "", 0, 0, "server.tls",
                            "needs both `cert` and `key`", ""};
            if (origin != config().origins.end()) {
                problem.file = origin->second.file;
                problem.line = origin->second.line;
                problem.column = origin->second.column;
            }
            problems().push_back(std::move(problem));
        }
    }

    LoadResult finish() {
        std::map<std::string_view, std::size_t> order;
        for (const std::string& name : names_) order.emplace(name, order.size());
        using Place = std::tuple<std::size_t, std::size_t, std::size_t, std::size_t>;
        std::vector<Place> places;  // the last number keeps the order of equal places
        for (const Problem& problem : problems()) {
            const auto it = order.find(problem.file);
            places.emplace_back(it == order.end() ? order.size() : it->second, problem.line,
                                problem.column, places.size());
        }
        std::sort(places.begin(), places.end());
        std::vector<Problem> sorted;
        for (const Place& place : places) {
            Problem& problem = problems()[std::get<3>(place)];
            // A missing master key is found twice: as an error, then as LiteLLM's warning.
            const bool again = !sorted.empty() && problem.line != 0 &&
                               sorted.back().file == problem.file &&
                               sorted.back().line == problem.line &&
                               sorted.back().column == problem.column &&
                               sorted.back().message == problem.message;
            if (!again) sorted.push_back(std::move(problem));
        }
        problems() = std::move(sorted);
        return std::move(result_);
    }

    Environment environment_;
    bool follow_;
    std::deque<std::string> names_;
    LoadResult result_;
};

std::string_view severity_name(Severity severity) {
    switch (severity) {
        case Severity::error: return "error";
        case Severity::warning: return "warning";
        case Severity::notice: return "notice";
    }
    return "";
}

}  // namespace

std::string Problem::text() const {
    std::string out = file;
    if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
    if (!out.empty()) out += ": ";
    out += severity_name(severity);
    out += ": ";
    if (!path.empty()) out += path + ": ";
    out += message;
    if (!suggestion.empty()) out += " (" + suggestion + ")";
    return out;
}

std::optional<std::string> Environment::lookup(std::string_view name) const {
    const auto found = variables.find(name);
    if (found != variables.end() && !found->second.empty()) return found->second;
    const auto file = variables.find(std::string(name) + "_FILE");
    if (file == variables.end() || file->second.empty() || !read_secret_file) return std::nullopt;
    auto content = read_secret_file(file->second);
    if (!content || content->empty()) return std::nullopt;
    return std::move(content).value();
}

bool LoadResult::ok() const {
    return std::none_of(problems.begin(), problems.end(), [](const Problem& problem) {
        return problem.severity == Severity::error;
    });
}

std::string LoadResult::report() const {
    std::string out;
    for (const Severity severity : {Severity::error, Severity::warning, Severity::notice}) {
        for (const Problem& problem : problems) {
            if (problem.severity == severity) out += problem.text() + "\n";
        }
    }
    return out;
}

LoadResult load(const std::string& path, const Environment& environment) {
    return Load(environment, true).run(path);
}

LoadResult load_text(std::string_view yaml, const std::string& name,
                     const Environment& environment) {
    return Load(environment, false).run_text(yaml, name);
}

std::string default_path() {
    for (const char* path : {"tollgate.yaml", "/etc/tollgate/tollgate.yaml"}) {
        std::error_code failure;
        if (fs::is_regular_file(path, failure)) return path;
    }
    return "";
}

}  // namespace tollgate::config
