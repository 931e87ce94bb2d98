// What keys of LiteLLM's configuration mean here where that differs, and what to use instead of
// those that nothing here uses. Constant.
#pragma once
#include <string_view>

namespace tollgate::commands::litellm {

// How a key that is read means something else than before; "" : it means the same. `section` is
// "model_list", "litellm_settings", ...
std::string_view difference_of(std::string_view section, std::string_view key);
// What to do instead of a key that is not used; "" : nothing is known.
std::string_view instead_of(std::string_view key);

}  // namespace tollgate::commands::litellm
