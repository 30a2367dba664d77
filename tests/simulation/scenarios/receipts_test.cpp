// Goal: trace M15: what a receipt is worth, and who may read (promises A, H, K).
// Method: hubs that went back, cuts after each frame, and computers without a row.
#include <algorithm>

#include "schema/field.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

/// The entry that writes the notes of a new dossier.
sync::Name must_write(Province& province, Member& member, const std::string& notes) {
  return must_note(province, member, must_create(province, member, "X"), notes);
}

}  // namespace

TEST_CASE("trace M15: receipts of a hub that went back are void, and shown so, until it is back") {
  OneDesk desk;
  Province& province = desk.province;
  Member& node = desk.node;
  const Snapshot old = desk.hub_level_with(node);
  for (int i = 0; i < 30; ++i) desk.note("lost " + std::to_string(i));
  desk.must_sync(node);
  CHECK(synced_shown(node));
  province.restore_hub(old);
  std::uint64_t void_receipts = 0;
  bool was_cut = false;
  const SessionReport report = watch_session(province, node, [&] {
    void_receipts = std::max(void_receipts, pending_shown(node));
    CHECK(synced_shown(node) == node.machine->session_done());
    if (pending_shown(node) == 0 || was_cut) return;
    // The power goes in the middle: what the node has learnt by then stays on its screen.
    was_cut = true;
    province.crash(node, Stop::power_cut);
    CHECK(pending_shown(node) == 30);
    CHECK_FALSE(synced_shown(node));
    REQUIRE(node.machine->begin_session());
  });
  CHECK(was_cut);
  CHECK(void_receipts == 30);
  CHECK(report.hub_went_back);
  CHECK(report.synced);
  CHECK(pending_shown(node) == 0);
  CHECK(synced_shown(node));
  desk.must_come_to_rest();
}

