// Goal: a hub that is restored to an older copy gets back by itself all that a node still has.
// Method: the closed folder is copied away and put back, with the node's work in between.
#include <algorithm>
#include <catch2/catch.hpp>

#include "hub_folder.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::bao_lam_2;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::enrolment_request;
using hub::test::HubFolder;
using hub::test::key_of;
using hub::test::morning;
using hub::test::Session;
using hub::test::start;
using hub::test::update_line;
using sync::ErrorCode;

namespace {

const std::string code = "H36.49-250701-0001";
const std::string code2 = "H36.49-250701-0002";

Session synchronise(HubFolder& hub, Computer& computer) {
  auto exchanges = start(hub);
  Session session = computer.synchronise(*exchanges);
  if (!session.status) FAIL(session.status.error().message);
  return session;
}

class Copy {
 public:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "copy"; }

 private:
  tram::test::TempDir folder_{tram::test::TempDir::fast_parent()};
};

}  // namespace

TEST_CASE("entries that a restore lost come back from a node") {
  HubFolder hub;
  const Copy copy;
  Computer computer(hub, 1);
  computer.import({create_line(code, morning)});
  CHECK(synchronise(hub, computer).synced);
  hub.save_to(copy.path());
  computer.import(
      {create_line(code2, morning), update_line(code, morning + 1, R"("status":"dang_xu_ly")")});
  CHECK(synchronise(hub, computer).synced);
  const std::string state = hub.exported(blao);
  hub.restore_from(copy.path());
  CHECK(hub.exported(blao) != state);
  const Session session = synchronise(hub, computer);
  CHECK(session.synced);
  CHECK(session.went_back);
  CHECK(hub.exported(blao) == state);
  CHECK(computer.exported() == state);
  CHECK_FALSE(synchronise(hub, computer).went_back);
  hub.check_verified();
}

TEST_CASE("a computer whose enrolment was lost brings it back, and may work again") {
  HubFolder hub;
  const Copy copy;
  hub.save_to(copy.path());
  Computer computer(hub, 1);
  computer.import({create_line(code, morning), create_line(code2, morning)});
  CHECK(synchronise(hub, computer).synced);
  const std::string state = hub.exported(blao);
  hub.restore_from(copy.path());
  CHECK(hub.devices().empty());
  computer.import({update_line(code, morning + 1, R"("status":"dang_xu_ly")")});

  const Session session = synchronise(hub, computer);
  CHECK(session.went_back);
  REQUIRE(hub.devices().size() == 1);
  CHECK(hub.devices().front().key == computer.key());
  CHECK(hub.devices().front().state == "active");
  CHECK(synchronise(hub, computer).synced);
  CHECK(hub.exported(blao) == computer.exported());
  CHECK_THAT(hub.exported(blao), Catch::Contains("dang_xu_ly"));
  CHECK(computer.pending() == 0);
  hub.check_verified();
}

TEST_CASE("a computer without a row that has nothing of the hub's gets nothing") {
  HubFolder hub;
  const Copy copy;
  hub.save_to(copy.path());
  Computer computer(hub, 1);
  computer.import({create_line(code, morning)});
  hub.restore_from(copy.path());
  auto exchanges = start(hub);
  const Session session = computer.synchronise(*exchanges);
  CHECK_FALSE(session.synced);
  CHECK(session.counts.received_entries == 0);
  CHECK(computer.pending() == 1);
  CHECK(hub.devices().empty());
  CHECK(hub.exported(blao).empty());
}

TEST_CASE("a revocation that a restore lost holds again once a node brings it") {
  HubFolder hub;
  const Copy copy;
  Computer thief(hub, 1);
  Computer witness(hub, 2);
  CHECK(synchronise(hub, thief).synced);
  hub.save_to(copy.path());
  REQUIRE(hub.hub().revoke(thief.id()));
  CHECK(synchronise(hub, witness).synced);
  hub.restore_from(copy.path());
  CHECK(synchronise(hub, witness).went_back);
  auto exchanges = start(hub);
  const Session session = thief.synchronise(*exchanges);
  REQUIRE_FALSE(session.status);
  CHECK(session.status.error().code == ErrorCode::refused);
}

TEST_CASE("a code that was used before the restore is not good for another computer after it") {
  HubFolder hub;
  const Copy copy;
  const NewCode used = hub.code();
  hub.save_to(copy.path());
  REQUIRE(hub.hub().enrol(enrolment_request(used.ticket.code, 1)));
  Computer witness(hub, 2, bao_lam_2);
  CHECK(synchronise(hub, witness).synced);
  hub.restore_from(copy.path());
  CHECK(synchronise(hub, witness).went_back);
  const auto second = hub.hub().enrol(enrolment_request(used.ticket.code, 3));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::refused);
  CHECK_THAT(second.error().message, Catch::Contains("used"));
  // The computer that it was used for is still served, and stays one.
  CHECK(hub.hub().enrol(enrolment_request(used.ticket.code, 1)));
  CHECK(hub.devices().size() == 2);
}

TEST_CASE("a computer that enrolled twice around a restore is one, and is revoked as one") {
  HubFolder hub;
  const Copy copy;
  const NewCode used = hub.code();
  hub.save_to(copy.path());
  REQUIRE(hub.hub().enrol(enrolment_request(used.ticket.code, 1)));
  Computer witness(hub, 2);
  CHECK(synchronise(hub, witness).synced);
  hub.restore_from(copy.path());
  REQUIRE(hub.hub().enrol(enrolment_request(used.ticket.code, 1)));
  // The first session ends when the witness has its own row back, the second is an ordinary one.
  CHECK(synchronise(hub, witness).status);
  CHECK(synchronise(hub, witness).synced);
  const std::string id = device_id(key_of(1));
  const std::vector<Device> before = hub.devices();
  CHECK(std::count_if(before.begin(), before.end(),
                      [&](const Device& device) { return device.id == id; }) == 2);
  REQUIRE(hub.hub().revoke(id));
  for (const Device& device : hub.devices()) {
    if (device.id == id) CHECK(device.state == "revoked");
  }
  hub.check_verified();
}
