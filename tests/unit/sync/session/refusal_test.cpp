// What a node does not take from a hub, and a hub not from a node: typed errors, nothing committed.
// Honest messages are decoded, changed in one respect, and passed on.
#include <functional>

#include "sync/feed/merkle.hpp"
#include "sync/wire/batch.hpp"
#include "sync/wire/frame.hpp"
#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

using Change = std::function<void(ExchangeReply&)>;

/// One exchange in which the reply is changed on the way.
Status exchange_changed(TestNode& node, TestHub& hub, const Change& change) {
  const Result<Bytes> reply = hub.handle(node.device(), node.request_frame());
  REQUIRE(reply);
  ExchangeReply message = *decode_reply(*unpack_frame(FrameKind::reply, *reply));
  change(message);
  return node.take_reply_frame(pack_frame(FrameKind::reply, encode_message(message), {3}));
}

FeedAnswer& answer_of(ExchangeReply& reply, const FeedId& feed) {
  for (FeedAnswer& answer : reply.feeds) {
    if (answer.feed == feed) return answer;
  }
  FAIL("no answer for the feed");
  return reply.feeds.front();
}

/// A session in which every reply is changed; the status that ends it.
Status session_changed(TestNode& node, TestHub& hub, const Change& change) {
  node.begin_session();
  for (int i = 0; i < 20 && !node.session().done(); ++i) {
    const Status taken = exchange_changed(node, hub, change);
    if (!taken) return taken;
  }
  return {};
}

struct Pair {
  TestHub hub{1};
  TestNode other = node_of(unit_y, hub, 4);
  TestNode node = node_of(unit_y, hub, 2);
  Pair() {
    SeededRandom random(3);
    work(other, random, 12);
    must_sync(other, hub);
    must_sync(node, hub);
    work(other, random, 6);
    must_sync(other, hub);
    node.create("pending");
  }
};

/// The request that the node would send now, changed.
Bytes request_changed(TestNode& node, const std::function<void(ExchangeRequest&)>& change) {
  node.begin_session();
  ExchangeRequest request =
      *decode_request(*unpack_frame(FrameKind::request, node.request_frame()));
  change(request);
  return pack_frame(FrameKind::request, encode_message(request), {3});
}

ErrorCode refused_by(TestHub& hub, const PublicKey& device, const Bytes& frame) {
  const std::vector<FeedId> feeds = hub.ledger.feeds();
  const std::vector<Name> before = hub.ledger.all_names();
  const Result<Bytes> reply = hub.handle(device, frame);
  REQUIRE_FALSE(reply);
  CHECK(hub.ledger.all_names() == before);
  CHECK(hub.ledger.feeds() == feeds);
  return reply.error().code;
}

}  // namespace

TEST_CASE("A node takes nothing under a head that does not fit or is not the hub's", "[refusal]") {
  const auto foreign = key_from(99);
  const std::vector<Change> lies = {
      [](ExchangeReply& reply) { answer_of(reply, unit_y).head->root[0] ^= 1U; },
      [](ExchangeReply& reply) { answer_of(reply, unit_y).head->size += 1; },
      [](ExchangeReply& reply) { answer_of(reply, unit_y).head.reset(); },
      [](ExchangeReply& reply) {
        answer_of(reply, unit_y).head = answer_of(reply, province_feed).head;
      },
      [&](ExchangeReply& reply) {
        SignedHead& head = *answer_of(reply, unit_y).head;
        head = sign_head(*foreign, head);
      },
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    CAPTURE(i);
    Pair pair;
    const std::vector<Name> before = names_of(pair.node.ledger, unit_y);
    const Status ended = session_changed(pair.node, pair.hub, lies[i]);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::unverified);
    CHECK(names_of(pair.node.ledger, unit_y) == before);
    CHECK_FALSE(pair.node.session().synced());
    must_sync(pair.node, pair.hub);
  }
}

