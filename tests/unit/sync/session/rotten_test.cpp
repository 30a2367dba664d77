// Trace M7: an entry whose bytes are lost, or mean nothing, holds up nothing else.
// Bytes are taken out of ledgers, or drawn at random, before and after they are sent.
#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

/// Bytes that are no entry, in a log of the node, signed like any other.
Name write_undecodable(TestNode& node, const LogId& log, const Bytes& bytes) {
  const std::optional<LogState> state = node.ledger.log(log);
  const LogTip tip = state->tips.front();
  const Name name = name_of(bytes);
  Commit commit;
  commit.entries.push_back({name, {log, tip.count}, chain_next(tip.chain, name), bytes});
  node.ledger.apply(commit);
  return name;
}

LogId only_log(const TestNode& node) {
  return node.ledger.pending_logs().front().log;
}

/// Entries of the unit's feed that are held by their names alone.
std::size_t lacking(const MemoryLedger& ledger) {
  return ledger.names_without_bytes(unit_y, 10'000).size();
}

void lose_all_bytes(MemoryLedger& ledger) {
  for (const Name& name : ledger.all_names()) ledger.lose_bytes(name);
}

/// The page is read again, or a backup is.
void find_again(MemoryLedger& ledger, const HeldEntry& found) {
  Commit commit;
  commit.entries.push_back({found.name, found.place, std::nullopt, found.bytes});
  ledger.apply(commit);
}

/// A node of Y and its hub, level with so many dossiers.
struct LevelPair {
  explicit LevelPair(std::size_t dossiers) {
    for (std::size_t i = 0; i < dossiers; ++i) node.create("number " + std::to_string(i));
    must_sync(node, hub);
  }
  TestHub hub{1};
  TestNode node = node_of(unit_y, hub, 2);
};

}  // namespace

TEST_CASE("A rotten entry travels as its name, and its log goes on", "[rotten][M7]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  const RecordRef record = node.create("one");
  const Name rotten = node.edit(record, "two");
  node.edit(record, "three");
  node.ledger.lose_bytes(rotten);
  const Outcome outcome = must_sync(node, hub);
  // The second asks for its bytes: the hub may have had them from an earlier time.
  CHECK(outcome.exchanges == 2);
  CHECK(hub.ledger.feed_size(unit_y) == 4);
  CHECK_FALSE(hub.ledger.entry(rotten)->bytes);
  CHECK(must_sync(node, hub).exchanges == 1);
}

TEST_CASE("Whoever has the bytes brings them, and others get them then", "[rotten][M7]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  const RecordRef record = node.create("one");
  const Name rotten = node.edit(record, "two");
  const MemoryLedger whole = node.ledger;
  node.ledger.lose_bytes(rotten);
  must_sync(node, hub);
  TestNode other = node_of(unit_y, hub, 4);
  must_sync(other, hub);
  CHECK_FALSE(other.ledger.entry(rotten)->bytes);

  // The hub asks for it as soon as the node speaks.
  find_again(node.ledger, *whole.entry(rotten));
  node.edit(record, "three");
  must_sync(node, hub);
  CHECK(hub.ledger.entry(rotten)->bytes.has_value());
  other.restart();
  const Outcome outcome = must_sync(other, hub);
  CHECK(other.ledger.entry(rotten)->bytes.has_value());
  CHECK(outcome.exchanges <= 2);
}

TEST_CASE("A node that lost bytes asks until it has them, also with nothing else to say",
          "[rotten][M7]") {
  for (const std::size_t count : {1UL, 300UL}) {
    LevelPair pair(count);
    // The same run goes on, the feed stays whole: only the content is gone.
    lose_all_bytes(pair.node.ledger);
    must_sync(pair.node, pair.hub);
    CHECK(lacking(pair.node.ledger) == 0);
  }
}

TEST_CASE("A hub that lost bytes asks an idle node for them", "[rotten][M7]") {
  for (const std::size_t count : {1UL, 300UL}) {
    LevelPair pair(count);
    lose_all_bytes(pair.hub.ledger);
    must_sync(pair.node, pair.hub);
    CHECK(lacking(pair.hub.ledger) == 0);
  }
}

