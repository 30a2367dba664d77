// Goal: the projection shows what the ledger says: scopes, verdicts, erasures, conflicts, codes.
// Method: small stories, each read back by the calls that pages and export use.
#include <algorithm>
#include <catch2/catch.hpp>

#include "store/sqlite/database.hpp"
#include "sync/merge/resolve.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::Commit;
using sync::NewEntry;
using sync::RecordRef;
using sync::Verdict;

namespace {

constexpr std::uint32_t code = sync::field_number::code;
constexpr std::uint32_t phone = 30;

std::string value(const RecordRow& row, std::uint32_t number) {
  for (const auto& [key, field] : sync::resolve(*sync::decode_state(row.state))) {
    if (key.field.number == number && field.value) return std::string(sync::as_text(*field.value));
  }
  return "";
}

void apply_to(TestStore& store, const TestLog& log, const sync::FeedId& feed) {
  Commit commit = log.commit();
  for (const NewEntry& entry : log.entries()) commit.appends.push_back({feed, entry.name});
  store.apply(commit);
}

TestLog hub_log(std::uint8_t id = 200) {
  return {id, hub_key(), "P", false};
}

// Two entries that change one phone number without knowing of each other.
struct Dispute {
  TestStore node;
  TestLog own{1, device_key(1), home, true};
  TestLog foreign{2, device_key(2), home, false};
  RecordRef record;
  sync::Name left{};
  sync::Name right{};

  Dispute() {
    const auto first =
        own.write(create({text_change(code, "H1"), text_change(phone, "0", sync::Policy::review)}));
    record = record_in(first);
    left = own.write(update(record, {first.name}, {review("1")}), 2000).name;
    right = foreign.write(update(record, {first.name}, {review("2")}), 3000).name;
    node.apply(own.commit());
    apply_to(node, foreign, home);
  }
  static sync::Change review(std::string_view text) {
    return text_change(phone, text, sync::Policy::review);
  }
};

}  // namespace

TEST_CASE("projection: own entries count at home before the hub has them, foreign ones in feeds") {
  TestStore node;
  TestLog own(1, device_key(1), home, true);
  const auto mine = own.write(create({text_change(3, "mine")}));
  TestLog foreign(2, device_key(2), other_unit, false);
  const auto theirs = foreign.write(create({text_change(3, "theirs")}));
  node.apply(own.commit());
  node.apply(foreign.commit());
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.record(home, record_in(mine))->custody == home);
    CHECK_FALSE(unit.record(home, record_in(theirs)));
    CHECK_FALSE(unit.record(sync::province_feed, record_in(mine)));
  });
  node.append(home, {theirs.name, mine.name});
  node.append(sync::province_feed, {theirs.name});
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.record(home, record_in(theirs))->custody == other_unit);
    CHECK(unit.record(sync::province_feed, record_in(theirs)));
    CHECK(unit.counts(home).records == 2);
    CHECK(unit.counts(home).feed_entries == 2);
  });
  CHECK(node.audit().ok());
}

TEST_CASE("projection: at a hub only feeds are scopes") {
  TestStore hub(Role::hub);
  TestLog log(1, device_key(1), home, false);
  const auto entry = log.write(create({text_change(3, "a")}));
  hub.apply(log.commit());
  hub.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.record(home, record_in(entry))); });
  hub.append(home, {entry.name});
  hub.append(other_unit, {entry.name});
  hub.read([&](const ReadUnit& unit) {
    CHECK(unit.record(home, record_in(entry)) == unit.record(other_unit, record_in(entry)));
    CHECK(unit.pending_logs().empty());
  });
  CHECK(hub.audit().ok());
}

TEST_CASE("projection: records are found by every code that they ever bore") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  const auto first = log.write(create({text_change(code, "TAM-1")}));
  const auto twin = log.write(create({text_change(code, "TAM-1")}), 2000);
  log.write(update(record_in(first), {first.name}, {text_change(code, "H1")}), 3000);
  node.apply(log.commit());
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.find_record_by_code(home, kind_dossier, "TAM-1").size() == 2);
    const auto found = unit.find_record_by_code(home, kind_dossier, "H1");
    REQUIRE(found.size() == 1);
    CHECK(found[0].record == record_in(first));
    CHECK(found[0].code == "H1");
    CHECK(found[0].updated.ms == 3000);
    CHECK(unit.find_record_by_code(home, kind_dossier, "none").empty());
    CHECK(unit.find_record_by_code(other_unit, kind_dossier, "H1").empty());
    CHECK(unit.record(home, record_in(twin))->code == "TAM-1");
  });
}