TEST_CASE("trace M15: after a cut the next exchange asks first, and sends nothing twice") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& node = province.add_node(unit_y);
  scenario.must_sync(node);
  Dice dice(3);
  const auto record = must_create(province, node, "X");
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(must_note(province, node, record, long_text(dice, 15'000)));
  }
  const sync::Bytes large = first_frame(node);
  REQUIRE(large.size() > 50'000);
  static_cast<void>(answer_to(province, node, large));  // committed; the answer is lost
  const sync::Bytes asks = first_frame(node);
  CHECK(asks.size() < 1000);
  REQUIRE(province.at_node(node, answer_to(province, node, asks), province.hub_era));
  CHECK(pending_shown(node) == 0);
  // And where it did not arrive, it is sent again after the question.
  static_cast<void>(must_note(province, node, record, long_text(dice, 15'000)));
  const sync::Bytes lost = first_frame(node);
  CHECK(lost.size() > 5'000);
  CHECK(first_frame(node).size() < 1000);
  scenario.must_sync(node);
  scenario.must_come_to_rest();
}

TEST_CASE("trace M15: one signed head a frame: a cut after any frame keeps what came before it") {
  OneDesk desk;
  Province& province = desk.province;
  Member& node = desk.node;
  Dice dice(5);
  for (int i = 0; i < 40; ++i) desk.note(long_text(dice, 16'000));
  std::uint64_t pending = pending_shown(node);
  std::size_t frames = 0;
  while (pending != 0 && frames < 20) {
    // A session of one frame, and the computer goes off.
    REQUIRE(province.at_node(node, answer_to(province, node, first_frame(node)), province.hub_era));
    ++frames;
    province.crash(node, Stop::power_cut);
    CHECK(pending_shown(node) < pending);
    pending = pending_shown(node);
    CHECK(ask(*node.machine, [](const store::ReadUnit& unit) {
      const auto head = unit.newest_head(unit_y);
      return head && head->size == unit.feed_size(unit_y);
    }));
  }
  CHECK(frames >= 3);
  CHECK(pending == 0);
  desk.must_come_to_rest();
}

TEST_CASE("trace M15: a computer whose row the hub lost hands in, and reads once the row is back") {
  LateEnrolment all(unit_y);
  Province& province = all.province;
  Member& node = all.late;
  const sync::Name written = must_write(province, node, "mine");
  all.must_sync(node);
  province.restore_hub(all.old);
  static_cast<void>(must_create(province, all.known, "not for strangers"));
  all.must_sync(all.known);
  REQUIRE_FALSE(province.hub.knows(node.machine->device()));
  // Its own copy of the province feed has its enrolment, under the hub's old signature.
  static_cast<void>(province.synchronise(node));
  CHECK(province.hub.knows(node.machine->device()));
  all.must_sync(node);
  CHECK(holds_bytes(province.hub, written));
  all.must_come_to_rest();
}

TEST_CASE("trace M15: a computer that nobody remembers reads nothing until it is let in") {
  LateEnrolment all(unit_y);
  Province& province = all.province;
  Member& node = all.late;
  const sync::Name written = must_write(province, node, "mine");
  province.restore_hub(all.old);  // before any machine heard of it
  const auto secret = must_write(province, all.known, "secret");
  all.must_sync(all.known);
  const SessionReport report = province.synchronise(node);
  CHECK_FALSE(report.synced);
  CHECK_FALSE(synced_shown(node));
  CHECK_FALSE(holds(*node.machine, secret));
  CHECK(pending_shown(node) == 2);
  REQUIRE(province.hub.enrol(node.machine->device(), unit_y));
  all.must_sync(node);
  CHECK(holds(*node.machine, secret));
  CHECK(holds_bytes(province.hub, written));
  all.must_come_to_rest();
}

TEST_CASE("trace M15: scope comes from the hub's row: another commune's feed is refused") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& y = province.add_node(unit_y);
  Member& z = province.add_node(unit_z);
  const auto secret = must_write(province, z, "secret");
  REQUIRE(province.synchronise_all());
  const auto message = sync::unpack_frame(sync::FrameKind::request, first_frame(y));
  REQUIRE(message);
  auto request = sync::decode_request(*message);
  REQUIRE(request);
  const auto answer_to_forged = [&](const std::function<void(sync::ExchangeRequest&)>& forge) {
    sync::ExchangeRequest forged = *request;
    forge(forged);
    return province
        .at_hub({{y.machine->device(),
                  sync::pack_frame(sync::FrameKind::request, sync::encode_message(forged))}})
        .front();
  };
  const auto states_z = answer_to_forged([](sync::ExchangeRequest& forged) {
    forged.feeds = {{unit_z, {}, 0, {}}};
  });
  REQUIRE_FALSE(states_z);
  CHECK(states_z.error().code == sync::ErrorCode::refused);
  // Nor by a name that leaked: the bytes are not given out.
  const auto wants_it =
      answer_to_forged([&](sync::ExchangeRequest& forged) { forged.wants = {secret}; });
  REQUIRE(wants_it);
  const auto reply = sync::decode_reply(*sync::unpack_frame(sync::FrameKind::reply, *wants_it));
  REQUIRE(reply);
  CHECK(reply->fills.empty());
  scenario.must_come_to_rest();
}

TEST_CASE("trace M15: a revoked computer reads nothing more") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& stolen = province.add_node(unit_y);
  Member& other = province.add_node(unit_y);
  REQUIRE(province.synchronise_all());
  REQUIRE(province.hub.revoke(stolen.machine->device()));
  const auto secret = must_write(province, other, "secret");
  scenario.must_sync(other);
  const SessionReport report = province.synchronise(stolen);
  REQUIRE_FALSE(report.status);
  CHECK(report.status.error().code == sync::ErrorCode::refused);
  CHECK_FALSE(holds(*stolen.machine, secret));
  province.retire(stolen);
  scenario.must_come_to_rest();
}

TEST_CASE("trace M15: a revocation that the hub lost comes back with the first honest contact") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& stolen = province.add_node(unit_y);
  Member& other = province.add_node(unit_z);
  REQUIRE(province.synchronise_all());
  const Snapshot old = province.snapshot_hub();
  REQUIRE(province.hub.revoke(stolen.machine->device()));
  scenario.must_sync(other);
  province.restore_hub(old);
  REQUIRE(province.hub.knows(stolen.machine->device()));
  CHECK(scenario.must_sync(other).hub_went_back);
  CHECK(device_of(province, stolen).state == "revoked");
  CHECK_FALSE(province.synchronise(stolen).status);
  province.retire(stolen);
  scenario.must_come_to_rest();
}

}  // namespace tram::simulation
