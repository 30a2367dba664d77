// Trace M4: the hub's store goes back, and the nodes bring back what is missing.
// A copy of the hub's ledger is put back after more work; then sessions run until all is level.
#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

/// Every entry of `before` stands in the feed once, whatever the order.
void check_all_back(const std::vector<Name>& before, const MemoryLedger& ledger,
                    const FeedId& feed) {
  const std::vector<Name> now = names_of(ledger, feed);
  const std::set<Name> set(now.begin(), now.end());
  CHECK(set.size() == now.size());
  for (const Name& name : before) {
    CHECK(set.count(name) == 1);
    CHECK(ledger.entry(name)->bytes.has_value());
  }
}

}  // namespace

TEST_CASE("A hub that went back gets everything from one node", "[session][M4]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  TestNode other = node_of(unit_y, hub, 4);
  SeededRandom random(3);
  std::vector<MemoryLedger> copies;
  for (int i = 0; i < 12; ++i) {
    copies.push_back(hub.snapshot());
    work(node, random, 1 + random.below(9));
    must_sync(node, hub);
    work(other, random, random.below(5));
    must_sync(other, hub);
  }
  must_sync(node, hub);
  const std::vector<Name> before = names_of(hub.ledger, unit_y);
  for (const MemoryLedger& copy : copies) {
    for (const bool fresh : {false, true}) {
      const std::uint64_t kept = copy.feed_size(unit_y);
      CAPTURE(kept, before.size(), fresh);
      TestNode again = node;
      if (fresh) again.restart();
      hub.restore(copy);
      const Outcome outcome = must_sync(again, hub);
      CHECK(outcome.hub_went_back);
      CHECK(outcome.exchanges <= 5);
      // In the order that it had, so the next node agrees at once.
      CHECK(names_of(hub.ledger, unit_y) == before);
      for (const LostStretch& stretch : again.ledger.lost(unit_y)) {
        CHECK(stretch.returned == stretch.head.size);
      }
      TestNode second = other;
      const Outcome agreed = must_sync(second, hub);
      CHECK(agreed.exchanges == 1);
      CHECK(agreed.counts.received_entries == 0);
      CHECK(must_sync(again, hub).exchanges == 1);
      CHECK(hub.told.empty());
    }
  }
}

TEST_CASE("A hub that went back and went on keeps both", "[session][M4]") {
  for (const std::size_t frame_bytes : {300UL, 256UL * 1024}) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      CAPTURE(seed, frame_bytes);
      SeededRandom random(seed);
      TestHub hub(1);
      TestNode one = node_of(unit_y, hub, 2);
      TestNode two = node_of(unit_y, hub, 4);
      for (TestNode* node : {&one, &two}) node->frame_bytes = frame_bytes;
      hub.frame_bytes = frame_bytes;
      work(one, random, random.below(30));
      must_sync(one, hub);
      const MemoryLedger copy = hub.snapshot();
      for (int i = 0; i < 3; ++i) {
        work(one, random, 1 + random.below(8));
        must_sync(one, hub);
        work(two, random, 1 + random.below(8));
        must_sync(two, hub);
      }
      const std::vector<Name> before = names_of(hub.ledger, unit_y);
      hub.restore(copy);
      // Another computer was never told; it only hands in.
      TestNode late = node_of(unit_y, hub, 6);
      work(late, random, random.below(20));
      must_sync(late, hub);
      work(one, random, random.below(4));
      work(two, random, random.below(4));
      settle({&two, &one, &late}, hub);
      check_all_back(before, hub.ledger, unit_y);
      CHECK(hub.told.empty());
      for (TestNode* node : {&one, &two, &late}) CHECK(must_sync(*node, hub).exchanges == 1);
    }
  }
}

