// Goal: the client counts what it sends, keeps its connection, and names every way to fail.
// Method: our own server where it will do, a bare TCP listener for what it would never say.
#include "http/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "province.hpp"

using namespace tram;
using sync::ErrorCode;

namespace {

/// Listens on loopback; whether it ever answers is up to the test.
class Listener {
 public:
  explicit Listener(bool listening = true) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    if (listening) REQUIRE(::listen(socket_, 4) == 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(socket_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int accept() const { return ::accept(socket_, nullptr, nullptr); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("one connection serves many requests and every byte is counted") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  http::Client client(province.client_options(start_on_loopback(server), province.client()));
  REQUIRE(client.send(post("/sync", sync::Bytes(1000))));
  CHECK(client.metrics().connects == 1);
  const auto first = client.metrics();
  REQUIRE(client.send(post("/sync", sync::Bytes(1000))));
  CHECK(client.metrics().connects == 0);
  CHECK(client.metrics().bytes_up == first.bytes_up);
  CHECK(client.metrics().bytes_up > 1000);
  CHECK(client.metrics().bytes_up < 1150);
  REQUIRE(client.send(post("/sync", sync::Bytes(201'000))));
  CHECK(client.metrics().bytes_up == first.bytes_up + 200'000 + 2);  // two more digits of length
  CHECK(client.metrics().bytes_down > 50);
  CHECK(client.metrics().bytes_down < 300);
  CHECK(client.metrics().seconds > 0);
  CHECK(client.metrics().seconds_to_first_byte > 0);
  client.disconnect();
  REQUIRE(client.send(get("/")));
  CHECK(client.metrics().connects == 1);
  CHECK(server.counters().connections == 2);
  CHECK(server.counters().requests == 4);
}

TEST_CASE("requests carry little and what they are told") {
  const Province province;
  http::Headers seen;
  http::Server server(province.server_options(),
                      [&](const http::Request& request, const http::Respond& respond) {
                        seen = request.headers;
                        respond(http::text_response(200, request.method));
                      });
  http::Client client(province.client_options(start_on_loopback(server)));
  auto request = post("/x", sync::Bytes(2'000'000));
  request.headers = {{"content-type", "application/tram"}, {"x-empty", ""}};
  REQUIRE(client.send(request));
  CHECK(seen.size() == 5);
  CHECK(http::header_value(seen, "user-agent") == "tram/1");
  CHECK(http::header_value(seen, "content-type") == "application/tram");
  CHECK(http::header_value(seen, "content-length") == "2000000");
  REQUIRE(client.send(get("/")));
  CHECK(seen.size() == 2);  // host and user agent
  for (const char* method : {"PUT", "DELETE", "PATCH", "GET", "POST"}) {
    auto other = get("/");
    other.method = method;
    CHECK(body_text(client.send(other).value()) == method);
  }
}

TEST_CASE("a status below 500 is an answer, from 500 on it is trouble") {
  const Province province;
  http::Server server(province.server_options(),
                      [](const http::Request& request, const http::Respond& respond) {
                        int status = 0;
                        const char* end = request.target.data() + request.target.size();
                        std::from_chars(request.target.data() + 1, end, status);
                        respond({status, "text/html", sync::to_bytes("<html>"), {}});
                      });
  http::Client client(province.client_options(start_on_loopback(server)));
  for (const int status : {200, 302, 403, 404, 429}) {
    const auto answer = client.send(get("/" + std::to_string(status)));
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->content_type == "text/html");
  }
  CHECK(client.send(get("/500")).error().code == ErrorCode::unavailable);
  CHECK(client.send(get("/503")).error().code == ErrorCode::unavailable);
}

TEST_CASE("an answer over the limit is not taken") {
  const Province province;
  http::Server server(province.server_options(),
                      [](const http::Request&, const http::Respond& respond) {
                        respond({200, "", sync::Bytes(1001), {}});
                      });
  const auto port = start_on_loopback(server);
  auto options = province.client_options(port);
  options.response_bytes = 1000;
  http::Client strict(std::move(options));
  CHECK(strict.send(get("/")).error().code == ErrorCode::limit);
  auto enough = province.client_options(port);
  enough.response_bytes = 1001;
  http::Client lenient(std::move(enough));
  CHECK(lenient.send(get("/"))->body.size() == 1001);
}

TEST_CASE("no way to the server is unavailable") {
  const Province province;
  {
    const Listener deaf(false);
    http::Client client(province.client_options(deaf.port()));
    CHECK(client.send(get("/")).error().code == ErrorCode::unavailable);
  }
  const Listener silent;
  auto options = province.client_options(silent.port());
  options.connect_ms = 100;
  http::Client waiting(std::move(options));
  CHECK(waiting.send(get("/")).error().code == ErrorCode::unavailable);
  const Listener plain;
  http::Client puzzled(province.client_options(plain.port()));
  std::thread portal([&] {
    const int peer = plain.accept();
    const std::string_view words = "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n";
    (void)!::write(peer, words.data(), words.size());
    ::close(peer);
  });
  CHECK(puzzled.send(get("/")).error().code == ErrorCode::unavailable);
  portal.join();
}

TEST_CASE("a server that takes the request and says nothing is given up") {
  const Province province;
  std::vector<http::Respond> held;
  http::Server server(
      province.server_options(),
      [&](const http::Request&, const http::Respond& respond) { held.push_back(respond); });
  auto options = province.client_options(start_on_loopback(server));
  options.call_ms = 150;
  http::Client client(std::move(options));
  CHECK(client.send(get("/")).error().code == ErrorCode::unavailable);
  CHECK(client.metrics().bytes_up > 0);
  CHECK(client.metrics().bytes_down == 0);
  server.stop();
}

TEST_CASE("the environment's proxy is not used") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);
  const Listener deaf(false);
  const auto url = "http://127.0.0.1:" + std::to_string(deaf.port());
  ::setenv("https_proxy", url.c_str(), 1);
  ::setenv("ALL_PROXY", url.c_str(), 1);
  http::Client direct(province.client_options(port));
  CHECK(direct.send(get("/")));
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
  auto options = province.client_options(port);
  options.proxy_url = url;
  ::setenv("no_proxy", "*", 1);
  http::Client through(std::move(options));
  CHECK(through.send(get("/")).error().code == ErrorCode::unavailable);
  ::unsetenv("no_proxy");
}

TEST_CASE("what is no request is not sent") {
  const Province province;
  const auto sent = [&](const std::string& url, const http::Request& request) {
    auto options = province.client_options(1);
    options.base_url = url;
    http::Client client(std::move(options));
    return client.send(request).error().code;
  };
  for (const char* url : {"", "http://127.0.0.1", "ftp://x", "https://", "127.0.0.1"}) {
    CHECK(sent(url, get("/")) == ErrorCode::usage);
  }
  const std::string url = "https://127.0.0.1:1";
  CHECK(sent(url, get("x")) == ErrorCode::usage);
  CHECK(sent(url, get("/a b\r\nEvil: yes")) == ErrorCode::usage);
  auto request = get("/");
  request.headers = {{"x", "a\r\nEvil: yes"}};
  CHECK(sent(url, request) == ErrorCode::usage);
}

TEST_CASE("a broken certificate or key of our own is told") {
  const Province province;
  http::Server server(province.server_options(), tell_back);
  const auto port = start_on_loopback(server);
  auto identity = province.client();
  identity.key_pem = province.client().key_pem.clone();
  http::Client mixed(province.client_options(port, identity));
  CHECK(mixed.send(get("/")).error().code == ErrorCode::malformed);
  identity.certificate_pem = "nonsense";
  http::Client broken(province.client_options(port, identity));
  CHECK(broken.send(get("/")).error().code == ErrorCode::malformed);
}

TEST_CASE("a connection that the server has closed is replaced") {
  const Province province;
  auto options = province.server_options();
  options.keep_alive_ms = 30;
  http::Server server(std::move(options), tell_back);
  http::Client client(province.client_options(start_on_loopback(server)));
  REQUIRE(client.send(get("/")));
  wait_until_idle(server);
  REQUIRE(client.send(get("/")));
  CHECK(client.metrics().connects == 1);
}
