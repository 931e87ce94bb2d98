// The administrative interface served inside this process, for no one else: every route of
// administration over the configured database, on a loopback port of the moment, with a key of the
// moment. Nothing of model traffic, no journal, no shared state.
#pragma once
#include <memory>
#include <string>

#include "app/offline.hpp"
#include "base/result.hpp"
#include "commands/administration.hpp"

namespace tollgate::app {

struct ProcessAdministrationOptions {
    config::Config config;
    std::string file;      // where it was read from, "" : none
    std::string data_dir;
    std::string key;         // asked with this one; "" : a platform admin's of the moment
    std::string master_key;  // valid beside the database's keys, when `key` is given
    std::string shown_url;   // where the gateway's clients will find it
};

// Opens and migrates the database, takes the tenants of the files, starts a thread that serves.
// Fails: invalid_request or unavailable in words for people.
base::Result<std::unique_ptr<commands::Administration>> process_administration(
    ProcessAdministrationOptions options);

}  // namespace tollgate::app
