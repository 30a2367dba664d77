// Goal: copies of machines lose nothing and are told (promises A, C, K). Method: disks copied and
// put back in a simulated province; the oracle outside knows every save.
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

std::vector<store::DoubtfulDevice> doubts(Scenario& scenario) {
  return scenario.province.hub.doubtful();
}

}  // namespace

TEST_CASE("fault 32: a cloned disk is found at the first contact of the second copy") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& original = province.add_node(unit_y);
  REQUIRE(province.create(original, "one"));
  scenario.must_sync(original);
  const Snapshot disk = province.snapshot(original);
  Member& twin = province.clone(original, disk);
  province.crash(original, Stop::in_order);
  scenario.must_sync(original);
  CHECK(doubts(scenario).empty());  // the first to speak is simply itself, started again
  scenario.must_sync(twin);
  REQUIRE(doubts(scenario).size() == 1);
  CHECK(doubts(scenario).front().device == original.machine->device());
  CHECK_FALSE(doubts(scenario).front().copied);
  province.crash(original, Stop::in_order);
  scenario.must_sync(original);
  CHECK(doubts(scenario).front().copied);  // both speak: no rollback does that
  scenario.must_come_to_rest();
}

TEST_CASE("fault 33: both copies write offline for weeks, and nothing of either is lost") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& original = province.add_node(unit_y);
  const auto shared = province.create(original, "known to both");
  REQUIRE(shared);
  scenario.must_sync(original);
  Member& twin = province.clone(original, province.snapshot(original));
  for (int day = 0; day < 21; ++day) {
    REQUIRE(province.create(original, "here " + std::to_string(day)));
    REQUIRE(province.create(twin, "there " + std::to_string(day)));
    province.time.pass(day_ms);
  }
  REQUIRE(province.note(original, *shared, "here"));
  REQUIRE(province.note(twin, *shared, "there"));
  scenario.must_sync(twin);
  scenario.must_sync(original);
  CHECK(doubts(scenario).size() == 1);
  scenario.must_come_to_rest();
}

TEST_CASE("fault 34: an old disk put into a node; its own later entries come back") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& node = province.add_node(unit_y);
  REQUIRE(province.create(node, "before"));
  scenario.must_sync(node);
  const Snapshot old = province.snapshot(node);
  province.crash(node, Stop::in_order);
  REQUIRE(province.create(node, "after"));
  scenario.must_sync(node);
  province.restore(node, old);
  REQUIRE(province.create(node, "written on the old disk"));
  scenario.must_sync(node);
  CHECK(doubts(scenario).size() == 1);
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
}

TEST_CASE("trace M1: a machine copied with its memory writes at the same places; both stand") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& original = province.add_node(unit_y);
  REQUIRE(province.create(original, "one"));
  scenario.must_sync(original);
  province.crash(original, Stop::in_order);
  Member& twin = province.clone(original, province.snapshot(original));
  twin.machine->share_chance_with(*original.machine);
  // Neither has heard of the other: one log, two histories, two citizens.
  REQUIRE(province.create(original, "X1"));
  REQUIRE(province.create(twin, "X2"));
  scenario.must_sync(original);
  scenario.must_sync(twin);
  REQUIRE(province.create(original, "X3"));
  REQUIRE(province.create(twin, "X4"));
  scenario.must_come_to_rest();
}

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
