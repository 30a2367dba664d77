// Traces M1 to M3: a computer that was put back or copied. Both histories are kept, and told of.
// Ledgers are copied and put back between sessions; nodes are copied with and without their memory.
#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

/// The disk of `node` as it was, in a new process.
TestNode put_back(const TestNode& node, const MemoryLedger& copy, std::uint64_t seed) {
  TestNode out = node;
  out.ledger = copy;
  out.reseed(seed);
  out.restart();
  return out;
}

std::size_t opened(const TestHub& hub) {
  return static_cast<std::size_t>(std::count_if(
      hub.told.begin(), hub.told.end(), [](const LineageUpdate& update) { return update.opened; }));
}

std::size_t copied(const TestHub& hub) {
  return static_cast<std::size_t>(std::count_if(
      hub.told.begin(), hub.told.end(), [](const LineageUpdate& update) { return update.copied; }));
}

}  // namespace

TEST_CASE("A node put back gets its own work back and goes on in a new log", "[session][M2]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  work(node, random, 10);
  must_sync(node, hub);
  node.restart();
  work(node, random, 4);  // pending in the copy, sent later
  const MemoryLedger copy = node.ledger;
  must_sync(node, hub);
  work(node, random, 10);
  must_sync(node, hub);
  node.restart();
  must_sync(node, hub);
  const std::size_t before = hub.ledger.feed_size(unit_y);

  TestNode back = put_back(node, copy, 77);
  const RecordRef record = back.create("written before the first contact");
  const Name newest = back.frontier(record).front();
  const Outcome outcome = must_sync(back, hub);
  CHECK(outcome.counts.received_entries == 10);
  CHECK(opened(hub) == 1);
  CHECK(back.session().copied());
  CHECK(hub.ledger.feed_size(unit_y) == before + 2);
  const LogId log = back.ledger.entry(newest)->place.log;
  CHECK(back.ledger.entry(back.edit(record, "and after it"))->place.log != log);
  must_sync(back, hub);
  back.restart();
  must_sync(back, hub);
  CHECK(opened(hub) == 1);
  CHECK(copied(hub) == 0);
}

TEST_CASE("Of a copied computer both go on, and the operator is told twice", "[session][M3]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  work(node, random, 10);
  must_sync(node, hub);
  TestNode clone = put_back(node, node.ledger, 99);
  node.restart();
  work(node, random, 5);
  work(clone, random, 5);
  must_sync(clone, hub);
  CHECK(opened(hub) == 0);  // the first to speak cannot be told apart
  must_sync(node, hub);
  CHECK(opened(hub) == 1);
  CHECK(copied(hub) == 0);
  clone.restart();
  must_sync(clone, hub);
  CHECK(copied(hub) == 1);
  CHECK(hub.ledger.has_been_copied(node.device()));
  settle({&node, &clone}, hub);
  CHECK(names_of(node.ledger, unit_y) == names_of(clone.ledger, unit_y));
  CHECK(hub.ledger.feed_size(unit_y) == 11 + 6 + 6);
  CHECK(opened(hub) == 1);
}

TEST_CASE("A copy with its memory makes a branch, and both branches are kept", "[session][M1]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const std::size_t frame_bytes : {150UL, 256UL * 1024}) {
      CAPTURE(seed, frame_bytes);
      SeededRandom random(seed);
      TestHub hub(1);
      TestNode node = node_of(unit_y, hub, 2);
      const RecordRef record = node.create("before");
      if (random.chance(50)) must_sync(node, hub);
      TestNode clone = node;
      clone.reseed(seed + 100);
      for (std::size_t i = random.below(6) + 1; i != 0; --i) node.edit(record, "here");
      for (std::size_t i = random.below(6) + 1; i != 0; --i) {
        clone.edit(record, "there " + std::to_string(i));
      }
      for (TestNode* each : {&node, &clone}) each->frame_bytes = frame_bytes;
      hub.frame_bytes = frame_bytes;
      TestNode& first = random.chance(50) ? node : clone;
      TestNode& second = &first == &node ? clone : node;
      must_sync(first, hub);
      must_sync(second, hub);
      CHECK(second.session().copied());
      const LogId ended = second.ledger.entry(names_of(second.ledger, unit_y).back())->place.log;
      const Name next = second.edit(record, "after the news");
      CHECK(second.ledger.entry(next)->place.log != ended);
      must_sync(second, hub);
      must_sync(first, hub);
      CHECK(first.session().copied());
      settle({&first, &second}, hub);
      CHECK(names_of(node.ledger, unit_y) == names_of(clone.ledger, unit_y));
      for (const Name& name : node.ledger.all_names()) CHECK(stands_in(hub.ledger, unit_y, name));
      check_bytes(node, hub);
      check_bytes(clone, hub);
      // A third computer learns of both branches in one frame.
      TestNode third = node_of(unit_y, hub, 300 + seed);
      must_sync(third, hub);
      check_bytes(third, hub);
      // And they come back after a loss.
      hub.wipe();
      must_sync(third, hub);
      settle({&node, &clone}, hub);
    }
  }
}

TEST_CASE("Branches of one log in one batch do not mislead each other's children",
          "[session][M1]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  const RecordRef record = node.create("before");
  must_sync(node, hub);
  TestNode clone = node;
  clone.reseed(50);
  // Children in another log name parents on either branch.
  const Name here = node.edit(record, "here");
  const Name there = clone.edit(record, "there");
  node.restart();
  clone.restart();
  node.edit(record, "child of here");
  clone.edit(record, "child of there");
  must_sync(node, hub);
  must_sync(clone, hub);
  settle({&node, &clone}, hub);
  TestNode third = node_of(unit_y, hub, 60);
  const Outcome outcome = must_sync(third, hub);
  CHECK(outcome.exchanges == 1);
  CHECK(third.ledger.names_at(third.ledger.entry(here)->place).size() == 2);
  CHECK(third.ledger.entry(there)->bytes.has_value());
  check_bytes(third, hub);
}

TEST_CASE("Lost, doubled and late hellos of a whole session raise nothing", "[session][M3]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    TestHub hub(1);
    TestNode node = node_of(unit_y, hub, 2);
    std::vector<Bytes> late;
    for (int life = 0; life < 12; ++life) {
      node.restart();
      if (random.chance(60)) node.create("a life " + std::to_string(life));
      node.begin_session();
      for (int i = 0; i < 3 && !node.session().done(); ++i) {
        const Bytes request = node.request_frame();
        if (random.chance(30)) late.push_back(request);
        if (random.chance(30)) continue;  // lost
        const Result<Bytes> reply = hub.handle(node.device(), request);
        REQUIRE(reply);
        if (random.chance(70)) REQUIRE(node.take_reply_frame(*reply));
        if (!late.empty() && random.chance(50)) {
          REQUIRE(hub.handle(node.device(), late[random.below(late.size())]));
        }
      }
    }
    must_sync(node, hub);
    CHECK(hub.told.empty());
    CHECK_FALSE(node.session().copied());
  }
}

TEST_CASE("A late answer to an older run acknowledges nothing", "[session][M3]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  must_sync(node, hub);
  node.restart();
  node.begin_session();
  const Result<Bytes> late = hub.handle(node.device(), node.request_frame());
  REQUIRE(late);
  node.restart();
  node.begin_session();
  const Bytes never_sent = node.request_frame();
  REQUIRE(node.take_reply_frame(*late));
  CHECK_FALSE(node.ledger.visit_state()->acknowledged);
  node.restart();
  must_sync(node, hub);
  CHECK(hub.told.empty());
}

}  // namespace tram::sync::test
