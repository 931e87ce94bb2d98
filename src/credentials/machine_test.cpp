#include "credentials/machine.hpp"

#include "credentials/fetch_fixture_test.hpp"

namespace tollgate::credentials {
namespace {

class MachineTest : public FetchTest {};

TEST_F(MachineTest, FirmwareNamesTheCloud) {
    EXPECT_EQ(read_machine(directory), Machine::unknown);
    file("sys_vendor", "Microsoft Corporation\n");
    EXPECT_EQ(read_machine(directory), Machine::unknown) << "Hyper-V on any machine";
    file("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n");
    EXPECT_EQ(read_machine(directory), Machine::azure);
    file("product_name", "Google Compute Engine\n");
    EXPECT_EQ(read_machine(directory), Machine::google);
    file("sys_vendor", "Amazon EC2\n");
    EXPECT_EQ(read_machine(directory), Machine::aws);
}

}  // namespace
}  // namespace tollgate::credentials
