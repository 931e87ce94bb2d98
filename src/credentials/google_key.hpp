// Google's credential files: what they hold and where they are. Pure but for google_key_place() and
// google_project(), which look at small files.
#pragma once
#include <string>
#include <vector>

#include "credentials/fetcher.hpp"
#include "credentials/token_call.hpp"

namespace tollgate::credentials {

// Where a key was named; empty when nowhere.
struct GoogleKeyPlace {
    std::string name;   // "vertex_credentials", "GOOGLE_APPLICATION_CREDENTIALS", ...
    std::string value;  // a path, or the JSON itself
    bool empty() const { return value.empty(); }
    bool is_json() const;
};

// `configured` (vertex_credentials), VERTEXAI_CREDENTIALS, GOOGLE_APPLICATION_CREDENTIALS, then the
// file that `gcloud auth application-default login` writes, where it exists. Blocking.
GoogleKeyPlace google_key_place(const std::string& configured, const Variables& variables);

struct GoogleKey {
    enum class Kind : std::uint8_t {
        service_account,   // client_email, private_key
        authorized_user,   // client_id, client_secret, refresh_token
        external_account,  // a token of somebody else's, from a file or an address
        impersonated,      // another key, and the service account it stands in for
    };
    Kind kind = Kind::service_account;
    std::string project;        // project_id, or quota_project_id
    std::string quota_project;  // quota_project_id
    std::string token_uri;
    std::string client_email, private_key, private_key_id;
    std::string client_id, client_secret, refresh_token;
    std::string audience, subject_token_type;
    std::string subject_file, subject_url, subject_field;  // field: of a JSON answer; "": plain
    Pairs subject_headers;
    std::string impersonation_url;  // "" unless a service account is impersonated
    std::vector<std::string> delegates;
    std::string source;  // impersonated: the other key's JSON
};

// REQUIRES: the text comes from whoever runs the gateway: it names files and addresses that are
// read. Fails: invalid_request naming `name` and the field; nothing of the key is in the message.
base::Result<GoogleKey> parse_google_key(std::string_view text, const std::string& name);

// The project that a key belongs to; "" when it says none or cannot be read. Blocking.
std::string google_project(const GoogleKeyPlace& place);

}  // namespace tollgate::credentials
