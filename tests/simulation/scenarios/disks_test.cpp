// Goal: what a disk does, and what was acknowledged on it (promise A). Method: nodes on disks that
// fail at a chosen point, many seeds; the oracle outside knows every save.
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

// Fault 18. The swarm found it: the flush fails, the system takes the pages for written, the
// program starts again and reads them, saves behind them, and at the power cut there is a hole.
TEST_CASE("a save behind a flush that failed survives the power cut") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Scenario scenario(seed);
    Province& province = scenario.province;
    Member& member = province.add_node(unit_y);
    REQUIRE(province.create(member, "before"));
    DiskFaults faults;
    faults.failures = {{Operation::sync, 1, Failure::io_error, false}};
    member.machine->disk().set_faults(faults);
    CHECK_FALSE(province.create(member, "the flush fails"));
    member.machine->disk().set_faults({});
    province.crash(member, Stop::kill);
    REQUIRE(province.create(member, "behind it"));
    province.crash(member, Stop::power_cut);
    INFO("seed " << seed);
    CHECK(province.oracle.violations().empty());
  }
}

}  // namespace tram::simulation
