// The order of doctor's checks: what must be right first comes first.
#include <algorithm>

#include "base/clock.hpp"
#include "commands/doctor.hpp"

namespace tollgate::commands {
namespace {

void add(Checks& to, Checks from) {
    for (Check& check : from) to.push_back(std::move(check));
}

// A configuration that only refers to secrets may be read by all; one that holds them may not.
std::vector<std::string> secret_files(const DoctorArgs& args) {
    const config::Config& config = args.loaded.config;
    std::vector<std::string> files;
    const auto literal = [&](const config::Secret& secret, const config::Origin& origin) {
        if (secret.reference == "literal" && !origin.file.empty()) files.push_back(origin.file);
        if (secret.reference.starts_with("file:")) files.push_back(secret.reference.substr(5));
    };
    const auto master = config.origins.find("general_settings.master_key");
    if (master != config.origins.end()) {
        literal(config.general_settings.master_key, master->second);
    }
    for (const auto& account : config.providers) literal(account.api_key, account.origin);
    for (const auto& entry : config.model_list) literal(entry.api_key, entry.origin);
    for (const auto& tenant : config.tenants) {
        for (const auto& key : tenant.api_keys) literal(key, tenant.origin);
    }
    for (const std::string& file : config.files) {
        if (file.ends_with(".env")) files.push_back(file);
    }
    if (config.server.tls.enabled()) files.push_back(config.server.tls.key);
    files.push_back(args.data_dir + "/master_key");
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    return files;
}

}  // namespace

int run_doctor(const DoctorArgs& args, const Console& console) {
    const config::Config& config = args.loaded.config;
    Checks checks;
    checks.push_back(check_configuration(args.config_file, args.loaded));
    checks.push_back(check_listen(config.server.listen));
    add(checks, check_tls(config.server.tls));
    checks.push_back(check_clock(base::unix_seconds()));
    checks.push_back(check_data_dir(args.data_dir));
    checks.push_back(check_disk(args.data_dir));
    checks.push_back(check_permissions(secret_files(args)));
    checks.push_back(check_descriptors(descriptor_limit(), config.server.limits.connections));
    add(checks, check_num_ctx(args.deployments));
    if (args.network) add(checks, check_providers(args.deployments));
    return report(checks, args.json, console);
}

}  // namespace tollgate::commands
