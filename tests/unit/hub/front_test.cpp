// Goal: the hub's door opens to whom it should, and says why when it does not.
// Method: the real server on loopback, with this project's client and node as guests.
#include "hub/front.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "host/keys.hpp"
#include "http/client.hpp"
#include "hub_folder.hpp"
#include "node/enrol.hpp"
#include "node/link.hpp"
#include "sync/wire/frame.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::enrolment_request;
using hub::test::HubFolder;
using hub::test::key_of;
using hub::test::morning;
using hub::test::start;
using nlohmann::json;
using sync::ErrorCode;

namespace {

class Door {
 public:
  explicit Door(HubFolder& hub) : hub_(hub), exchanges_(start(hub)), front(hub.hub(), *exchanges_) {
    const auto port = front.start("127.0.0.1:0");
    if (!port) FAIL(port.error().message);
    port_ = *port;
  }

  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] http::ClientOptions options() const {
    http::ClientOptions options;
    options.base_url = url();
    options.trust = http::PinnedAuthority{http::to_pem(hub_.hub().province().authority())};
    return options;
  }

 private:
  HubFolder& hub_;
  std::unique_ptr<Exchanges> exchanges_;
  std::uint16_t port_ = 0;

 public:
  Front front;
};

http::Request post(const std::string& target, sync::Bytes body) {
  http::Request request;
  request.method = "POST";
  request.target = target;
  request.body = std::move(body);
  return request;
}

http::Request get(const std::string& target) {
  http::Request request;
  request.method = "GET";
  request.target = target;
  return request;
}

sync::Bytes frame_of(const sync::ExchangeRequest& request) {
  return sync::pack_frame(sync::FrameKind::request, sync::encode_message(request));
}

void check_problem(const sync::Result<http::Response>& response, int status,
                   const std::string& code) {
  REQUIRE(response);
  CHECK(response->status == status);
  CHECK(response->content_type == "application/problem+json");
  const json body = json::parse(sync::as_text(response->body), nullptr, false);
  REQUIRE(body.is_object());
  CHECK(body["code"] == code);
  CHECK_FALSE(body["detail"].get<std::string>().empty());
}

// As the computer itself would connect, with a certificate that ends after so many days.
http::ClientOptions with_certificate(const Door& door, HubFolder& hub, std::uint8_t key, int days) {
  http::ClientOptions options = door.options();
  const auto pair = http::KeyPair::from_seed(sync::Bytes(32, key));
  const auto authority = host::KeyVault::open(hub.path())->load("authority");
  const auto issuer = http::KeyPair::from_seed(authority->view());
  const sync::Bytes& above = hub.hub().province().authority();
  const auto certificate = http::issue_client({above, *issuer}, key_of(key), device_id(key_of(key)),
                                              hub.hub().clock().now(), days);
  REQUIRE(certificate);
  options.certificate_pem = http::to_pem(*certificate);
  options.private_key_pem = std::move(*pair->to_pem());
  return options;
}

}  // namespace

TEST_CASE("a node syncs over TLS") {
  HubFolder hub;
  const Door door(hub);
  Computer computer(hub, 1, blao, door.url());
  computer.import({create_line("H36.49-250701-0001", morning)});
  node::Link link(computer.node());
  node::LinkReport report;
  const sync::Status done = link.run_session(report, {});
  if (!done) FAIL(done.error().message);
  CHECK(report.synced);
  CHECK(report.sent_entries == 1);
  CHECK(report.connects == 1);
  CHECK(report.bytes_sent > 0);
  CHECK(computer.pending() == 0);
  CHECK(hub.exported(blao) == computer.exported());
  node::LinkReport idle;
  REQUIRE(link.run_session(idle, {}));
  CHECK(idle.round_trips == 1);
  CHECK(idle.connects == 0);
}

TEST_CASE("pages that are there, and those that are not") {
  HubFolder hub;
  const Door door(hub);
  http::Client client(door.options());
  const auto alive = client.send(get("/v1/alive"));
  REQUIRE(alive);
  CHECK(alive->status == 200);
  CHECK(sync::as_text(alive->body) == "tram hub\n");
  for (const http::Request& request :
       {get("/"), get("/v1/exchange"), get("/v1/enrol"), post("/v1/alive", {}),
        post("/v1/exchange/", {}), get("/v1/alive?x")}) {
    CAPTURE(request.method, request.target);
    check_problem(client.send(request), 404, "not_found");
  }
}

TEST_CASE("without a certificate nothing is exchanged") {
  HubFolder hub;
  Computer computer(hub, 1);
  const Door door(hub);
  http::Client client(door.options());
  check_problem(client.send(post("/v1/exchange", frame_of(computer.request()))), 403, "refused");
  check_problem(client.send(post("/v1/exchange", {})), 403, "refused");
}

