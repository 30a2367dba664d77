// Goal: traces M2 and M3: no place is used twice, and copies, and only copies, are told (promises
// A, C). Method: disks that forget and are copied, and every way to lose, double and delay frames.
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

constexpr const char* wal_file = "tram.db-wal";

std::size_t doubted(Scenario& scenario) {
  return scenario.province.hub.doubtful().size();
}

/// The opening of the log in which the entry stands.
sync::Opening opening_of(Machine& machine, const sync::Name& name) {
  return ask(machine, [&](const store::ReadUnit& unit) {
    const auto held = unit.entry(name);
    REQUIRE(held);
    const auto first = unit.names_at({held->place.log, 0});
    REQUIRE(first.size() == 1);
    const auto entry = sync::decode_entry(*unit.entry(first.front())->bytes);
    REQUIRE(entry);
    return std::get<sync::Opening>(entry->body);
  });
}

sync::LogId log_of(Machine& machine, const sync::Name& name) {
  return ask(machine, [&](const store::ReadUnit& unit) { return unit.entry(name)->place.log; });
}

/// What came after: the node writes before it hears of anybody, then meets the hub.
void goes_on_offline(OneDesk& desk, const sync::Name& newest_held, const sync::Name& forgotten) {
  Machine& machine = *desk.node.machine;
  REQUIRE_FALSE(holds(machine, forgotten));
  const sync::Name written = desk.note("written on what is left");
  CHECK(log_of(machine, written) != log_of(machine, newest_held));
  CHECK(opening_of(machine, written).continues == newest_held);
  desk.must_come_to_rest();
  CHECK(holds(machine, forgotten));
  CHECK(places_claimed_twice(desk.province.hub) == 0);
  CHECK(places_claimed_twice(machine) == 0);
  CHECK(desk.province.oracle.gone() == 0);
}

}  // namespace

TEST_CASE("trace M2: a disk that lied about ten saves; the node starts offline and writes on") {
  std::size_t forgot = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    OneDesk desk(seed);
    Province& province = desk.province;
    Member& node = desk.node;
    desk.note("truly on disk");
    desk.must_sync(node);
    REQUIRE(node.machine->store().checkpoint(true));
    province.disks_lie = true;
    DiskFaults lies;
    lies.lying_sync_rate = 1;
    node.machine->disk().set_faults(lies);
    sync::Name last{};
    for (int i = 0; i < 10; ++i) {
      last = desk.note("said to be " + std::to_string(i));
    }
    desk.must_sync(node);
    province.stop(*node.machine, Stop::power_cut);
    node.machine->disk().set_faults({});
    INFO("seed " << seed);
    // Some cuts leave no store that opens, and some leave all: those are faults of their own.
    if (!province.start(node) || holds(*node.machine, last)) continue;
    ++forgot;
    const auto newest =
        ask(*node.machine, [](const store::ReadUnit& unit) { return unit.newest_own_entry(); });
    REQUIRE(newest);
    goes_on_offline(desk, *newest, last);
  }
  CHECK(forgot >= 3);
}

TEST_CASE("trace M2: a cleaner deletes the -wal; the node writes on, at places of its own") {
  OneDesk desk;
  Province& province = desk.province;
  Member& node = desk.node;
  const sync::Name held = desk.note("in the file");
  REQUIRE(node.machine->store().checkpoint(true));
  const Snapshot in_the_file = province.snapshot(node);
  const sync::Name last = desk.note("only in the -wal");
  desk.must_sync(node);
  province.stop(*node.machine, Stop::kill);
  REQUIRE(node.machine->disk().size(wal_file) > 0);
  node.machine->disk().remove_file(wal_file);
  node.machine->disk().remove_file("tram.db-shm");
  province.oracle.restored(node.id, in_the_file.holding);
  REQUIRE(province.start(node));
  goes_on_offline(desk, held, last);
}

TEST_CASE("trace M2: a copied folder is put back; both histories stand, none at a place twice") {
  OneDesk desk;
  const sync::Name held = desk.note("in the copy");
  const Snapshot folder = desk.province.snapshot(desk.node);
  const sync::Name last = desk.note("after the copy");
  desk.must_sync(desk.node);
  desk.province.restore(desk.node, folder);
  goes_on_offline(desk, held, last);
}

TEST_CASE("trace M2: the hub's own logs use no place twice after its disk went back") {
  LateEnrolment all(unit_z);
  Province& province = all.province;
  all.must_sync(all.known);  // it hears what the hub wrote of the late one
  province.restore_hub(all.old);
  Member& other = province.add_node(unit_z);  // written where the late one stood
  all.must_sync(all.known);
  all.must_come_to_rest();
  CHECK(places_claimed_twice(province.hub) == 0);
  CHECK(province.hub.knows(all.late.machine->device()));
  CHECK(province.hub.knows(other.machine->device()));
}