TEST_CASE("What the hub finds again later comes to a node that goes on", "[rotten][M7]") {
  LevelPair pair(20);
  TestHub& hub = pair.hub;
  TestNode& node = pair.node;
  const MemoryLedger whole = hub.ledger;
  const std::vector<Name> names = hub.ledger.feed_names(unit_y, 0, 100);
  for (const Name& name : names) {
    hub.ledger.lose_bytes(name);
    node.ledger.lose_bytes(name);
  }
  // Each session asks, and costs little.
  for (int i = 0; i < 3; ++i) {
    const Outcome idle = must_sync(node, hub);
    CHECK(idle.exchanges == 1);
    CHECK(idle.bytes_up < 200);
    CHECK(idle.bytes_down < 200);
  }
  // The last of them is back at the hub: each has its turn.
  const Name found = names.back();
  find_again(hub.ledger, *whole.entry(found));
  for (std::size_t i = 0; i < names.size(); ++i) must_sync(node, hub);
  CHECK(node.ledger.entry(found)->bytes == whole.entry(found)->bytes);
  CHECK(lacking(node.ledger) == names.size() - 1);
}

TEST_CASE("Replies that are full of a feed do not end the asking", "[rotten][M7]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  const RecordRef record = node.create("one");
  const Name rotten = node.edit(record, "two");
  must_sync(node, hub);
  TestNode other = node_of(unit_y, hub, 4);
  for (int i = 0; i < 40; ++i) other.create("number " + std::to_string(i));
  must_sync(other, hub);
  hub.frame_bytes = 300;
  node.ledger.lose_bytes(rotten);
  node.restart();
  must_sync(node, hub);
  CHECK(lacking(node.ledger) == 0);
}

TEST_CASE("Bytes that come late give standing late", "[rotten][M5][M7]") {
  TestHub hub(1);
  TestNode z = node_of(unit_z, hub, 2);
  TestNode y = node_of(unit_y, hub, 4);
  const RecordRef record = z.create("the create rots");
  const Name create = z.frontier(record).front();
  z.transfer(record, unit_y);
  const MemoryLedger whole = z.ledger;
  z.ledger.lose_bytes(create);
  settle({&z, &y}, hub);
  CHECK(y.ledger.all_names().empty());
  find_again(z.ledger, *whole.entry(create));
  z.restart();
  settle({&z, &y}, hub);
  CHECK(y.ledger.record_entries(unit_y, record).size() == 2);
}

TEST_CASE("Bytes that mean nothing are held, receipted and passed on", "[rotten][M7]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  node.create("one");
  const LogId log = only_log(node);
  std::vector<Name> odd;
  for (const std::size_t size : {0UL, 1UL, 200UL, 64UL * 1024}) {
    Bytes bytes(size);
    random.fill(bytes);
    odd.push_back(write_undecodable(node, log, bytes));
  }
  // An entry of another place, and one of a version that is not born yet.
  Bytes copied = *node.ledger.entry(node.ledger.names_at({log, 1}).front())->bytes;
  copied.back() ^= 1U;
  odd.push_back(write_undecodable(node, log, copied));
  copied.front() = 2;
  odd.push_back(write_undecodable(node, log, copied));
  must_sync(node, hub);
  TestNode other = node_of(unit_y, hub, 4);
  must_sync(other, hub);
  for (const Name& name : odd) {
    CHECK(other.ledger.entry(name)->bytes == node.ledger.entry(name)->bytes);
  }
}

TEST_CASE("Many that nobody has make no session fail, and none large", "[rotten][M7]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  const RecordRef record = node.create("one");
  std::vector<Name> rotten;
  for (int i = 0; i < 700; ++i) {
    rotten.push_back(node.write(notes_edit({1, {}}, {}, std::to_string(i))));
  }
  const HeldEntry found = *node.ledger.entry(rotten[600]);
  for (const Name& name : rotten) node.ledger.lose_bytes(name);
  must_sync(node, hub);
  TestNode other = node_of(unit_y, hub, 4);
  CHECK(must_sync(other, hub).exchanges <= 3);
  const Outcome idle = must_sync(other, hub);
  CHECK(idle.exchanges == 1);
  CHECK(idle.bytes_up + idle.bytes_down < 320);
  // One of them is found again: its turn comes, though the others stand before it.
  find_again(node.ledger, found);
  for (int i = 0; i < 40 && !hub.ledger.entry(found.name)->bytes; ++i) {
    node.write(notes_edit(record, {}, "more " + std::to_string(i)));
    must_sync(node, hub);
  }
  CHECK(hub.ledger.entry(found.name)->bytes.has_value());
}

TEST_CASE("An entry of the greatest size passes through the smallest frames", "[rotten]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  std::string noise(59'000, 'x');
  for (char& c : noise) c = static_cast<char>(random.below(256));
  const RecordRef record = node.create(noise);
  node.edit(record, "small");
  node.frame_bytes = 100;
  hub.frame_bytes = 100;
  must_sync(node, hub);
  TestNode other = node_of(unit_y, hub, 4);
  must_sync(other, hub);
  check_bytes(other, hub);
}

}  // namespace tram::sync::test
