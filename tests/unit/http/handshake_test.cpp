// Goal: who gets past the handshake, on both sides, and what each side learns.
// Method: real TLS on loopback with every kind of wrong certificate.
#include <openssl/ssl.h>

#include <catch2/catch.hpp>

#include "province.hpp"

using namespace tram;
using sync::ErrorCode;

namespace {

sync::Result<http::Response> ask(http::ClientOptions&& options) {
  http::Client client(std::move(options));
  return client.send(get("/"));
}
// Takes them: options are not copied, because of the key in them.
sync::Result<http::Response> ask(http::ClientOptions& options) {
  return ask(std::move(options));
}

bool says(const sync::Result<http::Response>& response, std::string_view text) {
  return response && body_text(*response).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the server takes clients of its authority and nobody else's") {
  const Province province;
  const Province other;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);

  CHECK(says(ask(province.client_options(port)), "nobody"));
  CHECK(says(ask(province.client_options(port, province.client())), device + " valid\n"));
  CHECK(
      says(ask(province.client_options(port, province.client(-400, 180))), device + " expired\n"));
  const auto wrong = [&](const Province::Identity& identity) {
    const auto answer = ask(province.client_options(port, identity));
    return !answer && answer.error().code == ErrorCode::refused;
  };
  CHECK(wrong(other.client()));
  CHECK(wrong(province.server()));         // its usage is serverAuth
  CHECK(wrong(province.client(30, 180)));  // not yet valid
  CHECK(wrong(other.client(-400, 180)));   // expired does not excuse the rest
  wait_until_idle(server);
  CHECK(server.counters().handshakes_refused == 4);
  CHECK(server.counters().requests == 3);
}

TEST_CASE("a request tells the key and the end of its certificate") {
  const Province province;
  http::PeerCertificate seen;
  http::Server server(province.server_options(),
                      [&](http::Request request, const http::Respond& respond) {
                        seen = request.peer.value();
                        respond(http::text_response(200, ""));
                      });
  const auto port = start_on_loopback(server);
  const auto identity = province.client();
  REQUIRE(ask(province.client_options(port, identity)));
  CHECK(seen.public_key == identity.public_key);
  const auto info = http::parse_certificate(seen.der).value();
  CHECK(info.not_after == seen.not_after);
  CHECK(info.serial == seen.serial);
  CHECK(http::to_pem(seen.der) == identity.certificate_pem);
}

TEST_CASE("a clock that fell back does not refuse the living") {
  const Province province;
  auto options = province.server_options();
  options.time_floor = now_plus_days(40);
  http::Server server(std::move(options), tell_back);
  const auto port = start_on_loopback(server);
  CHECK(says(ask(province.client_options(port, province.client(30, 180))), "valid"));
  CHECK(says(ask(province.client_options(port, province.client(0, 20))), "expired"));
}

TEST_CASE("only TLS 1.3 is spoken") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);
  CHECK(RawClient(port).connected());
  CHECK_FALSE(RawClient(port, TLS1_2_VERSION).connected());
}

TEST_CASE("a server for browsers asks nobody for a certificate") {
  const Province province;
  auto options = province.server_options();
  options.client_authority_pem = "";
  http::Server server(std::move(options), tell_back);
  const auto port = start_on_loopback(server);
  CHECK(says(ask(province.client_options(port, Province().client())), "nobody"));
}

TEST_CASE("browsers' keys serve too") {
  const auto key = std::move(http::KeyPair::generate(http::KeyKind::p256).value());
  const auto authority = http::make_authority(key, "Local", now_plus_days(0), 1).value();
  const auto own = std::move(http::KeyPair::generate(http::KeyKind::p256).value());
  const auto leaf = http::issue_server({authority, key}, own, {}, now_plus_days(0), 30).value();
  http::ServerOptions options;
  options.certificate_chain_pem = http::to_pem(leaf);
  options.private_key_pem = own.to_pem().value();
  http::Server server(std::move(options), tell_back);
  http::ClientOptions asking;
  asking.base_url = "https://localhost:" + std::to_string(start_on_loopback(server));
  asking.trust = http::PinnedAuthority{http::to_pem(authority)};
  CHECK(says(ask(asking), "nobody"));
}

TEST_CASE("the client trusts its pinned authority alone") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);
  auto options = Province().client_options(port);
  const auto wrong = ask(options);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::unverified);
  CHECK(wrong.error().message == "not the pinned authority");

  auto broken = province.client_options(port);
  broken.trust = http::PinnedAuthority{"nonsense"};
  CHECK(ask(broken).error().code == ErrorCode::malformed);
}

