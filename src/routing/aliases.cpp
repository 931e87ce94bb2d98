#include "routing/aliases.hpp"

#include <array>

namespace tollgate::routing {
namespace {

bool digits(std::string_view text) {
    for (char c : text) {
        if (c < '0' || c > '9') return false;
    }
    return !text.empty();
}

// "20251101" or "2025-11-01".
bool is_date(std::string_view text) {
    if (text.size() == 8) return digits(text) && text.starts_with("20");
    return text.size() == 10 && text[4] == '-' && text[7] == '-' && digits(text.substr(0, 4)) &&
           digits(text.substr(5, 2)) && digits(text.substr(8, 2)) && text.starts_with("20");
}

// The part after the last place where a provider or a region may stand.
std::string_view after_provider(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
    constexpr std::string_view vendor = "anthropic.";  // Bedrock's ids
    const std::size_t dot = name.find(vendor);
    if (dot != std::string_view::npos) name.remove_prefix(dot + vendor.size());
    return name;
}

}  // namespace

std::string_view without_date(std::string_view name) {
    if (name.ends_with(']')) {
        const std::size_t open = name.rfind('[');
        if (open != std::string_view::npos && open > 0) name = name.substr(0, open);
    }
    for (const std::string_view mark : {"-latest", "@latest", ":latest"}) {
        if (name.size() > mark.size() && name.ends_with(mark)) {
            return name.substr(0, name.size() - mark.size());
        }
    }
    for (const std::size_t length : {std::size_t{8}, std::size_t{10}}) {
        if (name.size() < length + 2) continue;
        const char before = name[name.size() - length - 1];
        if ((before == '-' || before == '@') && is_date(name.substr(name.size() - length))) {
            return name.substr(0, name.size() - length - 1);
        }
    }
    return name;
}

std::string_view claude_tier(std::string_view name) {
    static constexpr std::array<std::string_view, 4> tiers{"opus", "sonnet", "haiku", "fable"};
    const std::string_view model = after_provider(without_date(name));
    for (const std::string_view tier : tiers) {
        if (model == tier) return tier;
    }
    if (model == "opusplan") return tiers[0];
    if (!model.starts_with("claude")) return {};
    if (model.size() > 6 && model[6] != '-') return {};
    for (const std::string_view tier : tiers) {
        if (model.find(tier) != std::string_view::npos) return tier;
    }
    return "default";
}

std::string spelling_key(std::string_view name) {
    std::string key;
    key.reserve(name.size());
    for (char c : name) {
        if (c == '-' || c == '_' || c == '.' || c == ' ') continue;
        key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return key;
}

ModelString split_model(std::string_view text) {
    constexpr std::string_view local = "local/";
    if (text.starts_with(local) && text.find('/', local.size()) != std::string_view::npos) {
        text.remove_prefix(local.size());
    }
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return {{}, text};
    return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace tollgate::routing
