#include "providers/provider.hpp"

#include "base/json.hpp"
#include "providers/header_list.hpp"

namespace tollgate::providers {

std::optional<std::int64_t> Provider::read_token_count(std::string_view answer) const {
    json::Document document;
    const auto root = document.parse(answer);
    if (!root.ok()) return std::nullopt;
    return (*root)["input_tokens"].integer();
}

void Provider::authorize(const domain::Deployment&, const domain::Credential& credential,
                         const SignableRequest&, HeaderList& headers) const {
    if (!credential.bearer.empty()) {
        headers.set("authorization", headers.keep("Bearer " + credential.bearer));
    }
    if (!credential.quota_project.empty()) {
        headers.set_default("x-goog-user-project", headers.keep(credential.quota_project));
    }
}

}  // namespace tollgate::providers
