// Goal: traces M5 and M6, and W3: entries due in several feeds, and what the hub signs (promises
// A, D, H, J). Method: three communes hand dossiers to each other; the hub's power is cut at each
// change.
#include "hub/exchange_desk.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

namespace field = schema::dossier_field;

/// Three communes with a computer each.
struct Communes : Scenario {
  explicit Communes(std::uint64_t seed = 1) : Scenario(seed, {unit_y, unit_z, unit_x}) {
    all_hear();
  }
  /// Twice: whoever spoke first hears what came after.
  void all_hear() {
    for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  }
  void hand_over(Member& from, const sync::RecordRef& record, const char* to) {
    REQUIRE(province.transfer(from, record, to));
  }
  std::size_t conflicts() {
    return conflicts_shown(y).size() + conflicts_shown(z).size() + conflicts_shown(x).size();
  }
  std::string custody(Machine& machine, const char* scope, const sync::RecordRef& record) {
    return ask(machine, [&](const store::ReadUnit& unit) {
      const auto row = unit.record(scope, record);
      return row ? row->custody : std::string();
    });
  }
  Member& y = province.add_node(unit_y);
  Member& z = province.add_node(unit_z);
  Member& x = province.add_node(unit_x);
};

std::vector<store::TimelineEntry> timeline(Machine& machine, const char* scope,
                                           const sync::RecordRef& record) {
  return ask(machine, [&](const store::ReadUnit& unit) { return unit.timeline(scope, record); });
}

sync::Capacity capacity_of(Machine& machine, const char* scope, const sync::RecordRef& record,
                           const sync::Name& name) {
  for (const store::TimelineEntry& item : timeline(machine, scope, record)) {
    if (item.held.name == name) return item.entry->capacity;
  }
  FAIL("the entry is not in the record's history");
  return sync::Capacity::other;
}

}  // namespace

TEST_CASE("trace M5: a transfer out of a busy log; the receiver knows who wrote each entry") {
  Communes all;
  Province& province = all.province;
  const auto record = must_create(province, all.z, "X");
  const auto other = must_create(province, all.z, "not for Y");
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(must_note(province, all.z, other, "between " + std::to_string(i)));
    static_cast<void>(must_note(province, all.z, record, "step " + std::to_string(i)));
  }
  all.must_sync(all.z);
  all.hand_over(all.z, record, unit_y);
  all.all_hear();
  const auto history = timeline(*all.y.machine, unit_y, record);
  CHECK(history.size() == 7);
  for (const store::TimelineEntry& item : history) {
    CHECK(item.unit == unit_z);
    CHECK(item.device == all.z.machine->device());
  }
  CHECK(timeline(*all.y.machine, unit_y, other).empty());  // H
  CHECK(all.custody(*all.y.machine, unit_y, record) == unit_y);
  CHECK(text_shown(*all.y.machine, unit_y, record, field::notes) == "step 4");

  // Who owns it now writes as its owner; what the old owner adds late comes to the new one.
  const auto by_owner = must_note(province, all.y, record, "Y works on it");
  all.all_hear();
  const auto late = must_note(province, all.z, record, "late work of Z");
  all.all_hear();
  CHECK(capacity_of(*all.y.machine, unit_y, record, by_owner) == sync::Capacity::owner);
  CHECK(capacity_of(*all.y.machine, unit_y, record, late) == sync::Capacity::other);
  CHECK(text_shown(*all.z.machine, unit_z, record, field::notes) == "late work of Z");
  CHECK(export_lines(*all.y.machine, unit_y).size() == 1);
  CHECK(export_lines(*all.z.machine, unit_z).size() == 1);  // the other dossier alone
  all.must_come_to_rest();
}

// Trace 2. The hub's power is cut before, in and after the delivery of e10.
TEST_CASE("trace M5: there and back again; nobody sees a conflict that is none") {
  for (const std::uint64_t cut_at : {1ULL, 20ULL, 40ULL, 60ULL}) {
    Communes all(cut_at);
    Province& province = all.province;
    const auto record = must_create(province, all.z, "X");
    static_cast<void>(must_note(province, all.z, record, "e5"));
    all.hand_over(all.z, record, unit_y);
    all.all_hear();
    static_cast<void>(must_note(province, all.y, record, "e10"));
    all.hand_over(all.y, record, unit_z);
    const auto frame = first_frame(all.y);
    DiskFaults faults;
    faults.stop_at_change = cut_at;
    province.hub.disk().set_faults(faults);
    static_cast<void>(province.at_hub({{all.y.machine->device(), frame}}));
    province.hub.disk().set_faults({});
    province.crash_hub(Stop::power_cut);
    INFO("cut at change " << cut_at);
    for (Member* member : {&all.z, &all.y, &all.z, &all.x}) {
      all.must_sync(*member);
      CHECK(all.conflicts() == 0);
    }
    static_cast<void>(must_note(province, all.z, record, "e12 goes on"));
    all.all_hear();
    CHECK(all.conflicts() == 0);
    CHECK(text_shown(province.hub, unit_z, record, field::notes) == "e12 goes on");
    CHECK(text_shown(*all.z.machine, unit_z, record, field::notes) == "e12 goes on");
    CHECK(all.custody(province.hub, unit_z, record) == unit_z);
    CHECK(timeline(*all.z.machine, unit_z, record).size() == 6);
    CHECK(timeline(*all.y.machine, unit_y, record).size() == 6);  // once held, for ever
    all.must_come_to_rest();
  }
}

