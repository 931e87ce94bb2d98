#include "dialect/bedrock_model.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tollgate::dialect {
namespace {

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

BedrockFamily of_text(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, BedrockFamily>, 7> known = {{
        {"claude", BedrockFamily::claude},
        {"nova", BedrockFamily::nova},
        {"gpt-oss", BedrockFamily::gpt_oss},
        {"mistral", BedrockFamily::mistral},
        {"cohere", BedrockFamily::cohere},
        {"command", BedrockFamily::cohere},
        {"deepseek", BedrockFamily::deepseek},
    }};
    for (const auto& [part, family] : known) {
        if (holds(text, part)) return family;
    }
    return BedrockFamily::other;
}

// The zones of inference profiles; what stands before the first dot otherwise is the maker.
bool is_zone(std::string_view text) {
    constexpr std::array<std::string_view, 9> zones = {"us", "us-gov", "eu", "apac", "jp",
                                                       "au", "ca",     "sa", "global"};
    return std::ranges::find(zones, text) != zones.end();
}

// ...:foundation-model/ID, ...:inference-profile/ID; other ARNs say nothing of their model.
std::string_view without_arn(std::string_view model_name) {
    const std::string_view name = bedrock_name(model_name).model;
    if (!name.starts_with("arn:")) return name;
    const bool named = holds(name, ":foundation-model/") || holds(name, ":inference-profile/");
    return named ? name.substr(name.rfind('/') + 1) : std::string_view();
}

}  // namespace

BedrockFamily bedrock_family(const domain::Deployment& target) {
    const auto known = of_text(target.model.family);
    return known != BedrockFamily::other ? known : of_text(target.model_name);
}

BedrockName bedrock_name(std::string_view model_name) {
    for (const auto& [prefix, api] :
         {std::pair<std::string_view, BedrockApi>{"invoke/", BedrockApi::invoke},
          {"converse/", BedrockApi::converse}}) {
        if (model_name.starts_with(prefix)) return {api, model_name.substr(prefix.size())};
    }
    return {BedrockApi::unspecified, model_name};
}

std::string_view bedrock_foundation_model(std::string_view model_name) {
    const std::string_view name = without_arn(model_name);
    const auto dot = name.find('.');
    const bool zoned = dot != std::string_view::npos && is_zone(name.substr(0, dot));
    return zoned ? name.substr(dot + 1) : name;
}

std::string bedrock_catalog_names(std::string_view model_name) {
    std::string names(without_arn(model_name));
    std::string_view name = bedrock_foundation_model(model_name);
    if (name.size() < names.size()) names.append(1, ' ').append(name);
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) return names;
    name.remove_prefix(dot + 1);
    names.append(1, ' ').append(name);
    // "-v1:0", "-v1": the version of the offer, not of the model.
    const auto version = name.rfind("-v");
    const bool numbered = version != std::string_view::npos &&
                          name.find_first_not_of("0123456789:", version + 2) ==
                              std::string_view::npos;
    if (numbered) names.append(1, ' ').append(name.substr(0, version));
    return names;
}

}  // namespace tollgate::dialect
