// Goal: fault 48 without witnesses, and W4: a dishonest or stale hub is found out by what a node
// holds, and changes nothing there (promises F, K). Method: the hub's answers are changed on their
// way, with its own key where an operator could; hubs of several histories under one key.
#include <algorithm>

#include "node/contact.hpp"
#include "sync/feed/head.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

using Forgery = std::function<void(sync::FeedAnswer&)>;

/// What a node holds and believes about its feed.
struct Belief {
  std::uint64_t size = 0;
  sync::Digest root{};
  std::optional<sync::SignedHead> receipt;
  std::uint64_t heads = 0;
  std::uint64_t pending = 0;
  friend bool operator==(const Belief&, const Belief&) = default;
};

Belief belief_of(Member& member) {
  return ask(*member.machine, [](const store::ReadUnit& unit) {
    const std::uint64_t size = unit.feed_size(unit_y);
    return Belief{size, unit.feed_root(unit_y, size), unit.newest_head(unit_y),
                  unit.heads(unit_y, 1000).size(), unit.counts(unit_y).pending_entries};
  });
}

/// The answer with what it says about the commune's feed changed.
sync::Bytes forged(const sync::Bytes& frame, const Forgery& forge) {
  const auto message = sync::unpack_frame(sync::FrameKind::reply, frame);
  REQUIRE(message);
  auto reply = sync::decode_reply(*message);
  REQUIRE(reply);
  for (sync::FeedAnswer& answer : reply->feeds) {
    if (answer.feed == unit_y) forge(answer);
  }
  return sync::pack_frame(sync::FrameKind::reply, sync::encode_message(*reply));
}

/// A session in which the hub lies in each answer; it must end, and by itself.
SessionReport session_with(Province& province, Member& member, const Forgery& forge) {
  SessionReport report;
  report.status = member.machine->begin_session();
  while (report.status && !member.machine->session_done() && report.exchanges < 50) {
    const auto frame = member.machine->next_frame();
    REQUIRE(frame);
    report.status = member.machine->take_frame(forged(answer_to(province, member, *frame), forge));
    ++report.exchanges;
  }
  CHECK(report.exchanges < 50);
  report.synced = report.status && member.machine->session().synced();
  return report;
}

/// One computer is level, another has written: the next answer brings something.
struct Hub48 : Scenario {
  Hub48() {
    record = must_create(province, a, "X");
    must_sync(a);
    must_sync(b);
    news = hand_in(b, "news for a");
  }
  sync::Name hand_in(Member& member, const std::string& text) {
    const sync::Name written = must_note(province, member, record, text);
    must_sync(member);
    return written;
  }
  Member& a = province.add_node(unit_y);
  Member& b = province.add_node(unit_y);
  sync::RecordRef record;
  sync::Name news{};
};

/// Two heads that the hub signed for one size of one feed: proof for anybody who has its key.
bool are_proof(const sync::PublicKey& hub, const sync::SignedHead& one,
               const sync::SignedHead& other) {
  return sync::verify_head(hub, one) && sync::verify_head(hub, other) && one.feed == other.feed &&
         one.size == other.size && one.root != other.root;
}

std::vector<sync::SignedHead> heads_of(Member& member) {
  return ask(*member.machine, [](const store::ReadUnit& unit) { return unit.heads(unit_y, 1000); });
}

}  // namespace