TEST_CASE("trace M5: what the hub writes for one commune reaches it whole, and nobody else") {
  Communes all;
  Province& province = all.province;
  const auto account = [](const char* text) {
    const schema::Field& named = schema::fields_of(schema::kind::account).front();
    return std::vector<sync::Change>{{schema::tag_of(named), "", false, sync::encode_text(text)}};
  };
  for (int i = 0; i < 3; ++i) {
    REQUIRE(province.hub.create(unit_y, schema::kind::account, account("clerk of Y")));
    REQUIRE(province.hub.create(unit_z, schema::kind::account, account("clerk of Z")));
  }
  all.all_hear();
  for (const auto& [member, unit_code] : {std::pair(&all.y, unit_y), std::pair(&all.z, unit_z)}) {
    const auto names = ask(*member->machine, [&, code = unit_code](const store::ReadUnit& unit) {
      std::vector<sync::Name> accounts;
      unit.for_each_record(code, schema::kind::account, std::nullopt,
                           [&](const store::RecordRow& row) {
                             for (const auto& item : unit.timeline(code, row.record)) {
                               accounts.push_back(item.held.name);
                               CHECK(item.device == province.hub.public_key());
                             }
                             return true;
                           });
      return accounts;
    });
    CHECK(names.size() == 3);
    for (const sync::Name& name : names) {
      for (Member& other : province.members()) {
        CHECK(holds(*other.machine, name) == (&other == member));
      }
    }
  }
  all.must_come_to_rest();
}

TEST_CASE("trace M5: no dossier gets into the feed that everybody reads") {
  Communes all;
  Province& province = all.province;
  const auto record = must_create(province, all.z, "private");
  const std::uint64_t before = ask(province.hub, [](const store::ReadUnit& unit) {
    return unit.feed_size(sync::province_feed);
  });
  for (const char* nowhere :
       {sync::province_feed, "", "a unit whose code is far too long for one"}) {
    const auto moved =
        province.save(all.z, edit_of(record, all.z.machine->screen_of(record),
                                     {dossier_text(sync::field_number::custody, nowhere)}));
    CHECK(moved);
  }
  all.all_hear();
  CHECK(ask(province.hub, [](const store::ReadUnit& unit) {
          return unit.feed_size(sync::province_feed);
        }) == before);
  CHECK(timeline(*all.y.machine, sync::province_feed, record).empty());
  CHECK(timeline(*all.y.machine, unit_y, record).empty());
}

TEST_CASE("trace M5: two transfers at once; both receivers hold it, and all agree who owns it") {
  Communes all;
  Province& province = all.province;
  Member& second = province.add_node(unit_z);
  const auto record = must_create(province, all.z, "X");
  all.must_sync(all.z);
  all.must_sync(second);
  all.hand_over(all.z, record, unit_y);
  all.hand_over(second, record, unit_x);
  all.all_hear();
  const std::string owner = all.custody(province.hub, unit_z, record);
  CHECK((owner == unit_y || owner == unit_x));
  for (const auto& [member, unit_code] :
       {std::pair(&all.y, unit_y), std::pair(&all.x, unit_x), std::pair(&all.z, unit_z)}) {
    CHECK(timeline(*member->machine, unit_code, record).size() == 3);
    CHECK(all.custody(*member->machine, unit_code, record) == owner);
    CHECK(all.custody(province.hub, unit_code, record) == owner);
    CHECK(export_lines(*member->machine, unit_code).size() == (owner == unit_code ? 1U : 0U));
  }
  // The province outranks them, and what it says follows the dossier to all three.
  all.hand_over(all.z, record, unit_y);
  REQUIRE(province.hub.edit(unit_z, record, {dossier_text(sync::field_number::custody, unit_x)}));
  all.all_hear();
  CHECK(all.custody(*all.y.machine, unit_y, record) == unit_x);
  CHECK(all.custody(*all.x.machine, unit_x, record) == unit_x);
  all.must_come_to_rest();
}

