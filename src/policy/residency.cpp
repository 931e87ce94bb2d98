#include "policy/residency.hpp"

#include <algorithm>
#include <array>

namespace tollgate::policy {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view anywhere = "anywhere";

// What Bedrock's profiles begin with: requests may be served in any region of that place.
constexpr std::array profile_places = {"us-gov"sv, "us"sv, "eu"sv, "apac"sv,
                                       "jp"sv,     "au"sv, "ca"sv, "global"sv};

// Their names begin like those of the Union: London and Zurich.
constexpr std::array outside_of_the_union = {"eu-west-2"sv, "eu-central-2"sv, "europe-west2"sv,
                                             "europe-west6"sv};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

// "" : it names no profile.
std::string_view place_of_profile(std::string_view model) {
    for (const std::string_view place : profile_places) {
        if (model.size() > place.size() && model.starts_with(place) && model[place.size()] == '.') {
            return place;
        }
    }
    return {};
}

// Where Bedrock serves a model called by this name; the endpoint's region says it for those that
// are no profiles. An application's profile does not tell which regions stand behind it.
std::string region_on_bedrock(std::string_view model, std::string_view endpoint_region) {
    constexpr std::string_view application = ":application-inference-profile/";
    for (const std::string_view api : {"invoke/"sv, "converse/"sv}) {
        if (model.starts_with(api)) model.remove_prefix(api.size());
    }
    if (model.starts_with("arn:")) {
        if (model.find(application) != std::string_view::npos) return std::string(anywhere);
        model.remove_prefix(model.rfind('/') + 1);
    }
    const std::string_view place = place_of_profile(model);
    if (!place.empty()) return std::string(place);
    return std::string(endpoint_region.empty() ? anywhere : endpoint_region);
}

bool in_union(std::string_view region) {
    return (region.starts_with("eu-") || region.starts_with("europe-")) &&
           std::ranges::find(outside_of_the_union, region) == outside_of_the_union.end();
}

bool names_region(std::string_view allowed, std::string_view region) {
    if (allowed == "*") return true;
    if (region == anywhere) return false;
    if (allowed == region) return true;
    if (allowed.ends_with('*')) return region.starts_with(allowed.substr(0, allowed.size() - 1));
    if (allowed == "eu") return in_union(region);
    return allowed == "us" && region.starts_with("us-");
}

}  // namespace

std::string region_of(const domain::Deployment& target) {
    if (target.provider.local || target.provider.echo) return "local";
    const domain::CloudPlace& place = target.place;
    switch (target.provider.credential) {
        case domain::CredentialKind::aws: {
            const std::string& model =
                place.model_id.empty() ? target.model_name : place.model_id;
            return lower(region_on_bedrock(model, place.region));
        }
        case domain::CredentialKind::google:
            return place.region.empty() ? "global" : lower(place.region);
        case domain::CredentialKind::entra:
        case domain::CredentialKind::key: break;
    }
    return place.region.empty() ? std::string(anywhere) : lower(place.region);
}

bool in_regions(const std::vector<std::string>& allowed, std::string_view region) {
    return std::ranges::any_of(allowed, [region](const std::string& name) {
        return names_region(lower(name), region);
    });
}

}  // namespace tollgate::policy
