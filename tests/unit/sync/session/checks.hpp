#pragma once

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

#include "tests/support/sync_pair.hpp"

/// What the tests of sessions ask of a node and a hub again and again.
namespace tram::sync::test {

inline const FeedId unit_y = "24001";
inline const FeedId unit_z = "24002";

[[nodiscard]] inline std::vector<Name> names_of(const MemoryLedger& ledger, const FeedId& feed) {
  return ledger.feed_names(feed, 0, ledger.feed_size(feed));
}

/// A node of a unit, enrolled.
[[nodiscard]] inline TestNode node_of(const FeedId& unit, TestHub& hub, std::uint64_t seed) {
  TestNode node(seed, unit, hub);
  hub.enrol(node.device(), unit);
  return node;
}

/// The node's copies of its feeds are the hub's.
inline void check_level(const TestNode& node, const TestHub& hub) {
  CHECK(names_of(node.ledger, node.unit) == names_of(hub.ledger, node.unit));
  CHECK(names_of(node.ledger, province_feed) == names_of(hub.ledger, province_feed));
}

/// Every entry with bytes on one side has them on the other.
inline void check_bytes(const TestNode& node, const TestHub& hub) {
  for (const Name& name : names_of(node.ledger, node.unit)) {
    CHECK(node.ledger.entry(name)->bytes == hub.ledger.entry(name)->bytes);
  }
}

[[nodiscard]] inline bool stands_in(const MemoryLedger& ledger, const FeedId& feed,
                                    const Name& name) {
  return ledger.feed_position(feed, name).has_value();
}

/// Synchronises, expects success, and gives the outcome.
inline Outcome must_sync(TestNode& node, TestHub& hub) {
  Outcome outcome = synchronise(node, hub);
  INFO((outcome.status ? std::string() : outcome.status.error().message));
  REQUIRE(outcome.status.has_value());
  CHECK(outcome.synced);
  check_level(node, hub);
  return outcome;
}

/// Until nobody has anything left: deliveries reach other units, and come back.
inline void settle(std::vector<TestNode*> nodes, TestHub& hub) {
  for (int round = 0; round < 3; ++round) {
    for (TestNode* node : nodes) {
      const Outcome outcome = synchronise(*node, hub);
      INFO((outcome.status ? std::string() : outcome.status.error().message));
      REQUIRE(outcome.status.has_value());
      CHECK(outcome.synced);
    }
  }
  for (const TestNode* node : nodes) check_level(*node, hub);
}

/// So many creates and edits, drawn from the seed.
inline void work(TestNode& node, SeededRandom& random, std::size_t entries) {
  std::vector<RecordRef> records;
  for (std::size_t i = 0; i < entries; ++i) {
    const std::string text(random.below(60), static_cast<char>('a' + random.below(26)));
    if (records.empty() || random.chance(20)) {
      records.push_back(node.create(text + std::to_string(random.next())));
    } else {
      node.edit(records[random.below(records.size())], text + std::to_string(random.next()));
    }
  }
}

}  // namespace tram::sync::test
