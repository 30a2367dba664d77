// Goal: a province's authority, servers and clients for the tests of this folder.
// Method: real keys and certificates made on the spot; raw sockets where a test must misbehave.
#include "province.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace tram;

namespace {

constexpr std::int64_t day_ms = 86'400'000;

http::KeyPair new_key() {
  auto key = http::KeyPair::generate();
  REQUIRE(key);
  return std::move(*key);
}

int connect_to_loopback(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

}  // namespace

sync::Instant now_plus_days(int days) {
  return {host::SystemClock().now().ms + days * day_ms};
}

Province::Province() : key_(new_key()) {
  auto made = http::make_authority(key_, "Tỉnh Lâm Đồng", now_plus_days(-1000), 20);
  REQUIRE(made);
  authority_ = *made;
}

std::string Province::authority_pem() const {
  return http::to_pem(authority_);
}

sync::ByteArray<32> Province::authority_fingerprint() const {
  return http::fingerprint(authority_);
}

Province::Identity Province::client(int offset_days, int days) const {
  const auto key = new_key();
  Identity identity;
  identity.public_key = key.public_key().value();
  const auto der =
      http::issue_client(issuer(), identity.public_key, device, now_plus_days(offset_days), days);
  REQUIRE(der);
  identity.certificate_pem = http::to_pem(*der);
  identity.key_pem = key.to_pem().value();
  return identity;
}

Province::Identity Province::server(int offset_days, int days) const {
  const auto key = new_key();
  Identity identity;
  const auto der =
      http::issue_server(issuer(), key, {"hub.test"}, now_plus_days(offset_days), days);
  REQUIRE(der);
  identity.certificate_pem = http::to_pem(*der) + authority_pem();
  identity.key_pem = key.to_pem().value();
  return identity;
}

http::ServerOptions Province::server_options() const {
  auto identity = server();
  http::ServerOptions options;
  options.certificate_chain_pem = identity.certificate_pem;
  options.private_key_pem = std::move(identity.key_pem);
  options.client_authority_pem = authority_pem();
  options.stop_grace_ms = 5'000;
  return options;
}

http::ClientOptions Province::client_options(std::uint16_t port) const {
  http::ClientOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(port);
  options.trust = http::PinnedAuthority{authority_pem()};
  options.call_ms = 20'000;
  return options;
}

http::ClientOptions Province::client_options(std::uint16_t port, const Identity& identity) const {
  auto options = client_options(port);
  options.certificate_pem = identity.certificate_pem;
  options.private_key_pem = identity.key_pem.clone();
  return options;
}

void tell_back(http::Request request, http::Respond respond) {
  std::string text = request.method + " " + request.target + "\n";
  text += std::to_string(request.body.size()) + "\n";
  text += request.remote_address + "\n";
  if (request.peer) {
    text += request.peer->common_name + (request.peer->expired ? " expired" : " valid");
    text += request.peer->verified ? "\n" : " unverified\n";
  } else {
    text += "nobody\n";
  }
  respond(http::text_response(200, text));
}

std::uint16_t start_on_loopback(http::Server& server) {
  const auto port = server.start("127.0.0.1", 0);
  REQUIRE(port);
  return *port;
}

void wait_until_idle(const http::Server& server) {
  while (server.counters().connections_open > 0) std::this_thread::yield();
}

http::Request get(std::string target) {
  http::Request request;
  request.method = "GET";
  request.target = std::move(target);
  return request;
}

http::Request post(std::string target, sync::Bytes body) {
  http::Request request = get(std::move(target));
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

std::string body_text(const http::Response& response) {
  return std::string(sync::as_text(response.body));
}

std::string exchange_without_tls(std::uint16_t port, std::string_view text) {
  const int socket = connect_to_loopback(port);
  if (!text.empty()) {
    REQUIRE(::send(socket, text.data(), text.size(), MSG_NOSIGNAL) > 0);
    ::shutdown(socket, SHUT_WR);
  }
  std::string received;
  char buffer[1024];
  for (;;) {
    const ssize_t size = ::recv(socket, buffer, sizeof buffer, 0);
    if (size <= 0) break;
    received.append(buffer, static_cast<std::size_t>(size));
  }
  ::close(socket);
  return received;
}

struct RawClient::Connection {
  int socket = -1;
  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;
  bool connected = false;
};

RawClient::RawClient(std::uint16_t port, int tls_version_max)
    : connection_(std::make_unique<Connection>()) {
  auto& own = *connection_;
  own.socket = connect_to_loopback(port);
  own.context = SSL_CTX_new(TLS_client_method());
  if (tls_version_max != 0) SSL_CTX_set_max_proto_version(own.context, tls_version_max);
  own.tls = SSL_new(own.context);
  SSL_set_fd(own.tls, own.socket);
  own.connected = SSL_connect(own.tls) == 1;
}

RawClient::~RawClient() {
  SSL_free(connection_->tls);
  SSL_CTX_free(connection_->context);
  ::close(connection_->socket);
}

bool RawClient::connected() const {
  return connection_->connected;
}

void RawClient::send(std::string_view text) {
  // May fail when the server has closed already; what it said is read anyway.
  if (!text.empty()) SSL_write(connection_->tls, text.data(), static_cast<int>(text.size()));
}

std::string RawClient::receive_all() {
  return receive_until(std::string_view("\0never", 6));
}

std::string RawClient::receive_until(std::string_view text, int times) {
  std::string received;
  char buffer[4096];
  for (;;) {
    int found = 0;
    for (auto at = received.find(text); at != std::string::npos; at = received.find(text, at + 1)) {
      ++found;
    }
    if (found >= times) return received;
    const int size = SSL_read(connection_->tls, buffer, sizeof buffer);
    if (size <= 0) return received;
    received.append(buffer, static_cast<std::size_t>(size));
  }
}
