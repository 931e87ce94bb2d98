#include "commands/doctor.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "base/json.hpp"

namespace tollgate::commands {
namespace {

std::string_view health_name(Health health) {
    switch (health) {
        case Health::ok: return "ok";
        case Health::warn: return "warn";
        case Health::fail: return "FAIL";
    }
    return "FAIL";
}

Colour colour_of(Health health) {
    return health == Health::ok     ? Colour::green
           : health == Health::warn ? Colour::yellow
                                    : Colour::red;
}

std::string duration(double milliseconds) {
    char text[32];
    std::snprintf(text, sizeof text, milliseconds < 10 ? "%.1f ms" : "%.0f ms", milliseconds);
    return text;
}

void print_table(const Checks& checks, const Console& console) {
    std::size_t width = 0;
    for (const Check& check : checks) width = std::max(width, check.name.size());
    for (const Check& check : checks) {
        const std::string state(health_name(check.health));
        console.out << painted(console, colour_of(check.health), state)
                    << std::string(6 - state.size(), ' ') << check.name
                    << std::string(width + 2 - check.name.size(), ' ') << check.detail;
        if (check.milliseconds >= 0) console.out << " (" << duration(check.milliseconds) << ")";
        console.out << "\n";
        if (check.hint.empty() || check.health == Health::ok) continue;
        console.out << std::string(width + 8, ' ') << "-> " << check.hint << "\n";
    }
}

void print_json(const Checks& checks, const Console& console) {
    std::string text;
    json::Writer writer(text);
    writer.begin_array();
    for (const Check& check : checks) {
        writer.begin_object()
            .string("check", check.name)
            .string("status", health_name(check.health))
            .string("detail", check.detail)
            .string("hint", check.hint);
        if (check.milliseconds >= 0) {
            char number[32];
            std::snprintf(number, sizeof number, "%.1f", check.milliseconds);
            writer.raw("milliseconds", number);
        }
        writer.end_object();
    }
    writer.end_array();
    console.out << text << "\n";
}

}  // namespace

int report(const Checks& checks, bool json, const Console& console) {
    const auto count = [&](Health health) {
        return std::count_if(checks.begin(), checks.end(),
                             [health](const Check& check) { return check.health == health; });
    };
    if (json) {
        print_json(checks, console);
    } else {
        print_table(checks, console);
    }
    const auto failed = count(Health::fail);
    console.err << checks.size() << " checks: " << failed << " failed, " << count(Health::warn)
                << " to look at\n";
    return failed > 0 ? exit_failed : exit_done;
}

int run_doctor_client(const config::Variables& variables, bool json, const Console& console) {
    return report(check_client(variables), json, console);
}

}  // namespace tollgate::commands
