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

TEST_CASE("fault 16: power cuts at any change of a save; what was acknowledged is there") {
  for (std::uint64_t at = 1; at <= 60; ++at) {
    Scenario scenario(at);
    Province& province = scenario.province;
    Member& member = province.add_node(unit_y);
    REQUIRE(province.create(member, "acknowledged"));
    DiskFaults faults;
    faults.stop_at_change = at;
    member.machine->disk().set_faults(faults);
    for (int i = 0; i < 8 && !member.machine->struck(); ++i) {
      static_cast<void>(province.create(member, "perhaps " + std::to_string(i)));
    }
    member.machine->disk().set_faults({});
    province.crash(member, Stop::power_cut);
    INFO("change " << at);
    CHECK(province.oracle.violations().empty());
    REQUIRE(province.create(member, "and on"));
    scenario.must_come_to_rest();
  }
}

// The save is gone with the disk that lied; what the hub had comes back by itself.
TEST_CASE("fault 17: a disk that lies loses acknowledged work, and it comes back from the hub") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& member = province.add_node(unit_y);
  REQUIRE(province.create(member, "on the disk"));
  const Snapshot durable = province.snapshot(member);
  REQUIRE(province.create(member, "only said to be"));
  scenario.must_sync(member);
  province.stop(*member.machine, Stop::kill);
  province.restore(member, durable);
  REQUIRE(province.create(member, "after the power cut"));
  scenario.must_sync(member);
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
}

}  // namespace tram::simulation
