#include "routing/request_features.hpp"

#include <array>

namespace tollgate::routing {
namespace {

// How clients mark what they add to the words of a user.
constexpr std::array<std::string_view, 4> added_tags{
    "system-reminder", "command-message", "local-command-stdout", "local-command-caveat"};

void append_line(std::string& out, std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return;
    const auto end = text.find_last_not_of(" \t\r\n");
    if (!out.empty()) out += '\n';
    out += text.substr(begin, end - begin + 1);
}

}  // namespace

const BodyFeatures& RequestFeatures::body() const {
    static const BodyFeatures nothing;
    return source != nullptr ? source->body() : nothing;
}

UserText without_reminders(std::string_view part) {
    UserText out;
    while (!part.empty()) {
        std::size_t begin = std::string_view::npos;
        std::string_view tag;
        for (const std::string_view added : added_tags) {
            const std::string opening = "<" + std::string(added) + ">";
            const std::size_t at = part.find(opening);
            if (at < begin) {
                begin = at;
                tag = added;
            }
        }
        append_line(out.words, part.substr(0, begin));
        if (begin == std::string_view::npos) break;
        part.remove_prefix(begin + tag.size() + 2);
        const std::string closing = "</" + std::string(tag) + ">";
        const std::size_t end = part.find(closing);
        append_line(out.reminders, part.substr(0, end));
        if (end == std::string_view::npos) break;
        part.remove_prefix(end + closing.size());
    }
    return out;
}

}  // namespace tollgate::routing
