// Goal: what happens to the hub costs no entry that any machine holds (promises A, B, F, K).
// Method: hubs cut off, put back and wiped in a simulated province; the oracle knows every save.
#include "schema/fields.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

/// One request reaches the hub; what it answers is dropped.
void lose_the_answer(Province& province, Member& member) {
  REQUIRE(member.machine->begin_session());
  auto frame = member.machine->next_frame();
  REQUIRE(frame);
  REQUIRE(province.at_hub({{member.machine->device(), *frame}}).front());
}

}  // namespace

TEST_CASE("fault 1: the link dies after the hub's commit; the next session finds it there") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& node = province.add_node(unit_y);
  scenario.must_sync(node);
  REQUIRE(province.create(node, "one"));
  lose_the_answer(province, node);
  const std::uint64_t entries = province.entries_at_hub();
  lose_the_answer(province, node);
  scenario.must_sync(node);
  CHECK(province.entries_at_hub() == entries);
  scenario.must_come_to_rest();
}

TEST_CASE("fault 11: a crash at any change of an exchange, at either side, leaves no half of it") {
  for (std::uint64_t at = 1; at <= 40; ++at) {
    for (const bool at_the_hub : {true, false}) {
      Scenario scenario(at);
      Province& province = scenario.province;
      Member& node = province.add_node(unit_y);
      Member& other = province.add_node(unit_y);
      REQUIRE(province.create(node, "one"));
      REQUIRE(province.create(other, "two"));
      scenario.must_sync(other);
      DiskFaults faults;
      faults.stop_at_change = at;
      (at_the_hub ? province.hub.disk() : node.machine->disk()).set_faults(faults);
      static_cast<void>(province.synchronise(node));
      (at_the_hub ? province.hub.disk() : node.machine->disk()).set_faults({});
      if (at_the_hub) province.crash_hub(Stop::power_cut);
      if (!at_the_hub) province.crash(node, Stop::power_cut);
      INFO("change " << at << (at_the_hub ? " at the hub" : " at the node"));
      scenario.must_come_to_rest();
    }
  }
}

TEST_CASE("fault 38: the hub goes back, and nodes bring everything, also what others wrote") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& a = province.add_node(unit_y);
  Member& b = province.add_node(unit_y);
  Member& z = province.add_node(unit_z);
  REQUIRE(province.create(a, "before"));
  REQUIRE(province.synchronise_all());
  const Snapshot old = province.snapshot_hub();
  for (int i = 0; i < 20; ++i) {
    REQUIRE(province.create(a, "lost " + std::to_string(i)));
    REQUIRE(province.create(z, "lost too " + std::to_string(i)));
  }
  REQUIRE(province.synchronise_all());
  // Machine a, which wrote them, is gone; b only read them.
  province.retire(a);
  province.restore_hub(old);
  CHECK(scenario.must_sync(b).hub_went_back);
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
}

TEST_CASE("fault 38: the hub goes back twice, deeper, before it had all again") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& writer = province.add_node(unit_y);
  const auto write_more = [&](const std::string& applicant) {
    for (int i = 0; i < 10; ++i) REQUIRE(province.create(writer, applicant));
    scenario.must_sync(writer);
    return province.snapshot_hub();
  };
  const Snapshot deep = write_more("kept");
  const Snapshot shallow = write_more("lost at last");
  write_more("lost at once");
  // It has heard of one head only: the newest, over everything.
  Member& reader = province.add_node(unit_y);
  scenario.must_sync(reader);
  province.retire(writer);
  province.restore_hub(shallow);
  REQUIRE(reader.machine->begin_session());
  const auto has_cut = [&] {
    return ask(*reader.machine, [](const auto& unit) { return !unit.lost(unit_y).empty(); });
  };
  while (!has_cut()) {
    auto frame = reader.machine->next_frame();
    REQUIRE(frame);
    const auto answers = province.at_hub({{reader.machine->device(), std::move(*frame)}});
    REQUIRE(answers.front());
    REQUIRE(province.at_node(reader, *answers.front(), province.hub_era));
  }
  province.restore_hub(deep);
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
  CHECK(province.entries_at_hub() > 30);
}

TEST_CASE("fault 38: what one commune handed to another comes back to both from the receiver") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& giver = province.add_node(unit_y);
  Member& receiver = province.add_node(unit_z);
  REQUIRE(province.synchronise_all());
  const Snapshot old = province.snapshot_hub();
  const sync::RecordRef record = must_create(province, giver, "handed over");
  REQUIRE(province.transfer(giver, record, unit_z));
  REQUIRE(province.synchronise_all());
  REQUIRE(province.note(receiver, record, "taken over"));
  REQUIRE(province.synchronise_all());
  province.retire(giver);
  province.restore_hub(old);
  CHECK(scenario.must_sync(receiver).hub_went_back);
  Member& next = province.add_node(unit_y);
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
  CHECK(text_shown(*next.machine, unit_y, record, schema::dossier_field::notes) == "taken over");
}

TEST_CASE(
    "trace M4: after a rewind a decision of the hub's does not take the place of a lost one") {
  LateEnrolment all(unit_z);
  Province& province = all.province;
  all.must_sync(all.known);
  province.restore_hub(all.old);
  Member& after = province.add_node(unit_z);  // decided meanwhile
  CHECK(all.must_sync(all.known).hub_went_back);
  CHECK(province.hub.knows(all.late.machine->device()));
  CHECK(province.hub.knows(after.machine->device()));
  REQUIRE(province.create(all.late, "works again"));
  all.must_come_to_rest();
}

TEST_CASE("fault 40: a node that was away for 18 months hands in what it has, and loses nothing") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& away = province.add_node(unit_y);
  Member& here = province.add_node(unit_y);
  const auto record = province.create(away, "one");
  REQUIRE(record);
  REQUIRE(province.synchronise_all());
  for (int month = 0; month < 18; ++month) {
    REQUIRE(province.note(away, *record, "away " + std::to_string(month)));
    REQUIRE(province.note(here, *record, "here " + std::to_string(month)));
    REQUIRE(province.create(here, "month " + std::to_string(month)));
    scenario.must_sync(here);
    province.crash_hub(Stop::in_order);
    province.time.pass(30 * day_ms);
  }
  scenario.must_sync(away);
  scenario.must_come_to_rest();
}

TEST_CASE("a hub restored while two copies of a node are about, all at once") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& a = province.add_node(unit_y);
  REQUIRE(province.create(a, "one"));
  const Snapshot old = scenario.hub_level_with(a);
  Member& twin = province.clone(a, province.snapshot(a));
  REQUIRE(province.create(a, "two"));
  REQUIRE(province.create(twin, "three"));
  scenario.must_sync(a);
  scenario.must_sync(twin);
  province.restore_hub(old);
  REQUIRE(province.create(twin, "four"));
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
}

}  // namespace tram::simulation