TEST_CASE("A hub that signs a wrong root is found out, in plain form at the latest", "[refusal]") {
  Pair pair;
  const auto key = pair.hub.key();
  const auto wrong_root = [&](ExchangeReply& reply) {
    SignedHead& head = *answer_of(reply, unit_y).head;
    head.root[5] ^= 1U;
    head = sign_head(*key, head);
  };
  const auto wrong_base = [&](ExchangeReply& reply) {
    SignedHead& head = *answer_of(reply, unit_y).head;
    head.base_size = 3;
    head.base_root[5] ^= 1U;
    head = sign_head(*key, head);
  };
  for (const Change& change : {Change(wrong_root), Change(wrong_base)}) {
    const Status ended = session_changed(pair.node, pair.hub, change);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::unverified);
    CHECK(pair.node.session().counts().exchanges == 2);
  }
}

TEST_CASE("A hub cannot put a name into a feed twice, nor bring unasked bytes", "[refusal]") {
  Pair pair;
  const auto key = pair.hub.key();
  const Status ended = session_changed(pair.node, pair.hub, [&](ExchangeReply& reply) {
    FeedAnswer& answer = answer_of(reply, unit_y);
    const Name name = names_of(pair.node.ledger, unit_y).back();
    const HeldEntry entry = *pair.node.ledger.entry(name);
    answer.batch =
        encode_batch({{entry.place.log, entry.place.seq, {*entry.bytes}}}, plain_encoder());
    std::vector<Digest> leaves;
    for (const Name& known : names_of(pair.node.ledger, unit_y)) {
      leaves.push_back(merkle::leaf_hash(known));
    }
    leaves.push_back(merkle::leaf_hash(name));
    answer.head->size = leaves.size();
    answer.head->root = merkle::root_of(leaves);
    answer.head = sign_head(*key, *answer.head);
  });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::unverified);

  const Bytes stray = {1, 2, 3};
  REQUIRE(session_changed(pair.node, pair.hub, [&](ExchangeReply& reply) {
    reply.fills = encode_batch({{{}, 7, {stray}}}, plain_encoder());
  }));
  CHECK_FALSE(pair.node.ledger.entry(name_of(stray)));
}

TEST_CASE("Answers about feeds that were not asked for are malformed", "[refusal]") {
  Pair pair;
  const Status ended = session_changed(
      pair.node, pair.hub, [](ExchangeReply& reply) { reply.feeds.front().feed = unit_z; });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::malformed);
}

TEST_CASE("A hub cannot make a node cut its feed unasked, nor go round for ever", "[refusal]") {
  const std::vector<Change> lies = {
      [](ExchangeReply& reply) { reply.feeds.clear(); },
      [](ExchangeReply& reply) {
        for (FeedAnswer& answer : reply.feeds) {
          answer = {answer.feed, FeedAnswer::Kind::agreed_at, 0, 0, {}, {}};
        }
      },
      [](ExchangeReply& reply) {
        for (FeedAnswer& answer : reply.feeds) answer.kind = FeedAnswer::Kind::disagrees;
      },
      [](ExchangeReply& reply) { reply.plain = true; },
      [](ExchangeReply& reply) {
        reply.hello = HelloAnswer{reply.hello->visit, 0, Nonce{}};
      },
      [](ExchangeReply& reply) {
        for (FeedAnswer& answer : reply.feeds) answer.hub_size += 1;
      },
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    CAPTURE(i);
    Pair pair;
    must_sync(pair.node, pair.hub);
    pair.node.restart();
    const std::vector<Name> before = names_of(pair.node.ledger, unit_y);
    const Status ended = session_changed(pair.node, pair.hub, lies[i]);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::failed);
    CHECK(names_of(pair.node.ledger, unit_y) == before);
  }
}

