// Goal: a code lets in one computer of one commune, for its time, and nobody else.
// Method: requests are made as a node makes them, then changed, repeated and mixed up.
#include <catch2/catch.hpp>
#include <set>

#include "hub_folder.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::bao_lam_2;
using hub::test::blao;
using hub::test::enrolment_request;
using hub::test::HubFolder;
using hub::test::key_of;
using sync::ErrorCode;

namespace {

sync::EnrolmentReply reply_to(HubFolder& folder, const sync::EnrolmentCode& code,
                              const sync::Bytes& request) {
  const auto answer = folder.hub().enrol(request);
  if (!answer) FAIL(answer.error().message);
  const auto reply = sync::decode_enrolment_reply(
      *answer, sync::decode_enrolment_request(request).value(), code.key());
  REQUIRE(reply);
  return *reply;
}

std::string refusal(HubFolder& folder, const sync::EnrolmentCode& code, std::uint8_t key) {
  const auto answer = folder.hub().enrol(enrolment_request(code, key));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::refused);
  return answer.error().message;
}

ErrorCode code_error(HubFolder& folder, const std::string& unit, const std::string& url,
                     std::int64_t hours = 24, std::int64_t slot = 250) {
  const auto code = folder.hub().create_code(unit, url, hours, slot);
  REQUIRE_FALSE(code);
  return code.error().code;
}

}  // namespace

TEST_CASE("a code names the hub, its authority and how long it is good") {
  HubFolder folder;
  const std::int64_t now = folder.hub().clock().now().ms;
  const auto code = folder.hub().create_code(blao, "https://hub.example.vn:7443/", 48, 250);
  REQUIRE(code);
  CHECK(code->ticket.host == "hub.example.vn:7443");
  CHECK(code->ticket.fingerprint == http::fingerprint(folder.hub().province().authority()));
  CHECK(code->unit_name == "Phường B'Lao");
  CHECK(code->expires.ms >= now + 48 * 3'600'000LL);
  CHECK(code->expires.ms <= folder.hub().clock().now().ms + 48 * 3'600'000LL);
  CHECK(sync::EnrolmentTicket::parse(code->ticket.text())->host == code->ticket.host);
  CHECK(folder.code().ticket.code.text() != folder.code().ticket.code.text());
  // Neither code nor key stands where an operator's eye or a copy could find it.
  CHECK(folder.hub().hosts() == std::vector<std::string>{"hub.example.vn", "127.0.0.1"});
}