TEST_CASE("trace M6: two communes' batches cross: each writes what is due to the other") {
  for (const bool y_first : {true, false}) {
    Communes all;
    Province& province = all.province;
    const auto from_z = must_create(province, all.z, "goes to Y");
    const auto from_y = must_create(province, all.y, "went to Z");
    all.hand_over(all.y, from_y, unit_z);
    all.all_hear();
    all.hand_over(all.z, from_z, unit_y);
    const auto late = must_note(province, all.y, from_y, "late work for Z");
    const Arrival y{all.y.machine->device(), first_frame(all.y)};
    const Arrival z{all.z.machine->device(), first_frame(all.z)};
    const auto answers =
        province.at_hub(y_first ? std::vector<Arrival>{y, z} : std::vector<Arrival>{z, y});
    CHECK(answers[0]);
    CHECK(answers[1]);
    CHECK(ask(province.hub,
              [](const store::ReadUnit& unit) { return unit.deliveries(10).size(); }) == 0);
    CHECK(stands_in(province.hub, unit_z, late));
    CHECK(timeline(province.hub, unit_y, from_z).size() == 2);
    all.all_hear();
    CHECK(holds(*all.z.machine, late));
    CHECK(all.custody(*all.y.machine, unit_y, from_z) == unit_y);
    all.must_come_to_rest();
  }
}

TEST_CASE("trace M6: the hub is cut off at each change; what it had signed stands, and is due") {
  std::size_t signed_before_the_cut = 0;
  std::size_t cut_before_the_delivery = 0;
  for (std::uint64_t at = 1; at <= 60; at += 3) {
    Communes all(at);
    Province& province = all.province;
    const auto record = must_create(province, all.z, "X");
    all.hand_over(all.z, record, unit_y);
    static_cast<void>(must_create(province, all.y, "Y's own"));
    const std::vector<Arrival> arrivals{{all.z.machine->device(), first_frame(all.z)},
                                        {all.y.machine->device(), first_frame(all.y)}};
    DiskFaults faults;
    faults.stop_at_change = at;
    province.hub.disk().set_faults(faults);
    const auto answers = province.at_hub(arrivals);
    if (answers[0] && province.hub.disk().stopped()) ++cut_before_the_delivery;
    province.hub.disk().set_faults({});
    province.stop(province.hub, Stop::power_cut);
    INFO("change " << at);
    // The next start delivers what the last one left.
    Machine& hub = province.hub;
    REQUIRE(province.start_hub());
    for (const auto& answer : answers) {
      if (!answer) continue;
      const auto message = sync::unpack_frame(sync::FrameKind::reply, *answer);
      REQUIRE(message);
      const auto reply = sync::decode_reply(*message);
      REQUIRE(reply);
      for (const sync::FeedAnswer& feed : reply->feeds) {
        if (!feed.head) continue;
        ++signed_before_the_cut;
        const bool stands = ask(hub, [&](const store::ReadUnit& unit) {
          return unit.feed_size(feed.feed) >= feed.head->size &&
                 unit.feed_root(feed.feed, feed.head->size) == feed.head->root;
        });
        CHECK(stands);
      }
    }
    // Committed at home and not delivered yet, or neither; never delivered alone.
    const std::size_t at_home = timeline(hub, unit_z, record).size();
    CHECK(timeline(hub, unit_y, record).size() == at_home);
    all.must_come_to_rest();
    CHECK(timeline(*all.y.machine, unit_y, record).size() == 2);
  }
  CHECK(signed_before_the_cut > 0);
  CHECK(cut_before_the_delivery > 0);
}

TEST_CASE("trace W3: a bad batch among good ones fails alone; the good ones are kept") {
  Communes all;
  Province& province = all.province;
  const auto first = must_create(province, all.y, "good");
  static_cast<void>(must_create(province, all.z, "stolen by X"));
  const auto last = must_create(province, all.x, "good, too");
  const sync::Bytes of_y = first_frame(all.y);
  const sync::Bytes of_z = first_frame(all.z);
  const sync::Bytes of_x = first_frame(all.x);
  sync::Bytes torn = of_x;
  torn[torn.size() / 2] ^= 1U;
  const auto answers = province.at_hub({{all.y.machine->device(), of_y},
                                        {all.x.machine->device(), of_z},  // another's log
                                        {all.x.machine->device(), torn},
                                        {all.x.machine->device(), of_x}});
  CHECK(answers[0]);
  REQUIRE_FALSE(answers[1]);
  REQUIRE_FALSE(answers[2]);
  CHECK(answers[3]);
  CHECK(timeline(province.hub, unit_y, first).size() == 1);
  CHECK(timeline(province.hub, unit_x, last).size() == 1);
  CHECK(ask(province.hub, [](const store::ReadUnit& unit) { return unit.feed_size(unit_z); }) == 0);
  all.must_sync(all.z);  // retried alone, by its own computer
  all.must_come_to_rest();
}

}  // namespace tram::simulation
