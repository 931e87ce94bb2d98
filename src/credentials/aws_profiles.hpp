// AWS's shared files, ~/.aws/config and ~/.aws/credentials: profiles by name. Pure but for
// load_profiles(), which blocks on two small files. Any thread.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

using Profile = std::map<std::string, std::string, std::less<>>;  // keys in lower case

struct AwsProfiles {
    std::map<std::string, Profile, std::less<>> profiles;
    std::string files;  // "~/.aws/config and ~/.aws/credentials", for messages
    const Profile* find(std::string_view name) const;  // null when there is none
};

// Sections with their keys. '#' and ';' begin a comment at the start of a line and after a blank;
// nested settings (indented, below a key without value) are left out.
std::map<std::string, Profile, std::less<>> parse_ini(std::string_view text);

// The profiles of both files; where both name a key, the credentials file's counts. In the
// configuration file a profile is "[profile NAME]" or "[default]".
AwsProfiles merge_profiles(std::string_view config, std::string_view credentials);

// From AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or below HOME. Files that do not exist are
// empty. Fails: as read_text_file for those that cannot be read.
base::Result<AwsProfiles> load_profiles(const Variables& variables);

// The profile that is meant where settings name none: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default".
std::string profile_name(const Variables& variables);

// True when the profile says how to get credentials (not only a region).
bool has_credentials(const Profile& profile);

std::string setting(const Profile& profile, std::string_view key);  // "" when it is not there

}  // namespace tollgate::credentials
