// Who is asking, for handlers outside the generation story.
#pragma once
#include "base/result.hpp"
#include "domain/principal.hpp"
#include "gateway/directory.hpp"
#include "http/message.hpp"

namespace tollgate::gateway {

// The result borrows `directory`. Fails: authentication.
base::Result<const domain::Principal*> authenticate_caller(const Directory& directory,
                                                           const http::Headers& headers);

// Whether that key may be used from `address` ("10.0.0.7:5123") on `path`, "" : whatever the path.
// Fails: permission.
base::Result<void> check_caller(const Directory& directory, const domain::Principal& who,
                                std::string_view address, std::string_view path = {});
// Both, for routes that do nothing between them. Fails: as either.
base::Result<const domain::Principal*> admit_caller(const Directory& directory,
                                                    const http::Headers& headers,
                                                    std::string_view address,
                                                    std::string_view path);

}  // namespace tollgate::gateway