TEST_CASE("names and addresses in the server's certificate count") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  const auto port = server.start("0.0.0.0", 0);
  REQUIRE(port);
  auto by_name = province.client_options(*port);
  by_name.base_url = "https://localhost:" + std::to_string(*port) + "/";
  CHECK(ask(by_name));
  // Loopback as well, but not among the names.
  auto by_other = province.client_options(*port);
  by_other.base_url = "https://127.0.0.9:" + std::to_string(*port);
  const auto wrong = ask(by_other);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::unverified);
  CHECK(wrong.error().message.find("host name") != std::string::npos);
}

TEST_CASE("the fingerprint of an enrolment code finds its authority") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);
  auto right = province.client_options(port);
  right.trust = http::AuthorityFingerprint{province.authority_fingerprint()};
  CHECK(ask(right));
  auto wrong = province.client_options(port);
  wrong.trust = http::AuthorityFingerprint{Province().authority_fingerprint()};
  CHECK(ask(wrong).error().code == ErrorCode::unverified);
  // The leaf's own fingerprint is no authority's.
  auto leaf = province.client_options(port);
  http::Client looking(province.client_options(port));
  REQUIRE(looking.send(get("/")));
  leaf.trust = http::AuthorityFingerprint{http::fingerprint(looking.server_chain().front())};
  CHECK(ask(leaf).error().code == ErrorCode::unverified);
}

TEST_CASE("a fingerprint shown beside another chain proves nothing") {
  // A man in the middle knows the authority's certificate too, and sends it along with his own
  // leaf.
  const Province province;
  const Province evil;
  auto identity = evil.server();
  auto options = evil.server_options();
  options.certificate_chain_pem = identity.certificate_pem + province.authority_pem();
  options.private_key_pem = std::move(identity.key_pem);
  http::Server server(std::move(options), tell_back);
  auto asking = province.client_options(start_on_loopback(server));
  asking.trust = http::AuthorityFingerprint{province.authority_fingerprint()};
  CHECK(ask(asking).error().code == ErrorCode::unverified);
}

TEST_CASE("enrolment by a typed code sees the chain that it has to prove") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  auto options = province.client_options(start_on_loopback(server));
  options.trust = http::UnverifiedForEnrolment{};
  http::Client client(std::move(options));
  REQUIRE(client.send(get("/")));
  REQUIRE(client.server_chain().size() == 2);
  CHECK(http::fingerprint(client.server_chain()[1]) == province.authority_fingerprint());
  CHECK(http::check_issued_by(client.server_chain()[0], client.server_chain()[1]));
}

TEST_CASE("a server past its dates is told apart, and taken only on request") {
  const Province province;
  auto options = province.server_options();
  auto old = province.server(-400, 90);
  options.certificate_chain_pem = old.certificate_pem;
  options.private_key_pem = std::move(old.key_pem);
  http::Server server(std::move(options), tell_back);
  const auto port = start_on_loopback(server);
  const auto refused = ask(province.client_options(port));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unverified);
  CHECK(refused.error().message.find("dates") != std::string::npos);
  auto lenient = province.client_options(port);
  lenient.accept_expired_server = true;
  CHECK(ask(lenient));
  auto lenient_elsewhere = Province().client_options(port);
  lenient_elsewhere.accept_expired_server = true;
  CHECK(ask(lenient_elsewhere).error().code == ErrorCode::unverified);
}

TEST_CASE("the client's floor of time counts") {
  const Province province;
  auto options = province.server_options();
  auto young = province.server(30, 90);
  options.certificate_chain_pem = young.certificate_pem;
  options.private_key_pem = std::move(young.key_pem);
  http::Server server(std::move(options), tell_back);
  const auto port = start_on_loopback(server);
  CHECK(ask(province.client_options(port)).error().code == ErrorCode::unverified);
  auto floored = province.client_options(port);
  floored.time_floor = now_plus_days(31);
  CHECK(ask(floored));
}

TEST_CASE("a renewed certificate serves new connections") {
  const Province province;
  const Province successor;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);
  http::Client kept(province.client_options(port));
  REQUIRE(kept.send(get("/")));
  const auto identity = successor.server();
  REQUIRE(server.replace_certificate(identity.certificate_pem, identity.key_pem));
  CHECK(kept.send(get("/")));
  CHECK(kept.metrics().connects == 0);
  CHECK(ask(successor.client_options(port)));
  CHECK(ask(province.client_options(port)).error().code == ErrorCode::unverified);
  CHECK(server.replace_certificate("nonsense", identity.key_pem).error().code ==
        ErrorCode::malformed);
  const auto stranger = province.server();
  CHECK(server.replace_certificate(identity.certificate_pem, stranger.key_pem).error().code ==
        ErrorCode::malformed);
}