TEST_CASE("Held rows that do not resolve are asked for in plain form", "[refusal]") {
  Pair pair;
  bool first = true;
  REQUIRE(session_changed(pair.node, pair.hub, [&](ExchangeReply& reply) {
    FeedAnswer& answer = answer_of(reply, unit_y);
    if (first) answer.batch = encode_batch({{LogId{}, 5, {HeldRows{3}}}}, plain_encoder());
    first = false;
  }));
  CHECK(pair.node.session().synced());
  CHECK(pair.node.session().counts().exchanges == 2);
  check_level(pair.node, pair.hub);
}

TEST_CASE("A hub that knows other parents asks for plain form, and gets it", "[refusal]") {
  // The hub holds a second entry at a place that the node believes is one.
  Pair pair;
  const RecordRef record = pair.node.create("a record");
  must_sync(pair.node, pair.hub);
  const HeldEntry parent = *pair.node.ledger.entry(pair.node.frontier(record).front());
  const Bytes twin = {9, 9, 9};
  Commit commit;
  commit.entries.push_back({name_of(twin), parent.place, std::nullopt, twin});
  pair.hub.ledger.apply(commit);
  pair.node.restart();
  pair.node.edit(record, "child");
  const Outcome outcome = must_sync(pair.node, pair.hub);
  CHECK(outcome.exchanges == 2);
}

TEST_CASE("A node that asks for another commune is refused", "[refusal]") {
  Pair pair;
  TestNode spy(2, unit_z, pair.hub);  // the key of a node of unit Y
  const Outcome outcome = synchronise(spy, pair.hub);
  REQUIRE_FALSE(outcome.status);
  CHECK(outcome.status.error().code == ErrorCode::refused);

  SignedHead head{unit_z, {}, 0, merkle::empty_root(), 1, {}, {}, {}};
  const Bytes foreign_part = request_changed(pair.node, [&](ExchangeRequest& request) {
    request.returns.push_back({sign_head(*pair.hub.key(), head), 0, {}, {}});
  });
  CHECK(refused_by(pair.hub, pair.node.device(), foreign_part) == ErrorCode::refused);
}

TEST_CASE("A hub answers no request that states a feed twice", "[refusal]") {
  Pair pair;
  const Bytes twice = request_changed(
      pair.node, [](ExchangeRequest& request) { request.feeds.push_back(request.feeds.back()); });
  CHECK(refused_by(pair.hub, pair.node.device(), twice) == ErrorCode::malformed);
}

TEST_CASE("Offers of another computer, or signed by another, are unverified", "[refusal]") {
  Pair pair;
  const Bytes honest = request_changed(pair.node, [](ExchangeRequest&) {});
  // The same bytes over another device's connection: the opening names the first.
  CHECK(refused_by(pair.hub, pair.other.device(), honest) == ErrorCode::unverified);

  const Bytes damaged = request_changed(
      pair.node, [](ExchangeRequest& request) { request.signatures[0].signature[3] ^= 1U; });
  CHECK(refused_by(pair.hub, pair.node.device(), damaged) == ErrorCode::unverified);

  const Bytes unsigned_run =
      request_changed(pair.node, [](ExchangeRequest& request) { request.signatures.clear(); });
  CHECK(refused_by(pair.hub, pair.node.device(), unsigned_run) == ErrorCode::malformed);

  // A log that the other computer has begun.
  const HeldEntry theirs = *pair.hub.ledger.entry(names_of(pair.hub.ledger, unit_y)[1]);
  const Bytes meddled = request_changed(pair.node, [&](ExchangeRequest& request) {
    request.offers = encode_batch({{theirs.place.log, 19, {Bytes{1}}}}, plain_encoder());
    request.signatures.assign(1, {});
  });
  CHECK(refused_by(pair.hub, pair.node.device(), meddled) == ErrorCode::unverified);
}

TEST_CASE("A log that was opened for another commune than the computer's is unverified",
          "[refusal]") {
  Pair pair;
  TestNode liar(2, unit_z, pair.hub);  // the key of a node of unit Y
  liar.create("in the name of another");
  const Bytes offers =
      request_changed(liar, [](ExchangeRequest& request) { request.feeds.clear(); });
  CHECK(refused_by(pair.hub, liar.device(), offers) == ErrorCode::unverified);
}

