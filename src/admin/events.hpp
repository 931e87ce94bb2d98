// Changes that others wait for are told to the channels of alerts: provider.created, .updated and
// .deleted, user.byok_added and user.byok_deleted. They are kept as alerts that nobody has to
// acknowledge.
#pragma once
#include <memory>

#include "admin/call.hpp"

namespace tollgate::admin {

// After the change was committed, in a transaction of its own: the platform's channels are not for
// the caller to see. That it cannot be told is logged and undoes nothing.
net::Task<void> tell_events(http::Exchange& exchange, std::shared_ptr<Call> call);

}  // namespace tollgate::admin
