// Goal: traces M13 and M14: new computers, and the numbers that they print (promises A, K).
// Method: computers that come late, are revoked and cloned; codes are looked up as a page does.
#include <set>

#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

namespace field = schema::dossier_field;

std::size_t records_with_code(Machine& machine, const std::string& code) {
  return ask(machine, [&](const store::ReadUnit& unit) {
    return unit.find_record_by_code(unit_y, schema::kind::dossier, code).size();
  });
}

}  // namespace

TEST_CASE("trace M13: a new computer writes from its first minute, and gets the whole history") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& old = province.add_node(unit_y);
  Dice dice(7);
  for (int i = 0; i < 36; ++i) {
    const auto record = must_create(province, old, "X" + std::to_string(i));
    static_cast<void>(must_note(province, old, record, long_text(dice, 16'000)));
  }
  scenario.must_sync(old);
  // The old computer burns; nothing of it is left but what the hub has.
  province.retire(old);
  province.time.pass(400 * day_ms);
  Member& fresh = province.add_node(unit_y);
  const auto before = must_create(province, fresh, "before the first contact");
  CHECK_FALSE(synced_shown(fresh));
  std::size_t answers = 0;
  std::optional<sync::RecordRef> during;
  const SessionReport report = watch_session(province, fresh, [&] {
    ++answers;
    if (!during) during = must_create(province, fresh, "while the history loads");
    const bool complete = fresh.machine->session_done();
    CHECK(synced_shown(fresh) == complete);  // K: not before all of it is here
  });
  CHECK(report.synced);
  CHECK(answers >= 3);
  REQUIRE(during);
  CHECK(export_lines(*fresh.machine, unit_y).size() == 38);
  CHECK(text_shown(province.hub, unit_y, before, field::applicant_name) ==
        "before the first contact");
  scenario.must_come_to_rest();
  CHECK(province.oracle.gone() == 0);
}

TEST_CASE("trace M13: a backup older than what two disks held; nothing lies in a gap") {
  OneDesk desk;
  Member& node = desk.node;
  desk.must_sync(node);
  const Snapshot first_backup = desk.province.snapshot(node);
  const sync::Name between = desk.note("between the backups");
  desk.must_sync(node);
  desk.note("after the second backup");
  desk.must_sync(node);
  desk.province.crash_hub(Stop::in_order);
  // Disk and second backup burn; the first is put back, and everything since comes back.
  desk.province.restore(node, first_backup);
  desk.must_sync(node);
  CHECK(holds_bytes(*node.machine, between));
  CHECK(text_shown(*node.machine, unit_y, desk.record, field::notes) == "after the second backup");
  desk.must_come_to_rest();
}

TEST_CASE("trace M14: slots are for good: no two computers of a unit share a number") {
  Scenario scenario;
  Province& province = scenario.province;
  std::vector<Member*> members{&province.add_node(unit_y), &province.add_node(unit_y)};
  Member& z = province.add_node(unit_z);
  REQUIRE(province.hub.revoke(members[1]->machine->device()));
  members.push_back(&province.add_node(unit_y));  // gets none of what was revoked
  province.crash_hub(Stop::power_cut);
  members.push_back(&province.add_node(unit_y));
  std::set<std::int64_t> taken;
  for (const Member* member : members) {
    const hub::Device device = device_of(province, *member);
    CHECK(device.slot_last - device.slot_first == 249);
    for (std::int64_t number = device.slot_first; number <= device.slot_last; ++number) {
      CHECK(taken.insert(number).second);
    }
  }
  CHECK(device_of(province, z).slot_first == 1);  // numbers are the unit's own
}

// Until the issue about counter rules gives the later one a new code by an entry.
TEST_CASE("trace M14: two dossiers of one code both stay, and both are found under it") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& original = province.add_node(unit_y);
  scenario.must_sync(original);
  Member& twin = province.clone(original, province.snapshot(original));
  const std::string code = "H36.49-260801-0006";
  const auto print_slip = [&](Member& member, const char* applicant) {
    sync::Edit edit;
    edit.target = sync::Edit::Target::self;
    edit.kind = schema::kind::dossier;
    edit.changes = {dossier_text(field::code, code),
                    dossier_text(field::applicant_name, applicant)};
    REQUIRE(province.save(member, edit));
  };
  print_slip(original, "citizen A");
  print_slip(twin, "citizen B");
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  CHECK(records_with_code(province.hub, code) == 2);
  CHECK(records_with_code(*original.machine, code) == 2);
  CHECK(records_with_code(*twin.machine, code) == 2);
  CHECK(export_lines(province.hub, unit_y).size() == 2);
  // One of them gets another code; the old slip finds it all the same.
  const auto record = ask(*twin.machine, [&](const store::ReadUnit& unit) {
    return unit.find_record_by_code(unit_y, schema::kind::dossier, code).front().record;
  });
  static_cast<void>(
      must_save(province, twin, record, {dossier_text(field::code, "H36.49-260801-0257")}));
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  CHECK(records_with_code(*original.machine, code) == 2);
  CHECK(records_with_code(*original.machine, "H36.49-260801-0257") == 1);
  scenario.must_come_to_rest();
}

}  // namespace tram::simulation