TEST_CASE("a certificate of another authority does not get past the handshake") {
  HubFolder hub;
  const Door door(hub);
  const auto key = http::KeyPair::generate();
  const auto now = hub.hub().clock().now();
  const auto authority = http::make_authority(*key, "Tram 68", now, 10);
  REQUIRE(authority);
  const auto certificate =
      http::issue_client({*authority, *key}, key_of(1), device_id(key_of(1)), now, 180);
  REQUIRE(certificate);
  http::ClientOptions options = door.options();
  options.certificate_pem = http::to_pem(*certificate);
  options.private_key_pem = std::move(*http::KeyPair::from_seed(sync::Bytes(32, 1))->to_pem());
  http::Client client(std::move(options));
  const auto response = client.send(get("/v1/alive"));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::refused);
}

TEST_CASE("a certificate that ended is good for the time of grace, and not after it") {
  HubFolder hub;
  Computer computer(hub, 1);
  const Door door(hub);
  http::Client recent(with_certificate(door, hub, 1, -10));
  const auto response = recent.send(post("/v1/exchange", frame_of(computer.request())));
  REQUIRE(response);
  CHECK(response->status == 200);
  http::Client ancient(with_certificate(door, hub, 1, -200));
  check_problem(ancient.send(post("/v1/exchange", frame_of(computer.request()))), 403, "refused");
}

TEST_CASE("a body that is no frame is told so, and stops nothing") {
  HubFolder hub;
  Computer computer(hub, 1);
  const Door door(hub);
  http::Client client(with_certificate(door, hub, 1, 180));
  const sync::Bytes frame = frame_of(computer.request());
  check_problem(client.send(post("/v1/exchange", {})), 400, "malformed");
  check_problem(client.send(post("/v1/exchange", sync::to_bytes("<html>"))), 400, "malformed");
  const sync::Bytes cut(frame.begin(), frame.end() - 1);
  check_problem(client.send(post("/v1/exchange", cut)), 400, "malformed");
  const auto reply =
      sync::pack_frame(sync::FrameKind::reply, sync::encode_message(sync::ExchangeReply{}));
  check_problem(client.send(post("/v1/exchange", reply)), 400, "malformed");
  const auto empty = sync::pack_frame(sync::FrameKind::request, sync::Bytes{});
  check_problem(client.send(post("/v1/exchange", empty)), 400, "malformed");
  const auto whole = client.send(post("/v1/exchange", frame));
  REQUIRE(whole);
  CHECK(whole->status == 200);
  CHECK(whole->content_type == "application/octet-stream");
}

TEST_CASE("a revoked computer is shut out of a connection that is open") {
  HubFolder hub;
  Computer computer(hub, 1);
  const Door door(hub);
  http::Client client(with_certificate(door, hub, 1, 180));
  const auto before = client.send(post("/v1/exchange", frame_of(computer.request())));
  REQUIRE(before);
  CHECK(before->status == 200);
  REQUIRE(hub.hub().revoke(computer.id()));
  check_problem(client.send(post("/v1/exchange", frame_of(computer.request()))), 403, "refused");
}

TEST_CASE("enrolment is refused by its reason, and limited for each address") {
  HubFolder hub;
  const NewCode code = hub.code();
  const Door door(hub);
  http::Client client(door.options());
  check_problem(client.send(post("/v1/enrol", sync::to_bytes("hello"))), 400, "malformed");
  const auto wrong = enrolment_request(sync::EnrolmentCode::draw(hub.hub().random()), 1);
  check_problem(client.send(post("/v1/enrol", wrong)), 403, "refused");
  const auto good = client.send(post("/v1/enrol", enrolment_request(code.ticket.code, 1)));
  REQUIRE(good);
  CHECK(good->status == 200);
  // Three tries were made; a minute that ends meanwhile may give thirty more.
  int tries = 3;
  int status = 403;
  while (status == 403 && tries < 62) {
    const auto response = client.send(post("/v1/enrol", wrong));
    REQUIRE(response);
    status = response->status;
    ++tries;
    if (status == 403) continue;
    check_problem(response, 429, "unavailable");
  }
  CHECK(status == 429);
  CHECK(tries > 30);
  // Who is enrolled is not concerned.
  http::Client enrolled(with_certificate(door, hub, 1, 180));
  const auto alive = enrolled.send(get("/v1/alive"));
  REQUIRE(alive);
  CHECK(alive->status == 200);
}

TEST_CASE("a computer enrols with a whole ticket and with a typed one") {
  HubFolder hub;
  const Door door(hub);
  const bool typed = GENERATE(false, true);
  const auto code = hub.hub().create_code(blao, door.url(), 24, 250);
  REQUIRE(code);
  const tram::test::TempDir folder;
  const std::string ticket = typed ? code->ticket.typed() : code->ticket.text();
  const auto identity = node::enrol(folder.path() / "node", ticket, "Máy quầy");
  if (!identity) FAIL(identity.error().message);
  CHECK(identity->unit == blao);
  CHECK(identity->unit_name == "Phường B'Lao");
  REQUIRE(hub.devices().size() == 1);
  CHECK(hub.devices().front().label == "Máy quầy");
  CHECK(node::enrol(folder.path() / "node", ticket, "").error().code == ErrorCode::conflict);
  auto node = node::Node::open(folder.path() / "node");
  REQUIRE(node);
  node::Link link(**node);
  node::LinkReport report;
  REQUIRE(link.run_session(report, {}));
  CHECK(report.synced);
}