TEST_CASE("projection: records stream by id, by custody, and by time") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  for (int i = 0; i < 9; ++i) {
    log.write(create({custody_change(i % 3 == 0 ? other_unit : home)}), 1000 + i);
  }
  node.apply(log.commit());
  node.read([&](const ReadUnit& unit) {
    std::vector<RecordRef> all;
    unit.for_each_record(home, kind_dossier, std::nullopt, [&](const RecordRow& row) {
      all.push_back(row.record);
      return true;
    });
    CHECK(all.size() == 9);
    CHECK(std::is_sorted(all.begin(), all.end()));
    std::size_t ours = 0;
    unit.for_each_record(home, kind_dossier, std::string(home), [&](const RecordRow& row) {
      CHECK(row.custody == home);
      ++ours;
      return true;
    });
    CHECK(ours == 6);
    std::vector<std::int64_t> times;
    unit.for_each_newest(home, kind_dossier, [&](const RecordRow& row) {
      times.push_back(row.updated.ms);
      return times.size() < 3;
    });
    CHECK(times == std::vector<std::int64_t>{1008, 1007, 1006});
  });
}

TEST_CASE("projection: a conflict stands in the list until it is decided") {
  Dispute dispute;
  dispute.node.read([&](const ReadUnit& unit) {
    const ConflictPage page = unit.conflicts(home, std::string(home), {}, 10);
    REQUIRE(page.conflicts.size() == 1);
    CHECK_FALSE(page.next);
    CHECK(page.conflicts[0].record == dispute.record);
    CHECK(page.conflicts[0].field.field.number == phone);
    CHECK(page.conflicts[0].since.ms == 3000);
    CHECK(page.conflicts[0].code == "H1");
    CHECK(unit.conflicts(home, std::string(other_unit), {}, 10).conflicts.empty());
    CHECK(unit.conflicts(home, std::nullopt, {}, 1).next);
    CHECK(unit.counts(home).conflicts == 1);
    CHECK(unit.record(home, dispute.record)->conflicts == 1);
    CHECK(value(*unit.record(home, dispute.record), phone) == "2");
  });
  sync::Change decision = Dispute::review("1");
  decision.decision = true;
  dispute.own.write(update(dispute.record, {dispute.left, dispute.right}, {decision}), 4000);
  dispute.node.apply(dispute.own.commit());
  dispute.node.read([&](const ReadUnit& unit) {
    CHECK(unit.conflicts(home, std::nullopt, {}, 10).conflicts.empty());
    CHECK(value(*unit.record(home, dispute.record), phone) == "1");
  });
  CHECK(dispute.node.audit().ok());
}

TEST_CASE("projection: a verdict of the hub takes an entry's effect, a later one gives it back") {
  Dispute dispute;
  TestLog hub = hub_log();
  const auto rule = [&](Verdict::Ruling ruling, std::vector<sync::Name> parents) {
    return hub.write(Verdict{dispute.right, ruling, std::move(parents), "test"}, 5000).name;
  };
  const auto read_phone = [&] {
    std::string out;
    dispute.node.read(
        [&](const ReadUnit& unit) { out = value(*unit.record(home, dispute.record), phone); });
    return out;
  };
  const auto first = rule(Verdict::Ruling::void_entry, {});
  apply_to(dispute.node, hub, home);
  CHECK(read_phone() == "1");
  dispute.node.read([&](const ReadUnit& unit) {
    CHECK(unit.counts(home).conflicts == 0);
    const auto timeline = unit.timeline(home, dispute.record);
    REQUIRE(timeline.size() == 3);
    CHECK(timeline[2].held.name == dispute.right);
    CHECK(timeline[2].ruling == Verdict::Ruling::void_entry);
    CHECK(timeline[0].pending);
    CHECK(timeline[0].unit == home);
  });
  rule(Verdict::Ruling::counts, {first});
  apply_to(dispute.node, hub, home);
  CHECK(read_phone() == "2");
  CHECK(dispute.node.audit().ok());
  const std::string projected = dispute.node.projection();
  dispute.node.write([&](WriteUnit& unit) { REQUIRE(unit.rebuild()); });
  CHECK(dispute.node.projection() == projected);
}

TEST_CASE("projection: only the hub's verdicts count, also once its key is known late") {
  Dispute dispute;
  TestLog impostor(9, device_key(9), "P", false);
  impostor.write(Verdict{dispute.right, Verdict::Ruling::void_entry, {}, "test"});
  impostor.write(sync::Erase{dispute.record, "test"});
  const std::string before = dispute.node.projection();
  apply_to(dispute.node, impostor, home);
  CHECK(dispute.node.projection() == before);
  dispute.node.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.is_erased(dispute.record)); });
  CHECK(dispute.node.audit().ok());
  dispute.node.write(
      [&](WriteUnit& unit) { REQUIRE(unit.add_hub_key(device_key(9).public_key())); });
  dispute.node.read([&](const ReadUnit& unit) { CHECK(unit.is_erased(dispute.record)); });
  CHECK(dispute.node.projection().empty());
  CHECK(dispute.node.audit().ok());
}