TEST_CASE("fault 48: no part of a signed head can be changed, nor made to say something else") {
  Hub48 world;
  const sync::SigningKey& hub = world.province.hub.key();
  const sync::SigningKey stranger = signing_key(48);
  const std::vector<std::function<void(sync::SignedHead&)>> lies{
      [](sync::SignedHead& head) { head.root[5] ^= 1U; },
      [](sync::SignedHead& head) { ++head.size; },
      [](sync::SignedHead& head) { --head.size; },
      [](sync::SignedHead& head) { head.base_size = head.size + 1; },
      [](sync::SignedHead& head) { head.base_root[0] ^= 0x80U; },
      [](sync::SignedHead& head) { head.feed = unit_z; },
      [](sync::SignedHead& head) { head.epoch[0] ^= 1U; },
      [](sync::SignedHead& head) { head.hub_time.ms += day_ms; },
      [](sync::SignedHead& head) { head.signature[9] ^= 1U; },
  };
  constexpr std::size_t signed_lies = 6;  // the last ones are the hub's to say
  std::vector<Forgery> forgeries;
  for (std::size_t i = 0; i < lies.size(); ++i) {
    forgeries.push_back([&lies, i](sync::FeedAnswer& answer) {
      if (answer.head) lies[i](*answer.head);
    });
    if (i < signed_lies) {
      forgeries.push_back([&lies, &hub, i](sync::FeedAnswer& answer) {
        if (!answer.head) return;
        lies[i](*answer.head);
        answer.head = sync::sign_head(hub, *answer.head);
      });
    }
  }
  forgeries.push_back([&](sync::FeedAnswer& answer) {
    if (answer.head) answer.head = sync::sign_head(stranger, *answer.head);
  });
  forgeries.push_back([](sync::FeedAnswer& answer) { answer.head.reset(); });
  forgeries.push_back([](sync::FeedAnswer& answer) { answer.batch.clear(); });
  const Belief before = belief_of(world.a);
  for (std::size_t i = 0; i < forgeries.size(); ++i) {
    INFO("forgery " << i);
    const SessionReport report = session_with(world.province, world.a, forgeries[i]);
    REQUIRE_FALSE(report.status);
    const sync::ErrorCode code = report.status.error().code;
    CHECK((code == sync::ErrorCode::unverified || code == sync::ErrorCode::malformed));
    CHECK(belief_of(world.a) == before);
    CHECK_FALSE(holds(*world.a.machine, world.news));
  }
  world.must_come_to_rest();
  CHECK(holds(*world.a.machine, world.news));
}

TEST_CASE("fault 48: no bit of what the hub hands out can be rewritten under its head") {
  Hub48 world;
  const Belief before = belief_of(world.a);
  std::size_t bits = 1;
  for (std::size_t at = 0; at < bits; at += 3) {
    REQUIRE(world.a.machine->begin_session());
    const auto frame = world.a.machine->next_frame();
    REQUIRE(frame);
    const sync::Bytes lie =
        forged(answer_to(world.province, world.a, *frame), [&](sync::FeedAnswer& answer) {
          bits = answer.batch.size() * 8;
          answer.batch[at / 8] ^= static_cast<std::uint8_t>(1U << (at % 8));
        });
    static_cast<void>(world.a.machine->take_frame(lie));  // refused, or asked for in plain form
    INFO("bit " << at);
    REQUIRE(belief_of(world.a) == before);
    REQUIRE_FALSE(holds(*world.a.machine, world.news));
  }
  CHECK(bits > 300);
  world.must_come_to_rest();
}

TEST_CASE("fault 48: a hub that leaves an entry out cannot make its author believe it is there") {
  Hub48 world;
  world.must_sync(world.a);
  const Belief before = belief_of(world.a);
  const sync::Name kept_back = must_note(world.province, world.a, world.record, "kept back");
  // "I have nothing new": the entry is never put under a head.
  const SessionReport report = session_with(world.province, world.a, [&](sync::FeedAnswer& answer) {
    answer = {unit_y, sync::FeedAnswer::Kind::agrees, before.size, before.size, {}, {}};
  });
  CHECK_FALSE(report.synced);
  CHECK(pending_shown(world.a) == 1);
  CHECK_FALSE(synced_shown(world.a));
  world.must_come_to_rest();
  CHECK(stands_in(world.province.hub, unit_y, kept_back));
}

TEST_CASE("fault 48: a hub that rewrites its history is caught by any node that knew the other") {
  Hub48 world;
  Province& province = world.province;
  const Snapshot base = world.hub_level_with(world.a);
  const sync::Name removed = world.hand_in(world.a, "to be forgotten");
  // The operator puts an older disk in, and another entry where that one stood.
  province.restore_hub(base);
  const sync::Name instead = world.hand_in(world.b, "in its place");
  CHECK(world.must_sync(world.a).hub_went_back);
  CHECK(ask(*world.a.machine,
            [](const store::ReadUnit& unit) { return node::last_contact(unit)->hub_went_back; }));
  // Offline, with nothing but its own disk, it can show what the hub signed.
  const std::vector<sync::SignedHead> heads = heads_of(world.a);
  const bool proof = std::any_of(heads.begin(), heads.end(), [&](const auto& one) {
    return std::any_of(heads.begin(), heads.end(), [&](const auto& other) {
      return are_proof(province.hub.public_key(), one, other);
    });
  });
  CHECK(proof);
  CHECK(stands_in(province.hub, unit_y, removed));
  CHECK(stands_in(province.hub, unit_y, instead));
  world.must_come_to_rest();
}