TEST_CASE("trace M3: original and clone in turn, in step; two lineages from the second's first") {
  for (const bool clone_writes : {false, true}) {
    Scenario scenario;
    Province& province = scenario.province;
    Member& original = province.add_node(unit_y);
    static_cast<void>(must_create(province, original, "X"));
    scenario.must_sync(original);
    Member& twin = province.clone(original, province.snapshot(original));
    province.crash(original, Stop::in_order);
    scenario.must_sync(original);
    CHECK(doubted(scenario) == 0);
    if (clone_writes) static_cast<void>(must_create(province, twin, "X'"));
    scenario.must_sync(twin);
    REQUIRE(doubted(scenario) == 1);  // at the first contact of the second copy
    for (int turn = 0; turn < 6; ++turn) {
      Member& speaks = turn % 2 == 0 ? original : twin;
      province.crash(speaks, Stop::in_order);
      scenario.must_sync(speaks);
      REQUIRE(doubted(scenario) == 1);
      CHECK(province.hub.doubtful().front().lineages == 2);
      CHECK(province.hub.doubtful().front().copied);
    }
    scenario.must_come_to_rest();
  }
}

TEST_CASE("trace M3: two exchanges of one run in flight, answered in any order, alarm nobody") {
  for (const bool first_comes_first : {true, false}) {
    Scenario scenario;
    Province& province = scenario.province;
    Member& node = province.add_node(unit_y);
    static_cast<void>(must_create(province, node, "X"));
    const sync::Bytes waits = first_frame(node);
    static_cast<void>(must_create(province, node, "X2"));
    const sync::Bytes pushes = first_frame(node);
    const sync::PublicKey& device = node.machine->device();
    auto answers = province.at_hub(first_comes_first
                                       ? std::vector<Arrival>{{device, waits}, {device, pushes}}
                                       : std::vector<Arrival>{{device, pushes}, {device, waits}});
    REQUIRE(answers[0]);
    REQUIRE(answers[1]);
    CHECK(province.at_node(node, *answers[1], province.hub_era));
    CHECK(province.at_node(node, *answers[0], province.hub_era));
    scenario.must_sync(node);
    province.crash(node, Stop::in_order);
    scenario.must_sync(node);
    CHECK(doubted(scenario) == 0);
    scenario.must_come_to_rest();
  }
}

TEST_CASE("trace M3: hellos that are lost, doubled and a hundred runs late raise no alarm") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& node = province.add_node(unit_y);
  std::vector<sync::Bytes> sent;
  for (int run = 0; run < 100; ++run) {
    if (run % 10 == 0) static_cast<void>(must_create(province, node, std::to_string(run)));
    const sync::Bytes frame = first_frame(node);
    sent.push_back(frame);
    switch (run % 5) {
      case 0: break;                                                       // the request is lost
      case 1: static_cast<void>(answer_to(province, node, frame)); break;  // its answer is
      case 2: static_cast<void>(answer_to(province, node, frame)); [[fallthrough]];
      default: CHECK(province.at_node(node, answer_to(province, node, frame), province.hub_era));
    }
    province.crash(node, run % 3 == 0 ? Stop::kill : Stop::in_order);
  }
  for (const sync::Bytes& late : sent) static_cast<void>(answer_to(province, node, late));
  scenario.must_sync(node);
  province.crash(node, Stop::in_order);
  scenario.must_sync(node);
  CHECK(doubted(scenario) == 0);
  scenario.must_come_to_rest();
  CHECK(doubted(scenario) == 0);
}

TEST_CASE("trace M3: a hub that went back twenty runs alarms about none of its nodes") {
  Scenario scenario;
  Province& province = scenario.province;
  for (int i = 0; i < 6; ++i) province.add_node(i % 2 == 0 ? unit_y : unit_z);
  REQUIRE(province.synchronise_all());
  const Snapshot old = province.snapshot_hub();
  for (int run = 0; run < 20; ++run) {
    for (Member& member : province.members()) {
      province.crash(member, Stop::in_order);
      scenario.must_sync(member);
    }
  }
  province.restore_hub(old);
  for (int run = 0; run < 2; ++run) {
    for (Member& member : province.members()) scenario.must_sync(member);
    for (Member& member : province.members()) province.crash(member, Stop::in_order);
  }
  CHECK(doubted(scenario) == 0);
  scenario.must_come_to_rest();
}

}  // namespace tram::simulation
