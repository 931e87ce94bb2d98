#include "commands/connection.hpp"

#include <fstream>
#include <iostream>

#include "commands/contexts.hpp"
#include "commands/hidden_prompt.hpp"
#include "secret_sources/files.hpp"

namespace tollgate::commands {
namespace {

// "" when nobody gave one.
base::Result<std::string> given_key(const ConnectionArgs& args,
                                    const config::Environment& environment) {
    if (!args.key_file.empty()) return read_secret(args.key_file);
    return environment.lookup("TOLLGATE_KEY").value_or("");
}

base::Result<Destination> remote(const ConnectionArgs& args,
                                 const config::Environment& environment, std::string url,
                                 const Context* context) {
    Destination destination;
    destination.local = false;
    destination.remote.url = std::move(url);
    destination.remote.ca_file = args.ca_file;
    if (destination.remote.ca_file.empty() && context != nullptr) {
        destination.remote.ca_file = context->ca_file;
    }
    std::string& key = destination.remote.key;
    TRY(key, given_key(args, environment));
    if (key.empty() && context != nullptr && !context->key_file.empty()) {
        TRY(key, read_secret(context->key_file));
    }
    if (key.empty()) key = environment.lookup("TOLLGATE_MASTER_KEY").value_or("");
    if (key.empty()) {
        TRY(key, asked_secret("Key for " + destination.remote.url,
                              "no key for " + destination.remote.url +
                                  ": give --key-file FILE, or set TOLLGATE_KEY or "
                                  "TOLLGATE_KEY_FILE"));
    }
    return destination;
}

base::Result<Destination> of_context(const ConnectionArgs& args,
                                     const config::Environment& environment,
                                     const std::string& name) {
    TRY(const std::string path, contexts_file(environment));
    TRY(const Contexts contexts, read_contexts(path));
    const Context* context = contexts.find(name);
    if (context == nullptr) {
        return base::Error{base::ErrorCode::not_found,
                           "no context '" + name + "'; tollgate contexts list shows them"};
    }
    return remote(args, environment, context->url, context);
}

// "" when none is in use; a home that cannot be found has none.
base::Result<std::string> current_context(const config::Environment& environment) {
    const auto path = contexts_file(environment);
    if (!path.ok()) return std::string();
    TRY(Contexts contexts, read_contexts(*path));
    return std::move(contexts.current);
}

}  // namespace

base::Result<std::string> read_secret(const std::string& path) {
    if (path != "-") return secret_sources::read_secret_file(path);
    std::string key;
    std::getline(std::cin, key);
    if (!key.empty() && key.back() == '\r') key.pop_back();
    if (key.empty()) return base::invalid("standard input holds no key");
    return key;
}

base::Result<std::string> read_object(const std::string& path) {
    constexpr std::size_t bytes_max = 1024 * 1024;  // what the interface takes
    std::ifstream file;
    if (path != "-") file.open(path, std::ios::binary);
    std::istream& in = path == "-" ? std::cin : file;
    if (!in) return base::invalid("cannot read " + path);
    std::string text(bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max) return base::invalid(path + " is larger than a MiB");
    if (text.empty()) return base::invalid(path + " is empty");
    return text;
}

std::string local_url(const config::ServerConfig& server) {
    std::string listen = server.listen;
    for (const std::string_view any : {"0.0.0.0:", "[::]:", "*:", ":"}) {
        if (!listen.starts_with(any)) continue;
        listen = "127.0.0.1:" + listen.substr(any.size());
        break;
    }
    return (server.tls.enabled() ? "https://" : "http://") + listen;
}

base::Result<Destination> choose_destination(const ConnectionArgs& args,
                                             const config::Environment& environment) {
    if (!args.url.empty() && !args.context.empty()) {
        return base::invalid("--url and --context: give one of them");
    }
    if (!args.url.empty()) return remote(args, environment, args.url, nullptr);
    if (!args.context.empty()) return of_context(args, environment, args.context);
    Destination local;
    // Who names a configuration means the gateway of this machine.
    if (args.config_file.empty() && args.data_dir.empty()) {
        const std::string url = environment.lookup("TOLLGATE_URL").value_or("");
        if (!url.empty()) return remote(args, environment, url, nullptr);
        std::string name = environment.lookup("TOLLGATE_CONTEXT").value_or("");
        if (name.empty()) {
            TRY(name, current_context(environment));
        }
        if (!name.empty()) return of_context(args, environment, name);
    }
    TRY(local.key, given_key(args, environment));
    return local;
}

}  // namespace tollgate::commands
