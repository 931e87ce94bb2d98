#include "commands/version.hpp"

#include <ostream>

#include "base/json.hpp"

namespace tollgate::commands {
namespace {

#if defined(__clang__)
constexpr std::string_view compiler = "clang " __clang_version__;
#else
constexpr std::string_view compiler = "gcc " __VERSION__;
#endif
#if defined(__x86_64__)
constexpr std::string_view architecture = "x86-64";
#elif defined(__aarch64__)
constexpr std::string_view architecture = "arm64";
#else
constexpr std::string_view architecture = "unknown";
#endif

}  // namespace

int run_version(const VersionArgs& args, const Console& console) {
    if (!args.json) {
        console.out << "tollgate " TOLLGATE_VERSION " (" << architecture << ", " << compiler
                    << ")\n";
        return exit_done;
    }
    std::string text;
    json::Writer(text)
        .begin_object()
        .string("version", TOLLGATE_VERSION)
        .string("architecture", architecture)
        .string("compiler", compiler)
        .end_object();
    console.out << text << "\n";
    return exit_done;
}

}  // namespace tollgate::commands
