#include "commands/init.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <vector>

#include "config/zero_config.hpp"
#include "crypto/digest.hpp"

namespace tollgate::commands {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_characters = 43;  // 256 bits

struct Detected {
    const domain::ProviderTraits* row = nullptr;  // of the catalog
    std::string credential;                       // the variable's name, "" when none is needed
};

// The first variable of the list that is set; "" when none is.
std::string first_set(const std::vector<std::string>& names,
                      const config::Environment& environment) {
    for (const std::string& name : names) {
        if (environment.lookup(name)) return name;
    }
    return "";
}

std::vector<Detected> detect(const config::Environment& environment,
                             const config::Catalog& catalog) {
    std::vector<Detected> out;
    for (const domain::ProviderTraits& row : catalog.providers) {
        if (row.echo) continue;
        const std::string credential = first_set(row.credential_env, environment);
        const bool addressed = !first_set(row.base_url_env, environment).empty();
        // Servers on this machine need no credential: their address says that they are wanted.
        const bool wanted = !credential.empty() || (!row.credential_required && addressed);
        if (wanted && (!row.base_url.empty() || addressed)) out.push_back({&row, credential});
    }
    return out;
}

// A name as a YAML scalar: `@cf/...`, `gpt-oss:20b` and globs need quotes.
std::string scalar(const std::string& name) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) || std::strchr("._/-", c); };
    return std::all_of(name.begin(), name.end(), plain) ? name : "\"" + name + "\"";
}

void append_entry(std::string& out, const std::string& name, const std::string& model,
                  const Detected& provider) {
    out += "  - model_name: " + scalar(name) + "\n    litellm_params:\n";
    out += "      model: " + scalar(model) + "\n";
    if (!provider.credential.empty())
        out += "      api_key: os.environ/" + provider.credential + "\n";
    if (provider.row->protocol == domain::Protocol::ollama) {
        out += "      num_ctx: 65536   # agents send long prompts; Ollama cuts what does not fit\n";
    }
}

// The provider's current models by name, then everything else of it as `provider/model`.
void append_provider(std::string& out, const Detected& provider, const config::Config& offered) {
    const std::string prefix = provider.row->type + "/";
    out += "\n  # " + provider.row->display_name;
    out += provider.credential.empty() ? "\n" : ", by " + provider.credential + "\n";
    for (const config::ModelEntry& entry : offered.model_list) {
        if (!entry.model.starts_with(prefix)) continue;
        append_entry(out, entry.model_name, entry.model, provider);
    }
    append_entry(out, prefix + "*", prefix + "*", provider);
}

void append_tiers(std::string& out, const config::Tiers& tiers) {
    out += "\n# What the names of Claude's tiers mean to clients that ask for them.\ntiers:\n";
    for (const auto& [tier, name] : {std::pair<const char*, const std::string&>{"opus", tiers.opus},
                                     {"sonnet", tiers.sonnet},
                                     {"haiku", tiers.haiku},
                                     {"fable", tiers.fable},
                                     {"default", tiers.fallback}}) {
        if (!name.empty()) out += std::string("  ") + tier + ": " + scalar(name) + "\n";
    }
}

// Writes a new file; with `replace` an old one gives way at once or not at all.
std::string write_file(const std::string& path, const std::string& text, mode_t mode,
                       bool replace) {
    const std::string target = replace ? path + ".new" : path;
    if (replace) unlink(target.c_str());
    const int fd = open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return std::strerror(errno);
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = write(fd, text.data() + done, text.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    const int why = errno;
    const bool whole = done == text.size() && close(fd) == 0;
    if (whole && (!replace || rename(target.c_str(), path.c_str()) == 0)) return "";
    const int failure = whole ? errno : why;
    unlink(target.c_str());
    return std::strerror(failure);
}

// The reference to write; "" after a complaint.
std::string master_key(const InitArgs& args, const config::Environment& environment,
                       const Console& console) {
    if (environment.lookup("TOLLGATE_MASTER_KEY")) return "os.environ/TOLLGATE_MASTER_KEY";
    std::error_code failure;
    const fs::path folder = fs::absolute(args.data_dir, failure).lexically_normal();
    const std::string path = (folder / "master_key").string();
    if (fs::exists(path, failure)) {
        console.err << "keeping the master key of " << path << "\n";
        return "file:" + path;
    }
    fs::create_directories(folder, failure);
    chmod(folder.c_str(), 0700);
    const std::string key = "sk-tg-" + crypto::random_base62(key_characters) + "\n";
    const std::string problem = write_file(path, key, 0600, false);
    if (!problem.empty()) {
        console.err << "cannot write " << path << ": " << problem
                    << " (set TOLLGATE_MASTER_KEY, or --data-dir)\n";
        return "";
    }
    console.err << "made a master key in " << path << " (mode 0600)\n";
    return "file:" + path;
}

}  // namespace

std::string starting_configuration(const InitArgs& args, const config::Environment& environment,
                                   const config::Catalog& catalog, const std::string& master_key) {
    std::string out =
        "# Tollgate's configuration, in LiteLLM's form. Secrets are named here, never written.\n"
        "# Check a change with `tollgate config check`; the running gateway takes it by itself.\n"
        "\nserver:\n  listen: " +
        args.listen +
        "\n  # For TLS:\n  # tls: {certificate: /etc/tollgate/chain.pem, key: "
        "/etc/tollgate/key.pem}\n"
        "\nmodel_list:\n"
        "  # Answers by itself, with no account anywhere: for a first try and for tests.\n"
        "  - model_name: test-model\n    litellm_params:\n      model: echo/echo\n";
    // What serving without a file would offer, so that writing one changes nothing.
    const config::Config offered = config::zero_config(environment, catalog);
    const auto found = detect(environment, catalog);
    for (const Detected& provider : found) append_provider(out, provider, offered);
    if (found.empty()) {
        out +=
            "\n  # No provider's variable was set. One entry looks like this:\n"
            "  # - model_name: gpt\n  #   litellm_params:\n  #     model: openai/gpt-5.4\n"
            "  #     api_key: os.environ/OPENAI_API_KEY\n";
    }
    config::Tiers demo;
    demo.fallback = "test-model";
    append_tiers(out, offered.demo ? demo : offered.tiers);
    return out + "\ngeneral_settings:\n  master_key: " + master_key + "\n";
}

int run_init(const InitArgs& args, const config::Environment& environment,
             const config::Catalog& catalog, const Console& console) {
    std::error_code failure;
    if (!args.force && fs::exists(args.file, failure)) {
        console.err << args.file << " exists; --force overwrites it\n";
        return exit_failed;
    }
    const std::string key = master_key(args, environment, console);
    if (key.empty()) return exit_failed;
    const std::string text = starting_configuration(args, environment, catalog, key);
    const std::string problem = write_file(args.file, text, 0644, args.force);
    if (!problem.empty()) {
        console.err << "cannot write " << args.file << ": " << problem << "\n";
        return exit_failed;
    }
    const auto found = detect(environment, catalog);
    console.err << "wrote " << args.file;
    const char* separator = " for ";
    for (const Detected& provider : found) {
        console.err << separator << provider.row->display_name;
        separator = ", ";
    }
    if (found.empty()) console.err << " (no provider variable is set: demo model only)";
    console.err << "\nnext:\n";
    console.out << "tollgate config check " << args.file << "\ntollgate serve --config "
                << args.file << "\ntollgate keys snippet --client claude-code\n";
    return exit_done;
}

}  // namespace tollgate::commands