TEST_CASE("projection: a verdict may come before its target, and counts in its own feed only") {
  TestStore hub(Role::hub);
  TestLog log(1, device_key(1), home, false);
  const auto first = log.write(create({text_change(3, "a")}));
  const auto second =
      log.write(update(record_in(first), {first.name}, {text_change(3, "b")}), 2000);
  TestLog verdicts = hub_log();
  verdicts.write(Verdict{second.name, Verdict::Ruling::void_entry, {}, "test"});
  apply_to(hub, verdicts, home);
  apply_to(hub, log, home);
  apply_to(hub, log, other_unit);
  hub.read([&](const ReadUnit& unit) {
    CHECK(value(*unit.record(home, record_in(first)), 3) == "a");
    CHECK(value(*unit.record(other_unit, record_in(first)), 3) == "b");
  });
  CHECK(hub.audit().ok());
}

TEST_CASE("projection: an erasure drops bytes and rows, keeps names, and holds for late entries") {
  Dispute dispute;
  const auto late = dispute.foreign.write(
      update(dispute.record, {dispute.right}, {text_change(3, "late")}), 6000);
  TestLog hub = hub_log();
  hub.write(sync::Erase{dispute.record, "court order"});
  apply_to(dispute.node, hub, home);
  dispute.node.read([&](const ReadUnit& unit) {
    CHECK(unit.is_erased(dispute.record));
    CHECK_FALSE(unit.record(home, dispute.record));
    CHECK(unit.find_record_by_code(home, kind_dossier, "H1").empty());
    CHECK(unit.conflicts(home, std::nullopt, {}, 9).conflicts.empty());
    REQUIRE(unit.entry(dispute.left));
    CHECK_FALSE(unit.entry(dispute.left)->bytes);
    CHECK(unit.entry(hub.last().name)->bytes);
    CHECK(unit.names_without_bytes(home, 9).empty());
    CHECK(unit.record_of(dispute.left) == dispute.record);
  });
  CHECK(dispute.node.audit().ok());
  apply_to(dispute.node, dispute.foreign, home);
  dispute.node.apply(dispute.own.commit());
  dispute.node.read([&](const ReadUnit& unit) {
    CHECK_FALSE(unit.entry(late.name)->bytes);
    CHECK_FALSE(unit.entry(dispute.left)->bytes);
    CHECK_FALSE(unit.record(home, dispute.record));
    CHECK(unit.timeline(home, dispute.record).size() == 5);
  });
  dispute.node.write([&](WriteUnit& unit) { REQUIRE(unit.rebuild()); });
  dispute.node.read([&](const ReadUnit& unit) { CHECK(unit.is_erased(dispute.record)); });
  CHECK(dispute.node.audit().ok());
}

TEST_CASE("projection: an entry that stands where its bytes do not say has no effect") {
  TestStore hub(Role::hub);
  TestLog honest(1, device_key(1), home, false);
  const auto entry = honest.write(create({text_change(3, "a")}));
  // Another computer signs a log that claims the same bytes for itself, and is first to speak.
  TestLog thief(2, device_key(2), other_unit, false);
  Commit claim = thief.commit();
  claim.entries.push_back({entry.name, {thief.id(), 1}, std::nullopt, entry.bytes});
  claim.appends = {{other_unit, entry.name}};
  hub.apply(claim);
  hub.read([&](const ReadUnit& unit) {
    CHECK_FALSE(unit.record(other_unit, record_in(entry)));
    CHECK(unit.timeline(other_unit, record_in(entry)).at(0).misplaced);
  });
  CHECK(hub.audit().ok());
  apply_to(hub, honest, home);
  hub.read([&](const ReadUnit& unit) {
    CHECK(unit.record(home, record_in(entry))->custody == home);
    CHECK(unit.record(other_unit, record_in(entry)) == unit.record(home, record_in(entry)));
    CHECK(unit.entry(entry.name)->place == entry.place);
    CHECK(unit.names_at({thief.id(), 1}) == std::vector{entry.name});
  });
  CHECK(hub.audit().ok());
}

TEST_CASE("projection: a stored state that cannot be read is merged again") {
  Dispute dispute;
  const std::string before = dispute.node.projection();
  dispute.node.tamper({"UPDATE record SET state = x'00', code = 'other'"});
  CHECK_FALSE(dispute.node.audit().ok());
  dispute.own.write(update(dispute.record, {dispute.left}, {text_change(3, "x")}), 1500);
  dispute.node.apply(dispute.own.commit());
  CHECK(dispute.node.audit().ok());
  dispute.node.tamper({"UPDATE record SET needs_rebuild = 1"});
  dispute.node.read([&](const ReadUnit& unit) {
    CHECK(unit.counts(home).records_to_rebuild == 1);
    CHECK_FALSE(unit.record(home, dispute.record));
  });
  dispute.node.write([&](WriteUnit& unit) { REQUIRE(unit.rebuild()); });
  CHECK(dispute.node.audit().ok());
}

}  // namespace tram::store::test
