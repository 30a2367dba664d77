// Goal: feeds answer with the right names, positions and roots, and keep the heads that cover them.
// Method: a feed grown name by name beside a linear Merkle tree over the same list.
#include <catch2/catch.hpp>
#include <span>

#include "sync/feed/merkle.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::Name;

TEST_CASE("feed: roots at every size equal the linear tree") {
  TestStore hub(Role::hub);
  TestLog log(1, device_key(1), home, false);
  for (int i = 0; i < 40; ++i) log.write(create({text_change(3, std::to_string(i))}));
  hub.apply(log.commit());
  std::vector<sync::Digest> leaves;
  hub.write([&](WriteUnit& unit) {
    for (const auto& entry : log.entries()) {
      sync::Commit one;
      one.appends = {{home, entry.name}, {home, entry.name}};
      REQUIRE(unit.apply(one));
      leaves.push_back(sync::merkle::leaf_hash(entry.name));
      REQUIRE(unit.feed_size(home) == leaves.size());
      for (std::size_t size = 0; size <= leaves.size(); ++size) {
        const auto first = std::span(leaves).first(size);
        REQUIRE(unit.feed_root(home, size) == sync::merkle::root_of(first));
      }
    }
  });
  hub.read([&](const ReadUnit& unit) {
    CHECK(unit.feed_names(home, 39, 9) ==
          std::vector{log.entries()[39].name, log.entries()[40].name});
    CHECK(unit.feed_names(home, 0, 3).size() == 3);
    CHECK(unit.feed_position(home, log.entries()[7].name) == 7U);
    CHECK_FALSE(unit.feed_position(home, Name{}));
    CHECK_FALSE(unit.feed_position(other_unit, log.entries()[7].name));
    CHECK(unit.feed_size(other_unit) == 0);
    CHECK(unit.feed_root(other_unit, 0) == sync::merkle::empty_root());
    CHECK(unit.feed_node(home, 3, 1) == sync::merkle::root_of(std::span(leaves).subspan(8, 8)));
  });
  CHECK(hub.audit().ok());
}

TEST_CASE("feed: a record's entries come in feed order") {
  TestStore hub(Role::hub);
  TestLog log(1, device_key(1), home, false);
  const auto first = log.write(create({text_change(3, "a")}));
  const auto second = log.write(update(record_in(first), {first.name}, {text_change(3, "b")}));
  const auto other = log.write(create({text_change(3, "c")}));
  // Verdicts on its entries are about the record, too: they follow it into other feeds.
  using Ruling = sync::Verdict::Ruling;
  const auto verdict = log.write(sync::Verdict{second.name, Ruling::void_entry, {}, "void"});
  const auto elsewhere = log.write(sync::Verdict{other.name, Ruling::void_entry, {}, "void"});
  hub.apply(log.commit());
  hub.append(home, {second.name, other.name, verdict.name, elsewhere.name, first.name});
  hub.read([&](const ReadUnit& unit) {
    CHECK(unit.record_entries(home, record_in(first)) ==
          std::vector{second.name, verdict.name, first.name});
    CHECK(unit.record_entries(other_unit, record_in(first)).empty());
    CHECK(unit.feeds().size() == 1);
  });
}

TEST_CASE("feed: the newest head covers most, of several the latest word; all are kept") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  node.apply(log.commit());
  node.append(home, {log.last().name});
  sync::SignedHead head;
  node.read([&](const ReadUnit& unit) {
    CHECK_FALSE(unit.newest_head(home));
    head = head_of(unit, home, 5000);
  });
  const auto empty = signed_head(home, 0, sync::merkle::empty_root(), 4000);
  sync::Commit commit;
  commit.heads = {head, empty, head};
  node.apply(commit);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.newest_head(home) == head);
    CHECK(unit.heads(home, 9) == std::vector{empty, head});
  });
  // An idle exchange: the same size and root, a later hour. It takes the place of the earlier word.
  const auto later = signed_head(home, head.size, head.root, 9000);
  commit.heads = {later, head};
  node.apply(commit);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.newest_head(home) == later);
    CHECK(unit.heads(home, 9).size() == 2);
  });
  CHECK(node.audit().ok());
}

TEST_CASE("feed: deliveries wait until they are appended or dropped") {
  TestStore hub(Role::hub);
  TestLog log(1, device_key(1), home, false);
  log.write(create({text_change(3, "a")}));
  const Name opening = log.entries()[0].name;
  const Name edit = log.last().name;
  sync::Commit commit = log.commit();
  commit.deliveries = {{other_unit, opening}, {other_unit, edit}, {other_unit, edit}};
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) {
    REQUIRE(unit.deliveries(9).size() == 2);
    CHECK(unit.deliveries(1)[0].name == opening);
    CHECK(unit.deliveries(1)[0].feed == other_unit);
    CHECK(unit.feed_size(other_unit) == 0);
  });
  hub.append(other_unit, {opening});
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) { CHECK(unit.deliveries(9).size() == 1); });
  hub.write([&](WriteUnit& unit) { REQUIRE(unit.drop_delivery({other_unit, edit})); });
  hub.read([&](const ReadUnit& unit) { CHECK(unit.deliveries(9).empty()); });
}

}  // namespace tram::store::test