TEST_CASE("What came back over one node is not sent again by the next", "[session][M4]") {
  TestHub hub(1);
  TestNode one = node_of(unit_y, hub, 2);
  TestNode two = node_of(unit_y, hub, 4);
  SeededRandom random(3);
  const MemoryLedger copy = hub.snapshot();
  work(one, random, 300);
  must_sync(one, hub);
  must_sync(two, hub);
  hub.restore(copy);
  TestNode late = node_of(unit_y, hub, 6);
  late.create("comes between");
  must_sync(late, hub);
  const Outcome first = must_sync(one, hub);
  const Outcome second = must_sync(two, hub);
  CHECK(first.bytes_up > 5'000);
  CHECK(second.bytes_up < 3'000);
  CHECK(second.bytes_down < 1'500);
}

TEST_CASE("A hub that was wiped is filled again, its decisions too", "[session][M4]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  work(node, random, 40);
  for (int i = 0; i < 5; ++i) {
    Edit edit = notes_edit({7, {}}, {}, "device " + std::to_string(i));
    edit.target = Edit::Target::self;
    hub.write(province_feed, edit);
  }
  must_sync(node, hub);
  const std::vector<Name> home = names_of(hub.ledger, unit_y);
  const std::vector<Name> province = names_of(hub.ledger, province_feed);
  hub.wipe();
  const Outcome outcome = must_sync(node, hub);
  CHECK(outcome.exchanges <= 5);
  CHECK(names_of(hub.ledger, unit_y) == home);
  CHECK(names_of(hub.ledger, province_feed) == province);
  CHECK(node.ledger.heads(unit_y).size() == 1);  // the old receipts are void
}

TEST_CASE("A second and deeper loss during the return loses nothing", "[session][M4]") {
  for (std::size_t cut_after = 1; cut_after < 14; ++cut_after) {
    for (const bool wipe : {false, true}) {
      CAPTURE(cut_after, wipe);
      TestHub hub(1);
      TestNode node = node_of(unit_y, hub, 2);
      TestNode gone = node_of(unit_y, hub, 4);
      SeededRandom random(3);
      work(gone, random, 20);
      must_sync(gone, hub);
      const MemoryLedger deeper = hub.snapshot();
      work(gone, random, 30);
      must_sync(gone, hub);
      const MemoryLedger copy = hub.snapshot();
      work(gone, random, 30);
      must_sync(gone, hub);
      must_sync(node, hub);
      const std::vector<Name> before = names_of(hub.ledger, unit_y);
      hub.restore(copy);
      node.frame_bytes = 400;
      node.begin_session();
      for (std::size_t i = 0; i < cut_after && !node.session().done(); ++i) {
        REQUIRE(exchange(node, hub).status);
      }
      if (wipe) {
        hub.wipe();
      } else {
        hub.restore(deeper);
      }
      must_sync(node, hub);
      check_all_back(before, hub.ledger, unit_y);
      CHECK(must_sync(node, hub).exchanges == 1);
    }
  }
}

TEST_CASE("A lost reply during the return costs no second sending of much", "[session][M4]") {
  for (std::size_t lost = 0; lost < 12; ++lost) {
    CAPTURE(lost);
    TestHub hub(1);
    TestNode node = node_of(unit_y, hub, 2);
    SeededRandom random(3);
    const MemoryLedger copy = hub.snapshot();
    work(node, random, 60);
    must_sync(node, hub);
    const std::vector<Name> before = names_of(hub.ledger, unit_y);
    hub.restore(copy);
    node.frame_bytes = 1'200;
    node.begin_session();
    for (std::size_t i = 0; !node.session().done(); ++i) {
      REQUIRE(i < 60);
      const Bytes request = node.request_frame();
      const Result<Bytes> reply = hub.handle(node.device(), request);
      REQUIRE(reply);
      if (i != lost) REQUIRE(node.take_reply_frame(*reply));
    }
    CHECK(names_of(hub.ledger, unit_y) == before);
  }
}

TEST_CASE("A doubled reply in place of a lost one leaves nothing out", "[session][M4]") {
  for (const bool new_session : {true, false}) {
    for (std::size_t lost = 2; lost < 12; ++lost) {
      CAPTURE(lost, new_session);
      TestHub hub(1);
      TestNode node = node_of(unit_y, hub, 2);
      TestNode gone = node_of(unit_y, hub, 4);
      SeededRandom random(3);
      work(gone, random, 60);
      must_sync(gone, hub);
      must_sync(node, hub);
      const std::vector<Name> before = names_of(hub.ledger, unit_y);
      hub.wipe();
      node.frame_bytes = 1'200;
      node.begin_session();
      Bytes last;
      for (std::size_t i = 0; !node.session().done(); ++i) {
        REQUIRE(i < 60);
        const Bytes request = node.request_frame();
        if (i != lost) {
          const Result<Bytes> reply = hub.handle(node.device(), request);
          REQUIRE(reply);
          last = *reply;
        }
        REQUIRE(node.take_reply_frame(last));
        if (i == lost && new_session) break;
      }
      must_sync(node, hub);
      CHECK(names_of(hub.ledger, unit_y) == before);
    }
  }
}

TEST_CASE("A dossier of two communes comes back over either, with its holders",
          "[session][M4][M5]") {
  for (const bool y_first : {true, false}) {
    CAPTURE(y_first);
    TestHub hub(1);
    TestNode y = node_of(unit_y, hub, 2);
    TestNode z = node_of(unit_z, hub, 4);
    const MemoryLedger copy = hub.snapshot();
    const RecordRef record = z.create("moves");
    z.transfer(record, unit_y);
    settle({&z, &y}, hub);
    y.edit(record, "received");
    settle({&y, &z}, hub);
    hub.restore(copy);
    if (y_first) {
      settle({&y, &z}, hub);
    } else {
      settle({&z, &y}, hub);
    }
    const Name late = z.edit(record, "late work of the old owner");
    const Name more = y.edit(record, "work of the new owner");
    settle({&z, &y}, hub);
    for (const Name& name : {late, more}) {
      CHECK(stands_in(y.ledger, unit_y, name));
      CHECK(stands_in(z.ledger, unit_z, name));
    }
  }
}

TEST_CASE("A device without a row gives back and reads nothing until its row is back",
          "[session][M4]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  work(node, random, 30);
  Edit row = notes_edit({7, {}}, {}, "the device's row");
  row.target = Edit::Target::self;
  hub.write(province_feed, row);
  must_sync(node, hub);
  const std::vector<Name> before = names_of(hub.ledger, unit_y);
  hub.wipe();
  hub.forget(node.device());
  node.edit(*node.ledger.record_of(before.back()), "written meanwhile");
  node.frame_bytes = 500;

  const Outcome closed = synchronise(node, hub);
  REQUIRE(closed.status);
  CHECK_FALSE(closed.synced);
  CHECK(node.session().may_only_give_back());
  CHECK(hub.ledger.feed_size(province_feed) == 2);
  CHECK(names_of(hub.ledger, unit_y) == before);
  CHECK(node.ledger.feed_size(unit_y) == 0);

  hub.enrol(node.device(), unit_y);
  must_sync(node, hub);
  CHECK(hub.ledger.feed_size(unit_y) == before.size() + 1);
}

TEST_CASE("A hub whose clock runs behind after a start loses nothing", "[session][M4]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  TestNode gone = node_of(unit_y, hub, 4);
  SeededRandom random(3);
  work(gone, random, 10);
  must_sync(gone, hub);
  must_sync(node, hub);
  hub.now.ms -= 3'600'000;
  hub.start();
  const MemoryLedger copy = hub.snapshot();
  work(gone, random, 10);
  must_sync(gone, hub);
  must_sync(node, hub);
  const std::vector<Name> before = names_of(hub.ledger, unit_y);
  hub.restore(copy);
  must_sync(node, hub);
  CHECK(names_of(hub.ledger, unit_y) == before);
}

}  // namespace tram::sync::test
