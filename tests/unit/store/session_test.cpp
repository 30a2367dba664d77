// Goal: what sessions remember is kept exactly, and is idempotent.
// Method: lineages, run state, holders and meta written, written again, and read back.
#include <catch2/catch.hpp>

#include "tests/unit/store/world.hpp"

namespace tram::store::test {

TEST_CASE("session: lineages of a device") {
  TestStore hub(Role::hub);
  const auto& device = device_key(1).public_key();
  sync::Commit commit;
  commit.lineages.push_back({device, {1, {1}, 7}, false, false});
  commit.lineages.push_back({device, {1, {2}, 8}, false, false});
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) {
    const auto lineages = unit.lineages(device);
    REQUIRE(lineages.size() == 1);
    CHECK(lineages[0].count == 8);
    CHECK(lineages[0].last_visit[0] == 2);
    CHECK(unit.doubtful_devices().empty());
    CHECK(unit.lineages(device_key(2).public_key()).empty());
  });
  commit.lineages = {{device, {2, {3}, 1}, true, false}, {device, {1, {4}, 9}, false, true}};
  hub.apply(commit);
  commit.lineages = {{device, {1, {5}, 10}, false, false}};
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) {
    REQUIRE(unit.doubtful_devices().size() == 1);
    CHECK(unit.doubtful_devices()[0].device == device);
    CHECK(unit.doubtful_devices()[0].lineages == 2);
    CHECK(unit.doubtful_devices()[0].copied);
  });
}

TEST_CASE("session: the run state is one, and whole") {
  TestStore node;
  node.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.visit_state()); });
  sync::VisitState state;
  state.visit = {1, 2, 3};
  sync::Commit commit;
  commit.visit_state = state;
  node.apply(commit);
  node.read([&](const ReadUnit& unit) { CHECK(unit.visit_state() == state); });
  state.acknowledged_visit = sync::ByteArray<16>{4};
  state.acknowledged_count = 5;
  state.maybe_visits = {{6}, {7}};
  state.acknowledged = true;
  commit.visit_state = state;
  node.apply(commit);
  node.reopen();
  node.read([&](const ReadUnit& unit) { CHECK(unit.visit_state() == state); });
}

TEST_CASE("session: a holder's standing is never lowered") {
  TestStore hub(Role::hub);
  const sync::RecordRef record{1, {9}};
  sync::Commit commit;
  commit.holders = {{record, {home, true}}, {record, {other_unit, false}}};
  hub.apply(commit);
  commit.holders = {{record, {home, false}}, {record, {other_unit, true}}};
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) {
    const auto holders = unit.holders(record);
    REQUIRE(holders.size() == 2);
    CHECK(holders[0].feed == home);
    CHECK(holders[0].standing);
    CHECK(holders[1].standing);
    CHECK(unit.holders({2, {9}}).empty());
  });
}

TEST_CASE("session: meta values") {
  TestStore node;
  node.write([&](WriteUnit& unit) {
    CHECK_FALSE(unit.meta("address"));
    REQUIRE(unit.set_meta("address", sync::as_bytes("a")));
    REQUIRE(unit.set_meta("address", sync::as_bytes("b")));
    REQUIRE(unit.set_meta("empty", {}));
  });
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.meta("address") == sync::to_bytes("b"));
    CHECK(unit.meta("empty") == sync::Bytes{});
  });
  node.write([&](WriteUnit& unit) { REQUIRE(unit.drop_meta("address")); });
  node.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.meta("address")); });
}

}  // namespace tram::store::test
