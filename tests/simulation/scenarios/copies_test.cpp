// Goal: copies of machines lose nothing and are told (promises A, C, K). Method: disks copied and
// put back in a simulated province; the oracle outside knows every save.
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

// Found by seed 11 of the swarm: the twin's log came through the feed, then the original drew the
// same log, wrote into it, and its entries were nobody's: never sent, and "synced" was said.
TEST_CASE("a machine copied with its memory does not write into its twin's log") {
  Scenario scenario;
  Member& original = scenario.province.add_node(unit_y);
  REQUIRE(scenario.province.create(original, "one"));
  scenario.must_sync(original);
  scenario.province.crash(original, Stop::in_order);
  Member& twin = scenario.province.clone(original, scenario.province.snapshot(original));
  twin.machine->share_chance_with(*original.machine);
  REQUIRE(scenario.province.create(twin, "two"));
  scenario.must_sync(twin);
  scenario.must_sync(original);
  REQUIRE(scenario.province.create(original, "three"));
  scenario.must_sync(original);
  scenario.must_come_to_rest();
}

}  // namespace tram::simulation
