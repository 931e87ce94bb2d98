#include "routing/circuit_notice.hpp"

#include <charconv>
#include <optional>

namespace tollgate::routing {
namespace {

constexpr std::string_view version = "tollgate-circuit/1";
constexpr std::int32_t openings_max = 1'000'000;

std::string_view take_word(std::string_view& text) {
    const auto end = text.find(' ');
    const auto word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

std::optional<std::int64_t> number(std::string_view text, std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (value < 0 || value > most) return std::nullopt;
    return value;
}

base::Error wrong(std::string_view part) {
    return base::invalid("a circuit notice has a wrong " + std::string(part), std::string(part));
}

}  // namespace

std::string encode(const CircuitNotice& notice) {
    const auto& change = notice.change;
    std::string out(version);
    for (const std::string& word :
         {notice.instance, std::string(to_string(change.state)),
          std::to_string(change.open_for.count()), std::to_string(change.openings),
          std::string(to_string(change.reason)), notice.deployment}) {
        out += ' ';
        out += word;
    }
    return out;
}

base::Result<CircuitNotice> decode_circuit_notice(std::string_view text) {
    if (text.size() > notice_bytes_max) return wrong("length");
    if (take_word(text) != version) return wrong("version");
    CircuitNotice out;
    out.instance = std::string(take_word(text));
    if (out.instance.empty()) return wrong("instance");
    const auto state = take_word(text);
    if (state != "open" && state != "closed") return wrong("state");
    out.change.state = state == "open" ? CircuitState::open : CircuitState::closed;
    const auto open_for = number(take_word(text), notice_open_max.count());
    if (!open_for) return wrong("time");
    out.change.open_for = std::chrono::milliseconds(*open_for);
    const auto openings = number(take_word(text), openings_max);
    if (!openings) return wrong("number of openings");
    out.change.openings = static_cast<std::int32_t>(*openings);
    const auto reason = open_reason_of(take_word(text));
    if (!reason) return wrong("reason");
    out.change.reason = *reason;
    if (text.empty() || text.find('\n') != std::string_view::npos) return wrong("deployment");
    out.deployment = std::string(text);
    out.change.changed = true;
    return out;
}

}  // namespace tollgate::routing
