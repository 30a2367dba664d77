// Traces M5 to M8: which feeds an entry is due in, and who can read what about whom.
// Two or three communes and a hub; after every session the feeds are searched for each entry.
#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

const FeedId unit_x = "24003";

struct Communes {
  TestHub hub{1};
  TestNode y = node_of(unit_y, hub, 2);
  TestNode z = node_of(unit_z, hub, 4);
  TestNode x = node_of(unit_x, hub, 6);
  void settle() { test::settle({&y, &z, &x}, hub); }
};

/// All entries of the record stand in the feed, each after the opening of its log.
void check_whole(const MemoryLedger& ledger, const FeedId& feed, const std::vector<Name>& names) {
  for (const Name& name : names) {
    CHECK(stands_in(ledger, feed, name));
    const LogId log = ledger.entry(name)->place.log;
    const std::vector<Name> opening = ledger.names_at({log, 0});
    REQUIRE(opening.size() == 1);
    CHECK(stands_in(ledger, feed, opening.front()));
    CHECK_FALSE(ledger.log(log)->unit.empty());
  }
}

}  // namespace

TEST_CASE("A transfer brings the whole record, and later work goes to both", "[custody][M5]") {
  Communes all;
  const RecordRef record = all.z.create("handed in at Z");
  // Between the record's entries the log has others: Y gets a sparse log.
  const RecordRef other = all.z.create("not for Y");
  all.z.edit(record, "step 1");
  all.z.edit(other, "not for Y either");
  all.z.transfer(record, unit_y);
  all.z.edit(record, "late work of Z");
  all.settle();
  check_whole(all.y.ledger, unit_y, all.hub.ledger.record_entries(unit_z, record));
  CHECK(all.hub.ledger.record_entries(unit_y, other).empty());

  // Trace 2: and back again; nobody sees a conflict that is none.
  all.y.edit(record, "step 2 at Y");
  all.y.transfer(record, unit_z);
  all.settle();
  all.z.edit(record, "step 3 at Z again");
  all.settle();
  const std::vector<Name> whole = all.hub.ledger.record_entries(unit_z, record);
  CHECK(whole.size() == 7);
  check_whole(all.y.ledger, unit_y, whole);
  check_whole(all.z.ledger, unit_z, whole);
  CHECK(all.y.frontier(record) == all.z.frontier(record));
  CHECK(all.x.ledger.all_names().empty());
}

TEST_CASE("A claim on a record that its commune never held stays at home", "[custody][M7]") {
  Communes all;
  const RecordRef record = all.z.create("Z's own");
  all.settle();
  const Name claim = all.x.write(notes_edit(record, {}, "X meddles"));
  const Name taken = all.x.transfer(record, unit_x);
  all.settle();
  CHECK(stands_in(all.hub.ledger, unit_x, claim));
  CHECK_FALSE(stands_in(all.hub.ledger, unit_z, claim));
  all.z.edit(record, "Z goes on");
  all.settle();
  CHECK(all.x.ledger.record_entries(unit_x, record) == std::vector<Name>{claim, taken});

  // Once X has it lawfully, what it wrote before is heard.
  all.z.transfer(record, unit_x);
  all.settle();
  CHECK(stands_in(all.z.ledger, unit_z, claim));
  CHECK(all.x.ledger.record_entries(unit_x, record).size() == 5);
}

TEST_CASE("Being early with another commune's code gives nothing", "[custody]") {
  Communes all;
  const std::string code = "H36.49-250701-0001";
  const RecordRef record{1, imported_record_id(unit_z, code)};
  Edit squat = notes_edit(record, {}, "X guesses the next code");
  all.x.write(squat);
  squat.target = Edit::Target::created_as;
  squat.changes.insert(
      squat.changes.begin(),
      {{field_number::code, "", ValueType::code, Policy::latest}, "", false, encode_text(code)});
  all.x.write(squat);
  all.settle();
  CHECK(all.z.import(code) == record);
  all.z.edit(record, "a citizen's affairs");
  all.settle();
  CHECK(all.x.ledger.record_entries(unit_x, record).size() == 2);
  CHECK(all.z.ledger.record_entries(unit_z, record).size() == 2);
  all.z.transfer(record, unit_y);
  all.settle();
  CHECK(all.y.ledger.record_entries(unit_y, record).size() == 3);
}

TEST_CASE("No dossier moves into the feed that all read", "[custody]") {
  Communes all;
  const RecordRef record = all.z.create("private");
  all.z.transfer(record, province_feed);
  all.z.transfer(record, std::string(40, '9'));
  all.z.transfer(record, "");
  all.settle();
  CHECK(all.hub.ledger.feed_size(province_feed) == 0);
  CHECK(all.hub.ledger.feeds() == std::vector<FeedId>{unit_z});
}

