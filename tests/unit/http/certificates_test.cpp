// Goal: what we issue says what it should, and nothing that does not fit is taken.
// Method: issue, parse again, and bend requests and certificates in every way we can think of.
#include "http/certificates.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "province.hpp"

using namespace tram;
using sync::ErrorCode;

namespace {

constexpr std::int64_t day_ms = 86'400'000;
const sync::Instant noon{1'795'226'400'000};

http::KeyPair new_key(http::KeyKind kind = http::KeyKind::ed25519) {
  return std::move(http::KeyPair::generate(kind).value());
}

bool has(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE("keys survive their forms") {
  const auto key = new_key();
  const auto again = http::KeyPair::from_pem(key.to_pem()->text());
  REQUIRE(again);
  CHECK(again->public_key().value() == key.public_key().value());
  const auto from_seed = http::KeyPair::from_seed(key.seed()->view());
  CHECK(from_seed->public_key().value() == key.public_key().value());
  CHECK(http::KeyPair::from_seed(sync::Bytes(31)).error().code == ErrorCode::malformed);
  CHECK(http::KeyPair::from_pem("nonsense").error().code == ErrorCode::malformed);
  const auto browser = new_key(http::KeyKind::p256);
  CHECK(browser.kind() == http::KeyKind::p256);
  CHECK(http::KeyPair::from_pem(browser.to_pem()->text())->kind() == http::KeyKind::p256);
  CHECK(browser.public_key().error().code == ErrorCode::usage);
  CHECK(browser.seed().error().code == ErrorCode::usage);
}

TEST_CASE("an authority is one, and signs itself") {
  for (const auto kind : {http::KeyKind::ed25519, http::KeyKind::p256}) {
    const auto key = new_key(kind);
    const auto der = http::make_authority(key, "Tỉnh Đắk Lắk", noon, 10).value();
    const auto info = http::parse_certificate(der).value();
    CHECK(info.common_name == "Tỉnh Đắk Lắk");
    CHECK(info.authority);
    CHECK(info.self_signed);
    CHECK(info.not_before.ms == noon.ms - 3'600'000);
    CHECK(info.not_after.ms == noon.ms + 3652 * day_ms);
    CHECK(http::check_issued_by(der, der));
  }
  CHECK(http::make_authority(new_key(), "", noon, 10).error().code == ErrorCode::usage);
  CHECK(http::make_authority(new_key(), std::string(65, 'x'), noon, 10).error().code ==
        ErrorCode::usage);
}

TEST_CASE("certificates carry names, dates and keys") {
  const auto key = new_key();
  const auto authority = http::make_authority(key, "A", noon, 10).value();
  const http::Issuer issuer{authority, key};
  const auto server =
      http::issue_server(issuer, new_key(), {"hub.lamdong.vn", "10.0.0.7"}, noon, 90);
  const auto info = http::parse_certificate(server.value()).value();
  for (const char* host : {"hub.lamdong.vn", "10.0.0.7", "localhost", "127.0.0.1", "::1"}) {
    CHECK(has(info.hosts, host));
  }
  CHECK_FALSE(info.authority);
  CHECK_FALSE(info.self_signed);
  CHECK(info.not_after.ms == noon.ms + 90 * day_ms);
  const auto device_key = new_key().public_key().value();
  const auto client = http::issue_client(issuer, device_key, device, noon, 180).value();
  const auto client_info = http::parse_certificate(client).value();
  CHECK(client_info.common_name == device);
  CHECK(has(client_info.uris, "tram:device:" + device));
  CHECK(client_info.public_key == sync::to_bytes(device_key));
  CHECK(client_info.serial.size() == 32);
  const auto other = http::issue_client(issuer, device_key, device, noon, 180).value();
  CHECK(http::parse_certificate(other)->serial != client_info.serial);
  CHECK(http::check_issued_by(client, authority));
  CHECK(http::check_issued_by(authority, client).error().code == ErrorCode::unverified);
  const auto long_lived = http::issue_client(issuer, device_key, device, noon, 36'500).value();
  CHECK(http::parse_certificate(long_lived)->not_after.ms == noon.ms + 3652 * day_ms);
}

TEST_CASE("what must not be issued is not") {
  const auto key = new_key();
  const auto authority = http::make_authority(key, "A", noon, 10).value();
  const http::Issuer issuer{authority, key};
  for (const char* host : {"", "a b", "a,DNS:evil", "a;b", "hub\n", "*.vn"}) {
    CHECK(http::issue_server(issuer, key, {host}, noon, 9).error().code == ErrorCode::usage);
  }
  for (const char* id : {"", "AB", "xyz", "ab,URI:evil"}) {
    CHECK(http::issue_client(issuer, {}, id, noon, 9).error().code == ErrorCode::usage);
    CHECK(http::make_request(key, id).error().code == ErrorCode::usage);
  }
  const auto stranger = new_key();
  const http::Issuer mixed{authority, stranger};
  CHECK(http::issue_client(mixed, {}, "ab", noon, 9).error().code == ErrorCode::usage);
  const auto imitation = http::make_authority(stranger, "A", noon, 10).value();
  const auto forged =
      http::issue_client({imitation, stranger}, key.public_key().value(), "ab", noon, 9);
  CHECK(http::check_issued_by(forged.value(), authority).error().code == ErrorCode::unverified);
}

TEST_CASE("a request proves its key") {
  const auto key = new_key();
  const auto request = http::make_request(key, device).value();
  const auto checked = http::check_request(request);
  REQUIRE(checked);
  CHECK(checked->common_name == device);
  CHECK(checked->public_key == key.public_key().value());
  for (std::size_t i = 0; i < request.size(); ++i) {
    auto flipped = request;
    flipped[i] ^= 1U;
    CHECK_FALSE(http::check_request(flipped));
    CHECK_FALSE(http::check_request(sync::ByteView(request).first(i)));
  }
  auto trailing = request;
  trailing.push_back(0);
  CHECK(http::check_request(trailing).error().code == ErrorCode::malformed);
  const auto p256 = http::make_request(new_key(http::KeyKind::p256), device).value();
  CHECK(http::check_request(p256).error().code == ErrorCode::malformed);
}

TEST_CASE("certificates in text and bytes are taken whole") {
  const Province province;
  const auto pem = province.authority_pem();
  const auto two = http::from_pem(pem + "words between\n" + pem);
  REQUIRE(two);
  CHECK(two->size() == 2);
  CHECK(http::fingerprint(two->front()) == province.authority_fingerprint());
  CHECK(http::from_pem("").error().code == ErrorCode::malformed);
  CHECK(http::from_pem(pem + pem.substr(0, pem.size() / 2)).error().code == ErrorCode::malformed);
  CHECK(http::from_pem(std::string(100'000, ' ')).error().code == ErrorCode::limit);
  const auto& der = two->front();
  for (std::size_t i = 0; i < der.size(); ++i) {
    CHECK_FALSE(http::parse_certificate(sync::ByteView(der).first(i)));
  }
  auto trailing = der;
  trailing.push_back(0);
  CHECK(http::parse_certificate(trailing).error().code == ErrorCode::malformed);
  CHECK(http::to_pem(sync::Bytes{1, 2}).empty());
}
