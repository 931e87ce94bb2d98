// `tollgate doctor` and `tollgate doctor client`: what works, what does not, and what to do about
// it. Each check is ok, warn or FAIL; only a FAIL makes the exit code 1.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "commands/console.hpp"
#include "config/load.hpp"
#include "domain/target.hpp"

namespace tollgate::commands {

enum class Health : std::uint8_t { ok, warn, fail };

struct Check {
    std::string name;  // "listen", "openai: authentication"
    Health health = Health::ok;
    std::string detail;        // what was found; never a secret
    std::string hint;          // what to do, "" when nothing
    double milliseconds = -1;  // how long a step over the network took; -1: none
};
using Checks = std::vector<Check>;

// --- checks that need nothing but this machine (doctor_local.cpp) ------------------------------
// Blocking: files, one socket. Each never throws and changes nothing that stays.
Check check_configuration(const std::string& file, const config::LoadResult& loaded);
// The address is free, or a gateway of ours answers there.
Check check_listen(const std::string& address);
Checks check_tls(const config::TlsFiles& files);
Check check_clock(std::int64_t unix_now);
Check check_data_dir(const std::string& folder);
Check check_disk(const std::string& folder);
// Files that hold secrets may not be readable by others.
Check check_permissions(const std::vector<std::string>& files);
// `connections` as configured: each needs a descriptor, and one more towards its provider.
Check check_descriptors(std::uint64_t limit, std::int64_t connections);
std::uint64_t descriptor_limit();

// --- checks over the network (doctor_network.cpp) ----------------------------------------------
// For each account among the deployments, in turn: DNS, TCP, TLS, and a list of models with its
// credential; Ollama's version and loaded contexts. Runs its own loop; each step has a deadline.
Checks check_providers(const std::vector<domain::Deployment>& deployments);

// --- Ollama's contexts (doctor_ollama.cpp), pure ------------------------------------------------
// What /api/ps says: one check per loaded model.
Checks check_ollama_contexts(const std::string& name, std::string_view ps_body);
// A configured num_ctx that cuts prompts.
Checks check_num_ctx(const std::vector<domain::Deployment>& deployments);
constexpr std::int64_t agent_context_tokens = 32'768;  // less cuts Claude Code's first prompt

// --- the client's environment (doctor_client.cpp) ----------------------------------------------
// Pure: judges the variables given. Values of secrets are shown by their length only.
Checks check_client(const config::Variables& variables);

// --- running and printing ----------------------------------------------------------------------
struct DoctorArgs {
    std::string config_file;                      // "" : none
    config::LoadResult loaded;                    // of that file, or zero configuration
    std::vector<domain::Deployment> deployments;  // of the snapshot; empty when it failed
    std::string data_dir;
    bool network = true;  // false: only this machine
    bool json = false;    // -o json
};
int run_doctor(const DoctorArgs& args, const Console& console);
int run_doctor_client(const config::Variables& variables, bool json, const Console& console);

// A table, or JSON. Exit 1 when a check failed.
int report(const Checks& checks, bool json, const Console& console);

}  // namespace tollgate::commands