TEST_CASE("A transfer misses nothing that is still on its way", "[custody][M5]") {
  Communes all;
  const RecordRef record = all.z.create("three communes");
  all.z.transfer(record, unit_y);
  all.settle();
  all.hub.delivers = false;
  const Name under_way = all.y.edit(record, "not yet delivered to Z");
  must_sync(all.y, all.hub);
  all.z.transfer(record, unit_x);
  must_sync(all.z, all.hub);
  all.hub.delivers = true;
  all.hub.deliver_all();
  all.settle();
  CHECK(stands_in(all.x.ledger, unit_x, under_way));
  CHECK(stands_in(all.z.ledger, unit_z, under_way));
}

TEST_CASE("A whole life in one frame is routed like one in many", "[custody][M5]") {
  for (const std::size_t frame_bytes : {200UL, 256UL * 1024}) {
    Communes all;
    all.z.frame_bytes = frame_bytes;
    const RecordRef record = all.z.create("create");
    all.z.transfer(record, unit_y);
    all.z.transfer(record, unit_x);
    const Name last = all.z.edit(record, "and one more");
    must_sync(all.z, all.hub);
    all.settle();
    for (const auto& [node, unit] : {std::pair(&all.y, unit_y), std::pair(&all.x, unit_x)}) {
      CHECK(node->ledger.record_entries(unit, record).size() == 4);
      CHECK(stands_in(node->ledger, unit, last));
    }
  }
}

TEST_CASE("A verdict follows its record, wherever it goes later", "[custody][M7]") {
  Communes all;
  const RecordRef record = all.z.create("a false claim");
  const Name target = all.z.edit(record, "as if by the province");
  all.settle();
  const Name verdict =
      all.hub.write(unit_z, Verdict{target, Verdict::Ruling::capacity_other, {}, "false claim"});
  all.settle();
  CHECK(stands_in(all.z.ledger, unit_z, verdict));
  all.z.transfer(record, unit_y);
  all.settle();
  CHECK(stands_in(all.y.ledger, unit_y, verdict));
  const Name second =
      all.hub.write(unit_z, Verdict{target, Verdict::Ruling::counts, {verdict}, "seen again"});
  all.settle();
  CHECK(stands_in(all.y.ledger, unit_y, second));
  CHECK(all.x.ledger.all_names().empty());
}

TEST_CASE("A verdict on a claim goes no further than the claim", "[custody][M7]") {
  Communes all;
  const RecordRef record = all.z.create("Z's own");
  all.settle();
  const Name claim = all.x.write(notes_edit(record, {}, "X meddles"));
  all.settle();
  const Name verdict =
      all.hub.write(unit_x, Verdict{claim, Verdict::Ruling::void_entry, {}, "never held it"});
  all.settle();
  CHECK(stands_in(all.x.ledger, unit_x, verdict));
  CHECK_FALSE(stands_in(all.z.ledger, unit_z, verdict));
}

TEST_CASE("Verdict and target come back in one frame, to all who held them", "[custody][M4]") {
  Communes all;
  const RecordRef record = all.z.create("a false claim");
  const MemoryLedger copy = all.hub.snapshot();
  const Name target = all.z.edit(record, "void");
  all.z.transfer(record, unit_y);
  all.settle();
  const Name verdict =
      all.hub.write(unit_z, Verdict{target, Verdict::Ruling::void_entry, {}, "void"});
  all.settle();
  all.hub.restore(copy);
  all.settle();
  CHECK(stands_in(all.hub.ledger, unit_z, verdict));
  CHECK(stands_in(all.hub.ledger, unit_y, verdict));
}

TEST_CASE("An erasure reaches all holders; bytes go, names stay, late ones too", "[custody][M8]") {
  Communes all;
  const RecordRef record = all.z.create("to be erased");
  all.z.transfer(record, unit_y);
  all.settle();
  all.hub.write(unit_z, Erase{record, "court order 1"});
  const Name late = all.y.edit(record, "written before the news");
  all.settle();
  for (const TestNode* node : {&all.y, &all.z}) {
    for (const Name& name : node->ledger.record_entries(node->unit, record)) {
      const bool erasure = node->ledger.record_of(name) && node->ledger.entry(name)->bytes;
      CHECK((erasure || !node->ledger.entry(name)->bytes));
    }
    CHECK_FALSE(node->ledger.entry(late)->bytes);
  }
  // A new computer gets names alone, asks once a run, and is level all the same.
  TestNode fresh = node_of(unit_y, all.hub, 8);
  must_sync(fresh, all.hub);
  const Outcome idle = must_sync(fresh, all.hub);
  CHECK(idle.exchanges == 1);
  CHECK(idle.bytes_up < 160);
}

}  // namespace tram::sync::test
