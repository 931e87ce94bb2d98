// Whose machine this is, by what its firmware says of itself: whether a cloud's metadata server can
// be there is known without asking an address that may be anybody's.
#pragma once
#include <cstdint>
#include <string>

namespace tollgate::credentials {

enum class Machine : std::uint8_t { unknown, aws, google, azure };

// Blocking, three small files below `folder`.
Machine read_machine(const std::string& folder = "/sys/class/dmi/id");

}  // namespace tollgate::credentials
