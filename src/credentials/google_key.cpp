#include "credentials/google_key.hpp"

#include "base/json.hpp"
#include "credentials/files.hpp"

namespace tollgate::credentials {
namespace {

constexpr const char* token_address = "https://oauth2.googleapis.com/token";
constexpr const char* exchange_address = "https://sts.googleapis.com/v1/token";

std::string gcloud_file(const Variables& variables) {
    constexpr const char* name = "/application_default_credentials.json";
    if (const std::string folder = variable(variables, "CLOUDSDK_CONFIG"); !folder.empty()) {
        return folder + name;
    }
    const std::string home = variable(variables, "HOME");
    return home.empty() ? std::string() : home + "/.config/gcloud" + name;
}

std::string text_or(const json::Value& value, const char* otherwise) {
    std::string text = value.text();
    return text.empty() ? otherwise : text;
}

base::Result<void> read_subject(const json::Value& source, const std::string& name,
                                GoogleKey& key) {
    key.subject_file = source["file"].text();
    key.subject_url = source["url"].text();
    for (auto it = source["headers"].members().begin(); it != source["headers"].members().end();
         ++it) {
        key.subject_headers.emplace_back(it.key().text(), (*it).text());
    }
    if (source["format"]["type"].equals("json")) {
        key.subject_field = source["format"]["subject_token_field_name"].text();
    }
    // For the AWS kind the address is AWS's, and the token is a signed request.
    const bool of_aws = source["environment_id"].exists();
    if (!of_aws && (!key.subject_file.empty() || !key.subject_url.empty())) return {};
    return base::invalid(name + ": credential_source names neither `file` nor `url`: workload "
                         "identity by AWS, by a program or by a certificate is not supported");
}

// The first of `fields` that is missing, or "".
std::string missing(const std::vector<std::pair<const char*, const std::string*>>& fields) {
    for (const auto& [name, value] : fields) {
        if (value->empty()) return name;
    }
    return {};
}

std::string missing_in(const GoogleKey& key) {
    switch (key.kind) {
        case GoogleKey::Kind::service_account:
            return missing({{"client_email", &key.client_email},
                            {"private_key", &key.private_key}});
        case GoogleKey::Kind::authorized_user:
            return missing({{"client_id", &key.client_id},
                            {"client_secret", &key.client_secret},
                            {"refresh_token", &key.refresh_token}});
        case GoogleKey::Kind::external_account:
            return missing({{"audience", &key.audience},
                            {"subject_token_type", &key.subject_token_type}});
        case GoogleKey::Kind::impersonated:
            return missing({{"service_account_impersonation_url", &key.impersonation_url},
                            {"source_credentials", &key.source}});
    }
    return {};
}

base::Result<GoogleKey::Kind> kind_of(const std::string& type, const std::string& name) {
    if (type == "service_account") return GoogleKey::Kind::service_account;
    if (type == "authorized_user") return GoogleKey::Kind::authorized_user;
    if (type == "external_account") return GoogleKey::Kind::external_account;
    if (type == "impersonated_service_account") return GoogleKey::Kind::impersonated;
    return base::invalid(name + ": the type '" + type +
                         "' is not supported (service_account, authorized_user, external_account, "
                         "impersonated_service_account)");
}

}  // namespace

bool GoogleKeyPlace::is_json() const { return trimmed(value).starts_with('{'); }

GoogleKeyPlace google_key_place(const std::string& configured, const Variables& variables) {
    if (!configured.empty()) return {"vertex_credentials", configured};
    for (const char* name : {"VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"}) {
        if (std::string value = variable(variables, name); !value.empty()) return {name, value};
    }
    const std::string path = gcloud_file(variables);
    if (!path.empty() && read_text_file(path).ok()) return {"gcloud's file", path};
    return {};
}

base::Result<GoogleKey> parse_google_key(std::string_view text, const std::string& name) {
    json::Document document;
    auto root = document.parse(text);
    if (!root.ok() || !root->is_object()) return base::invalid(name + " holds no JSON object");
    const json::Value& object = *root;
    GoogleKey key;
    TRY(key.kind, kind_of(object["type"].text(), name));
    const bool external = key.kind == GoogleKey::Kind::external_account;
    key.quota_project = object["quota_project_id"].text();
    key.project = text_or(object["project_id"], key.quota_project.c_str());
    key.token_uri = external ? text_or(object["token_url"], exchange_address)
                             : text_or(object["token_uri"], token_address);
    key.client_email = object["client_email"].text();
    key.private_key = object["private_key"].text();
    key.private_key_id = object["private_key_id"].text();
    key.client_id = object["client_id"].text();
    key.client_secret = object["client_secret"].text();
    key.refresh_token = object["refresh_token"].text();
    key.audience = object["audience"].text();
    key.subject_token_type = object["subject_token_type"].text();
    key.impersonation_url = object["service_account_impersonation_url"].text();
    key.source = object["source_credentials"].raw();
    for (const json::Value each : object["delegates"].elements()) {
        key.delegates.push_back(each.text());
    }
    if (external) {
        TRY_VOID(read_subject(object["credential_source"], name, key));
    }
    const std::string field = missing_in(key);
    if (!field.empty()) return base::invalid(name + ": the field " + field + " is missing");
    return key;
}

std::string google_project(const GoogleKeyPlace& place) {
    if (place.empty()) return {};
    std::string text = place.value;
    if (!place.is_json()) {
        auto read = read_text_file(place.value);
        if (!read.ok()) return {};
        text = std::move(read).value();
    }
    auto key = parse_google_key(text, place.name);
    return key.ok() ? key->project : std::string();
}

}  // namespace tollgate::credentials