// Each alone sees nothing wrong: to find it at once needs the witnesses that do not exist yet.
TEST_CASE("fault 48: two views under one key are proved by two disks, and end where they meet") {
  Hub48 world;
  Province& province = world.province;
  const Snapshot base = world.hub_level_with(world.a);
  const sync::Name of_a = world.hand_in(world.a, "a's view");
  Snapshot view_of_a = province.snapshot_hub();
  province.restore_hub(base);
  const sync::Name of_b = world.hand_in(world.b, "b's view");
  Snapshot view_of_b = province.snapshot_hub();
  for (int i = 0; i < 3; ++i) {
    province.restore_hub(view_of_a);
    CHECK_FALSE(world.must_sync(world.a).hub_went_back);
    view_of_a = province.snapshot_hub();
    province.restore_hub(view_of_b);
    CHECK_FALSE(world.must_sync(world.b).hub_went_back);
    view_of_b = province.snapshot_hub();
  }
  CHECK_FALSE(holds(*world.a.machine, of_b));
  CHECK_FALSE(holds(*world.b.machine, of_a));
  const Belief a = belief_of(world.a);
  const Belief b = belief_of(world.b);
  REQUIRE(a.receipt);
  REQUIRE(b.receipt);
  CHECK(are_proof(province.hub.public_key(), *a.receipt, *b.receipt));
  // One slip of the operator, and it is known; nothing of either is lost.
  CHECK(world.must_sync(world.a).hub_went_back);
  CHECK(stands_in(province.hub, unit_y, of_a));
  CHECK(stands_in(province.hub, unit_y, of_b));
  world.must_come_to_rest();
  CHECK(holds(*world.b.machine, of_a));
  CHECK(province.oracle.gone() == 0);
}

TEST_CASE("trace W4: answers of nine days, two epochs and a rewind ago lower nothing") {
  Hub48 world;
  Province& province = world.province;
  std::vector<sync::Bytes> old_answers;
  const auto work = [&](Member& member, int step) {
    static_cast<void>(must_note(province, member, world.record, std::to_string(step)));
    REQUIRE(member.machine->begin_session());
    while (!member.machine->session_done()) {
      const auto frame = member.machine->next_frame();
      REQUIRE(frame);
      const sync::Bytes answer = answer_to(province, member, *frame);
      if (&member == &world.a) old_answers.push_back(answer);
      REQUIRE(province.at_node(member, answer, province.hub_era));
    }
    province.time.pass(day_ms);
  };
  for (int step = 0; step < 9; ++step) {
    work(step % 3 == 2 ? world.b : world.a, step);
    if (step == 5) province.crash_hub(Stop::in_order);
  }
  const Snapshot older = province.snapshot_hub();
  work(world.a, 10);
  province.restore_hub(older);
  work(world.b, 11);
  work(world.a, 12);
  world.must_sync(world.a);
  static_cast<void>(must_note(province, world.a, world.record, "waits"));
  const Belief before = belief_of(world.a);
  REQUIRE(before.pending == 1);
  REQUIRE(old_answers.size() >= 10);
  for (const sync::Bytes& late : old_answers) {
    static_cast<void>(first_frame(world.a));
    static_cast<void>(world.a.machine->take_frame(late));
    const Belief after = belief_of(world.a);
    CHECK(after.size == before.size);
    CHECK(after.root == before.root);
    CHECK(after.receipt == before.receipt);
    CHECK(after.pending == 1);
    CHECK_FALSE(synced_shown(world.a));
  }
  world.must_come_to_rest();
  CHECK(pending_shown(world.a) == 0);
}

}  // namespace tram::simulation
