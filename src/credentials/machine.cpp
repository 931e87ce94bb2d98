#include "credentials/machine.hpp"

#include "credentials/files.hpp"

namespace tollgate::credentials {

Machine read_machine(const std::string& folder) {
    const auto line = [&](const char* name) {
        auto text = read_text_file(folder + "/" + name);
        return text.ok() ? trimmed(*text) : std::string();
    };
    const std::string vendor = line("sys_vendor");
    if (vendor.starts_with("Amazon")) return Machine::aws;
    if (vendor.starts_with("Google") || line("product_name").starts_with("Google")) {
        return Machine::google;
    }
    // Hyper-V elsewhere has the same vendor; Azure's own mark is this tag.
    constexpr const char* azure_tag = "7783-7084-3265-9085-8269-3286-77";
    return line("chassis_asset_tag") == azure_tag ? Machine::azure : Machine::unknown;
}

}  // namespace tollgate::credentials
