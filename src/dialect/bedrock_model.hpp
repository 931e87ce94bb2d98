// What a model's name says on Bedrock: which maker's model it is (the Converse API is one, what its
// models accept is not), how it is to be called. Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/target.hpp"

namespace tollgate::dialect {

enum class BedrockFamily : std::uint8_t { claude, nova, gpt_oss, mistral, cohere, deepseek, other };

// By the catalog's family, else by the name, which may be an id, a profile or an ARN.
BedrockFamily bedrock_family(const domain::Deployment& target);

// Which API the model's name asks for: `invoke/...` and `converse/...` force one.
enum class BedrockApi : std::uint8_t { unspecified, invoke, converse };
struct BedrockName {
    BedrockApi api = BedrockApi::unspecified;
    std::string_view model;  // the rest: an id, a profile's id or an ARN
};
BedrockName bedrock_name(std::string_view model_name);

// The model's own id: without the API in front, the profile's region and what an ARN has around it.
// "" for ARNs that do not name a model.
std::string_view bedrock_foundation_model(std::string_view model_name);

// The names under which the catalog may describe the model of a deployment, the nearest first,
// separated by spaces: without its region ("us."), then without its maker and its version's end
// ("anthropic.", "-v1:0"). Empty for ARNs that name no model.
std::string bedrock_catalog_names(std::string_view model_name);

}  // namespace tollgate::dialect