TEST_CASE("a code for nobody, or with an address that leads nowhere, is usage") {
  HubFolder folder;
  const std::string url = "https://hub.example.vn:7443";
  CHECK(code_error(folder, "99999", url) == ErrorCode::usage);
  CHECK(code_error(folder, "", url) == ErrorCode::usage);
  CHECK(code_error(folder, "province", url) == ErrorCode::usage);
  CHECK(code_error(folder, "00004", url) == ErrorCode::usage);
  for (const char* bad :
       {"", "https://", "http://hub.example.vn", "https://hub.example.vn/sync", "https://:7443",
        "https://user@hub.example.vn", "https://hub.example.vn:", "https://hub.example.vn:99999",
        "https://hub example.vn", "https://hub\n.vn", "https://hub_1.example.vn", "https://[::1",
        "https://[:::]:7443", "ftp://hub.example.vn", "https://hub.example.vn//"}) {
    CAPTURE(bad);
    CHECK(code_error(folder, blao, bad) == ErrorCode::usage);
  }
  CHECK(code_error(folder, blao, url, -1) == ErrorCode::usage);
  CHECK(code_error(folder, blao, url, INT64_MAX) == ErrorCode::usage);
  CHECK(code_error(folder, blao, url, 24, -1) == ErrorCode::usage);
  CHECK(code_error(folder, blao, url, 24, 10'000) == ErrorCode::usage);
  CHECK(folder.hub().hosts().empty());
  for (const char* good : {"hub.example.vn", "https://203.0.113.7:7443/", "https://[::1]:7443"}) {
    CAPTURE(good);
    CHECK(folder.hub().create_code(blao, good, 24, 250));
  }
  CHECK(folder.hub().province().issue_server(folder.hub().hosts(), folder.hub().clock().now()));
}

TEST_CASE("a computer gets its commune, a certificate for its key, and a row") {
  HubFolder folder;
  const NewCode code = folder.code(bao_lam_2);
  const auto reply = reply_to(folder, code.ticket.code,
                              enrolment_request(code.ticket.code, 1, "Ma\u0301y qu\u1ea7y"));
  CHECK(reply.unit == bao_lam_2);
  CHECK(reply.unit_name == "Xã Bảo Lâm 2");
  CHECK(reply.province == "68");
  CHECK(reply.authority == folder.hub().province().authority());
  CHECK(reply.hub_key == folder.hub().province().hub_key().public_key());
  CHECK(reply.recovery_key == folder.hub().province().recovery_key());
  CHECK(http::check_issued_by(reply.certificate, reply.authority));
  const auto certificate = http::parse_certificate(reply.certificate);
  REQUIRE(certificate);
  CHECK(certificate->public_key == sync::to_bytes(key_of(1)));
  CHECK(certificate->common_name == device_id(key_of(1)));
  const std::vector<Device> devices = folder.devices();
  REQUIRE(devices.size() == 1);
  CHECK(devices[0].id == device_id(key_of(1)));
  CHECK(devices[0].key == key_of(1));
  CHECK(devices[0].unit == bao_lam_2);
  CHECK(devices[0].label == "Máy quầy");
  CHECK(devices[0].state == "active");
  CHECK(devices[0].slot_first == 1);
  CHECK(devices[0].slot_last == 250);
  folder.check_verified();
}

TEST_CASE("a wrong code lets nobody in") {
  HubFolder folder;
  const NewCode code = folder.code();
  CHECK_THAT(refusal(folder, sync::EnrolmentCode::draw(folder.hub().random()), 1),
             Catch::Contains("wrong"));
  // The id of one code with the key of another.
  const NewCode other = folder.code();
  auto request = sync::decode_enrolment_request(enrolment_request(code.ticket.code, 1)).value();
  const auto mixed = folder.hub().enrol(sync::encode_enrolment(request, other.ticket.code.key()));
  REQUIRE_FALSE(mixed);
  CHECK_THAT(mixed.error().message, Catch::Contains("wrong"));
  CHECK(folder.devices().empty());
}

TEST_CASE("a request that was changed anywhere lets nobody in, and costs the code nothing") {
  HubFolder folder;
  const NewCode code = folder.code();
  const sync::Bytes request = enrolment_request(code.ticket.code, 1, "Máy quầy");
  for (std::size_t at = 0; at < request.size(); ++at) {
    CAPTURE(at);
    sync::Bytes changed = request;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1U);
    CHECK_FALSE(folder.hub().enrol(changed));
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, request.size() - 1}) {
    const sync::Bytes cut(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(folder.hub().enrol(cut).error().code == ErrorCode::malformed);
  }
  CHECK(folder.devices().empty());
  static_cast<void>(reply_to(folder, code.ticket.code, request));
  CHECK(folder.devices().size() == 1);
}

TEST_CASE("an expired code is refused") {
  HubFolder folder;
  const NewCode expired = folder.code(blao, 250, 0);
  while (folder.hub().clock().now() <= expired.expires) {
  }
  CHECK_THAT(refusal(folder, expired.ticket.code, 1), Catch::Contains("expired"));
  CHECK(folder.devices().empty());
}

TEST_CASE("the same computer may ask again, and stays one") {
  HubFolder folder;
  const NewCode code = folder.code();
  const sync::Bytes request = enrolment_request(code.ticket.code, 1);
  const auto first = reply_to(folder, code.ticket.code, request);
  folder.reopen();
  const auto second = reply_to(folder, code.ticket.code, request);
  CHECK(first.unit == second.unit);
  CHECK(http::parse_certificate(second.certificate)->public_key == sync::to_bytes(key_of(1)));
  CHECK(folder.devices().size() == 1);
  // Its answer was lost, its code had gone out of date: a second one finds the same computer.
  const NewCode another = folder.code();
  static_cast<void>(
      reply_to(folder, another.ticket.code, enrolment_request(another.ticket.code, 1)));
  CHECK(folder.devices().size() == 1);
  CHECK_THAT(refusal(folder, another.ticket.code, 2), Catch::Contains("used"));
}

TEST_CASE("another computer with the same code is refused, and told of") {
  HubFolder folder;
  const NewCode code = folder.code();
  static_cast<void>(reply_to(folder, code.ticket.code, enrolment_request(code.ticket.code, 1)));
  CHECK_THAT(refusal(folder, code.ticket.code, 2), Catch::Contains("used"));
  CHECK(folder.devices().size() == 1);
}

TEST_CASE("a computer of one commune is not let into another") {
  HubFolder folder;
  const NewCode code = folder.code(blao);
  static_cast<void>(reply_to(folder, code.ticket.code, enrolment_request(code.ticket.code, 1)));
  const NewCode other = folder.code(bao_lam_2);
  CHECK_THAT(refusal(folder, other.ticket.code, 1), Catch::Contains("another commune"));
  REQUIRE(folder.devices().size() == 1);
  CHECK(folder.devices().front().unit == blao);
}

TEST_CASE("a label that could be no name is refused") {
  HubFolder folder;
  const NewCode code = folder.code();
  for (const char* label : {"a\nb", "a\x1b[2J", "\xff"}) {
    const auto answer = folder.hub().enrol(enrolment_request(code.ticket.code, 1, label));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::malformed);
  }
  CHECK(folder.devices().empty());
}