TEST_CASE("A run on an unknown base is asked for from its beginning", "[refusal]") {
  Pair pair;
  must_sync(pair.node, pair.hub);
  const RecordRef record = pair.node.create("more");
  pair.node.edit(record, "and more");
  // The hub lost this log's entries without a trace in the feeds (its disk, say).
  TestHub poor(1);
  poor.enrol(pair.node.device(), unit_y);
  const Bytes request =
      request_changed(pair.node, [](ExchangeRequest& message) { message.feeds.clear(); });
  const Result<Bytes> reply = poor.handle(pair.node.device(), request);
  REQUIRE(reply);
  const ExchangeReply message = *decode_reply(*unpack_frame(FrameKind::reply, *reply));
  REQUIRE(message.needs.size() == 1);
  CHECK(message.needs.front().from == 0);
  CHECK(poor.ledger.all_names().empty());

  pair.node.begin_session();
  REQUIRE(exchange_changed(pair.node, pair.hub, [&](ExchangeReply& honest) {
    honest = {};
    honest.needs = message.needs;
  }));
  const Bytes again = pair.node.request_frame();
  const ExchangeRequest whole = *decode_request(*unpack_frame(FrameKind::request, again));
  const Result<DecodedBatch> batch = decode_batch(whole.offers, decoder_for(pair.hub.ledger));
  REQUIRE(batch);
  CHECK(batch->runs.front().first == 0);
}

TEST_CASE("Parts that the hub never signed are not taken back", "[refusal]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  SeededRandom random(3);
  work(node, random, 12);
  must_sync(node, hub);
  hub.wipe();
  const auto spoil = [&](const std::function<void(ReturnedPart&)>& change) {
    TestNode liar = node;
    liar.begin_session();
    for (int i = 0; i < 3; ++i) {
      ExchangeRequest request =
          *decode_request(*unpack_frame(FrameKind::request, liar.request_frame()));
      for (ReturnedPart& part : request.returns) change(part);
      const Result<Bytes> reply =
          hub.handle(liar.device(), pack_frame(FrameKind::request, encode_message(request), {3}));
      if (!reply) return reply.error().code;
      REQUIRE(liar.take_reply_frame(*reply));
    }
    return ErrorCode::failed;
  };
  CHECK(spoil([](ReturnedPart& part) { part.head.root[0] ^= 1U; }) == ErrorCode::unverified);
  CHECK(spoil([](ReturnedPart& part) { part.from += 1; }) == ErrorCode::unverified);
  CHECK(spoil([](ReturnedPart& part) { part.proof.emplace_back(); }) == ErrorCode::unverified);
  CHECK(spoil([](ReturnedPart& part) {
          part.batch = encode_batch({{LogId{}, 0, {Bytes{1, 2}}}}, plain_encoder());
        }) == ErrorCode::unverified);
  CHECK(spoil([](ReturnedPart& part) {
          part.batch = encode_batch({{LogId{}, 0, {HeldRows{1}}}}, plain_encoder());
        }) == ErrorCode::malformed);
  CHECK(spoil([](ReturnedPart& part) { part.batch = {1}; }) == ErrorCode::malformed);
  CHECK(hub.ledger.all_names().empty());
}

TEST_CASE("A hub refuses what only newer protocols can read", "[refusal]") {
  Pair pair;
  const Bytes newer = request_changed(pair.node, [](ExchangeRequest& request) {
    request.versions = {2, 3, 9};
  });
  CHECK(refused_by(pair.hub, pair.node.device(), newer) == ErrorCode::refused);
  const Bytes both = request_changed(pair.node, [](ExchangeRequest& request) {
    request.versions = {1, 3, 9};
  });
  CHECK(pair.hub.handle(pair.node.device(), both));
}

}  // namespace tram::sync::test