TEST_CASE("a computer that enrols trusts nobody but its ticket") {
  HubFolder hub;
  const Door door(hub);
  const tram::test::TempDir folder;
  const auto enrol_error = [&](const std::string& ticket) {
    const auto identity = node::enrol(folder.path() / "node", ticket, "");
    REQUIRE_FALSE(identity);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "node" / "identity.json"));
    return identity.error().code;
  };
  auto code = hub.hub().create_code(blao, door.url(), 24, 250);
  REQUIRE(code);
  sync::EnrolmentTicket ticket = code->ticket;
  CHECK(enrol_error("hello") == ErrorCode::refused);
  ticket.code = sync::EnrolmentCode::draw(hub.hub().random());
  CHECK(enrol_error(ticket.text()) == ErrorCode::refused);
  CHECK(enrol_error(ticket.typed()) == ErrorCode::refused);
  ticket = code->ticket;
  (*ticket.fingerprint)[0] ^= 1U;
  CHECK(enrol_error(ticket.text()) == ErrorCode::unverified);
  CHECK(hub.devices().empty());
  // The folder of the failed tries is good for the right ticket.
  REQUIRE(node::enrol(folder.path() / "node", code->ticket.text(), ""));
}

TEST_CASE("something else that answers at enrolment is not taken for the hub") {
  HubFolder hub;
  const auto identity = hub.hub().province().issue_server({"127.0.0.1"}, hub.hub().clock().now());
  REQUIRE(identity);
  const NewCode code = hub.code();
  int status = 200;
  sync::Bytes body = sync::to_bytes("<html>Đăng nhập WiFi</html>");
  http::ServerOptions options;
  options.certificate_chain_pem = identity->chain_pem;
  options.private_key_pem = identity->key_pem.clone();
  http::Server portal(std::move(options), [&](const http::Request&, const http::Respond& respond) {
    respond({status, "text/html", body, {}});
  });
  const auto port = portal.start("127.0.0.1", 0);
  REQUIRE(port);
  const std::string host = "127.0.0.1:" + std::to_string(*port);
  const tram::test::TempDir folder;
  sync::EnrolmentTicket ticket{host, std::nullopt, code.ticket.code};
  const auto enrol_error = [&] {
    const auto made = node::enrol(folder.path() / "node", ticket.text(), "");
    REQUIRE_FALSE(made);
    return made.error().code;
  };
  CHECK(enrol_error() == ErrorCode::unavailable);
  status = 302;
  CHECK(enrol_error() == ErrorCode::unavailable);
  // A reply of the right form by somebody who does not know the code.
  const auto reply = hub.hub().enrol(enrolment_request(code.ticket.code, 7));
  REQUIRE(reply);
  status = 200;
  body = *reply;
  CHECK(enrol_error() == ErrorCode::unverified);
}

TEST_CASE("an address to listen on is a host and a port, or usage") {
  HubFolder hub;
  auto exchanges = start(hub);
  for (const char* listen :
       {"", ":", "7443", ":7443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "127.0.0.1:99999999999", "127.0.0.1:-1", "[:1", "127.0.0.1:1x", "no host:0"}) {
    CAPTURE(listen);
    Front front(hub.hub(), *exchanges);
    const auto port = front.start(listen);
    REQUIRE_FALSE(port);
    CHECK(port.error().code == ErrorCode::usage);
  }
  Front front(hub.hub(), *exchanges);
  CHECK(front.start("localhost:0"));
}

TEST_CASE("a certificate names the hosts of codes, and is renewed when a code names another") {
  HubFolder hub;
  Door door(hub);
  const auto hosts = [&] {
    http::Client client(door.options());
    REQUIRE(client.send(get("/v1/alive")));
    return http::parse_certificate(client.server_chain().front())->hosts;
  };
  const auto names = [](const std::vector<std::string>& all, const std::string& host) {
    return std::find(all.begin(), all.end(), host) != all.end();
  };
  CHECK_FALSE(names(hosts(), "hub.example.vn"));
  REQUIRE(hub.hub().create_code(blao, "https://hub.example.vn:7443", 24, 250));
  REQUIRE(door.front.renew_certificate());
  CHECK(names(hosts(), "hub.example.vn"));
  CHECK(names(hosts(), "127.0.0.1"));
}

TEST_CASE("a door that was shut answers nobody, and may be shut twice") {
  HubFolder hub;
  Door door(hub);
  door.front.stop();
  door.front.stop();
  http::Client client(door.options());
  CHECK(client.send(get("/v1/alive")).error().code == ErrorCode::unavailable);
}