TEST_CASE("slots of one commune never overlap, whatever their sizes") {
  HubFolder folder;
  const std::int64_t sizes[] = {250, 100, 0, 9'000, 50, 500, 99, 1, 1};
  std::uint8_t key = 1;
  for (const std::int64_t size : sizes) {
    const NewCode code = folder.code(blao, size);
    static_cast<void>(reply_to(folder, code.ticket.code, enrolment_request(code.ticket.code, key)));
    if (key == 2) REQUIRE(folder.hub().revoke(device_id(key_of(2))));
    ++key;
  }
  const NewCode other = folder.code(bao_lam_2, 250);
  static_cast<void>(reply_to(folder, other.ticket.code, enrolment_request(other.ticket.code, key)));
  std::set<std::int64_t> numbers;
  std::int64_t given = 0;
  for (const Device& device : folder.devices()) {
    if (device.unit != blao) {
      CHECK(device.slot_first == 1);
      continue;
    }
    if (device.slot_first == 0) continue;
    CHECK(device.slot_last <= 9'999);
    for (std::int64_t n = device.slot_first; n <= device.slot_last; ++n) {
      CHECK(numbers.insert(n).second);
      ++given;
    }
  }
  CHECK(given == 250 + 100 + 9'000 + 50 + 500 + 99);
}

TEST_CASE("a computer is revoked once and for all") {
  HubFolder folder;
  const NewCode code = folder.code();
  static_cast<void>(reply_to(folder, code.ticket.code, enrolment_request(code.ticket.code, 1)));
  const std::string id = device_id(key_of(1));
  CHECK(folder.hub().revoke("0123").error().code == ErrorCode::not_found);
  CHECK(folder.hub().revoke("").error().code == ErrorCode::not_found);
  const std::string own = device_id(folder.hub().province().hub_key().public_key());
  CHECK(folder.hub().revoke(own).error().code == ErrorCode::not_found);
  REQUIRE(folder.hub().revoke(id));
  CHECK(folder.devices().front().state == "revoked");
  std::uint64_t size = 0;
  folder.read([&](const store::ReadUnit& unit) { size = unit.feed_size(sync::province_feed); });
  CHECK(folder.hub().revoke(id));
  folder.read(
      [&](const store::ReadUnit& unit) { CHECK(unit.feed_size(sync::province_feed) == size); });
  folder.reopen();
  CHECK(folder.devices().front().state == "revoked");
  // Neither the old code nor a new one brings the key back.
  CHECK_THAT(refusal(folder, code.ticket.code, 1), Catch::Contains("revoked"));
  CHECK_THAT(refusal(folder, folder.code().ticket.code, 1), Catch::Contains("revoked"));
  folder.check_verified();
}
