// Goal: when the hub goes back, the feed is cut, nothing is forgotten, and no dossier vanishes.
// Method: a node with a feed of ten, cut at seven and then at three, beside the list of its names.
#include <catch2/catch.hpp>

#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::Commit;
using sync::Name;

namespace {

// A node that holds ten entries in its home feed, under a head: six of its own, four of another
// computer.
struct CutWorld {
  TestStore node;
  TestLog own{1, device_key(1), home, true};
  TestLog foreign{2, device_key(2), home, false};
  std::vector<Name> names;
  sync::SignedHead head;

  CutWorld() {
    for (int i = 0; i < 5; ++i) own.write(create({text_change(3, std::to_string(i))}));
    for (int i = 0; i < 3; ++i) foreign.write(create({text_change(4, std::to_string(i))}));
    node.apply(own.commit());
    node.apply(foreign.commit());
    for (std::size_t i = 0; i < 6; ++i) {
      names.push_back(own.entries()[i].name);
      if (i >= 2) names.push_back(foreign.entries()[i - 2].name);
    }
    node.append(home, names);
    head = put_head(1000, 1);
  }

  sync::SignedHead put_head(std::int64_t hub_time, std::uint8_t epoch) {
    sync::SignedHead made;
    node.read([&](const ReadUnit& unit) { made = head_of(unit, home, hub_time, epoch); });
    Commit commit;
    commit.heads.push_back(made);
    node.apply(commit);
    return made;
  }

  void cut(std::uint64_t size, const sync::SignedHead& under) {
    Commit commit;
    commit.cuts.push_back({home, size, under});
    node.apply(commit);
  }
};

std::vector<Name> first(const std::vector<Name>& names, std::ptrdiff_t count) {
  return {names.begin(), names.begin() + count};
}

}  // namespace

TEST_CASE("cut: the feed goes back, and what stood above is pending or lost") {
  CutWorld world;
  const std::string before = world.node.projection();
  world.cut(7, world.head);
  world.cut(7, world.head);
  world.node.read([&](const ReadUnit& unit) {
    CHECK(unit.feed_size(home) == 7);
    CHECK(unit.feed_names(home, 0, 99) == first(world.names, 7));
    CHECK_FALSE(unit.newest_head(home));
    CHECK(unit.heads(home, 9) == std::vector{world.head});
    const auto lost = unit.lost(home);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].head == world.head);
    CHECK(lost[0].agreed == 7);
    CHECK(lost[0].returned == 7);
    CHECK(unit.lost_feed(lost[0]) == world.names);
    REQUIRE(unit.pending_logs().size() == 1);
    CHECK(unit.pending_logs()[0].log == world.own.id());
    CHECK(unit.counts(home).pending_entries == 1);
    CHECK(unit.lost(sync::province_feed).empty());
  });
  // The hub's loss takes no dossier off a screen.
  CHECK(world.node.projection() == before);
  CHECK(world.node.audit().ok());
}

TEST_CASE("cut: returned parts and growth; the same commit again changes nothing") {
  CutWorld world;
  world.cut(7, world.head);
  Commit commit;
  commit.cuts.push_back({home, 7, world.head});
  commit.appends.push_back({home, world.names[8]});
  commit.returned.emplace_back(1, 9);
  world.node.apply(commit);
  world.node.apply(commit);
  world.node.read([&](const ReadUnit& unit) {
    CHECK(unit.feed_size(home) == 8);
    REQUIRE(unit.lost(home).size() == 1);
    CHECK(unit.lost(home)[0].returned == 9);
  });
  commit.returned = {{1, 8}};
  world.node.apply(commit);
  world.node.read([&](const ReadUnit& unit) { CHECK(unit.lost(home)[0].returned == 9); });
  CHECK(world.node.audit().ok());
}

TEST_CASE("cut: a second, deeper cut leaves the first stretch whole") {
  CutWorld world;
  world.cut(7, world.head);
  // The hub comes back with the entries in another order, under a new epoch, and goes back again.
  std::vector<Name> second = first(world.names, 7);
  second.push_back(world.names[9]);
  second.push_back(world.names[7]);
  world.node.append(home, {world.names[9], world.names[7]});
  const auto head = world.put_head(2000, 2);
  world.cut(3, head);
  world.node.read([&](const ReadUnit& unit) {
    CHECK(unit.feed_names(home, 0, 99) == first(world.names, 3));
    const auto lost = unit.lost(home);
    REQUIRE(lost.size() == 2);
    CHECK(unit.lost_feed(lost[0]) == world.names);
    CHECK(unit.lost_feed(lost[1]) == second);
  });
  CHECK(world.node.audit().ok());
  // And all of it comes back in the end.
  world.node.append(home, {world.names.begin() + 3, world.names.end()});
  const auto last = world.put_head(3000, 3);
  world.node.read([&](const ReadUnit& unit) {
    CHECK(unit.feed_size(home) == 10);
    CHECK(unit.feed_root(home, 10) == world.head.root);
    CHECK(unit.newest_head(home) == last);
    CHECK(unit.pending_logs().empty());
    CHECK(unit.lost_feed(unit.lost(home)[0]) == world.names);
    CHECK(unit.lost_feed(unit.lost(home)[1]) == second);
  });
  CHECK(world.node.audit().ok());
}

TEST_CASE("cut: an old head does not undo a newer one, its word spoken anew does") {
  CutWorld world;
  world.cut(7, world.head);
  Commit replay;
  replay.heads.push_back(world.head);
  world.node.apply(replay);
  world.node.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.newest_head(home)); });
  world.node.append(home, {world.names.begin() + 7, world.names.end()});
  const auto again = signed_head(home, world.head.size, world.head.root, 4000, 1);
  replay.heads = {again};
  world.node.apply(replay);
  world.node.read([&](const ReadUnit& unit) { CHECK(unit.newest_head(home) == again); });
  CHECK(world.node.audit().ok());
}

TEST_CASE("cut: to nothing, and to where the feed already ends") {
  CutWorld world;
  world.cut(10, world.head);
  world.cut(99, world.head);
  world.node.read([&](const ReadUnit& unit) { CHECK(unit.lost(home).empty()); });
  world.cut(0, world.head);
  world.node.read([&](const ReadUnit& unit) {
    CHECK(unit.feed_size(home) == 0);
    CHECK(unit.lost_feed(unit.lost(home)[0]) == world.names);
  });
  CHECK(world.node.audit().ok());
}

}  // namespace tram::store::test
