// Goal: the server's bounds hold against clients that no client of ours would be, and it stops
// well. Method: raw TLS clients with short time-outs; waiting is only ever for an answer or a
// close.
#include "http/server.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "province.hpp"

using namespace tram;
using sync::ErrorCode;

namespace {

/// A server with one change to its options, and raw clients for it.
class Site {
 public:
  explicit Site(const std::function<void(http::ServerOptions&)>& change = {},
                http::Handler handler = tell_back) {
    auto options = province_.server_options();
    if (change) change(options);
    server_.emplace(std::move(options), std::move(handler));
    port_ = start_on_loopback(*server_);
  }
  /// What comes back for these bytes until the server closes.
  std::string exchange(std::string_view text) const {
    RawClient client(port_);
    REQUIRE(client.connected());
    client.send(text);
    return client.receive_all();
  }
  [[nodiscard]] http::ClientOptions client() const { return province_.client_options(port_); }
  [[nodiscard]] const Province& province() const { return province_; }
  [[nodiscard]] http::Server& server() { return *server_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void remove_server() { server_.reset(); }

 private:
  Province province_;
  std::optional<http::Server> server_;
  std::uint16_t port_ = 0;
};

bool has_status(const std::string& answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

const std::string host_line = "Host: hub.test\r\n";

/// Holds answers back until told; shared with handlers that outlive it.
struct Held {
  std::mutex mutex;
  std::vector<http::Respond> answers;
  std::promise<void> first;
  void take(http::Respond respond) {
    const std::lock_guard lock(mutex);
    answers.push_back(std::move(respond));
    if (answers.size() == 1) first.set_value();
  }
};

}  // namespace

TEST_CASE("a body over the limit gets 413 before it is sent, and the connection ends") {
  Site site([](http::ServerOptions& options) { options.body_bytes = 1000; });
  const auto answer =
      site.exchange("POST /a HTTP/1.1\r\n" + host_line + "Content-Length: 1001\r\n\r\n");
  CHECK(has_status(answer, 413));
  CHECK(answer.find("Connection: close") != std::string::npos);
  // The client that has sent it all reads the answer as well, and no reset.
  http::Client client(site.client());
  const auto large = client.send(post("/a", sync::Bytes(900'000, 1)));
  REQUIRE(large);
  CHECK(large->status == 413);
  CHECK(client.send(post("/a", sync::Bytes(1000, 1)))->status == 200);
  CHECK(client.metrics().connects == 1);
  CHECK(site.server().counters().requests == 1);
}

TEST_CASE("headers over the limit get 431") {
  const Site site;
  const std::string filler(9000, 'x');
  CHECK(has_status(site.exchange("GET / HTTP/1.1\r\n" + host_line + "A: " + filler + "\r\n\r\n"),
                   431));
  CHECK(has_status(site.exchange("GET /" + filler + " HTTP/1.1\r\n\r\n"), 431));
}

TEST_CASE("what could be read in two ways is refused") {
  const Site site;
  const std::string chunks = "Transfer-Encoding: chunked\r\n";
  const std::string body = "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n";
  const std::string post_line = "POST / HTTP/1.1\r\n" + host_line;
  for (const std::string& head :
       {post_line + chunks, post_line + "Content-Length: 5\r\n" + chunks,
        post_line + chunks + "Content-Length: 5\r\n", "POST / HTTP/1.0\r\n" + chunks,
        post_line + "Transfer-Encoding: identity\r\n",
        post_line + "Content-Length: 5\r\nContent-Length: 6\r\n",
        post_line + "Content-Length: +5\r\n"}) {
    const auto answer = site.exchange(head + body);
    INFO(head << answer);
    CHECK((answer.starts_with("HTTP/1.1 4") || has_status(answer, 505)));
    CHECK(answer.find("smuggled") == std::string::npos);
    CHECK(answer.rfind("HTTP/1.1") == 0);  // one answer only
  }
}

TEST_CASE("other than HTTP/1.1 requests are refused") {
  const Site site;
  CHECK(has_status(site.exchange("GET / HTTP/1.0\r\n\r\n"), 505));
  CHECK(has_status(site.exchange("nonsense\r\n\r\n"), 400));
  CHECK(has_status(site.exchange("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), 400));
  CHECK(has_status(site.exchange("CONNECT hub:443 HTTP/1.1\r\n\r\n"), 400));
  CHECK(has_status(site.exchange("GET http://hub/ HTTP/1.1\r\n\r\n"), 400));
}

TEST_CASE("slow clients are cut off") {
  Site site([](http::ServerOptions& options) {
    options.header_ms = 400;
    options.body_credit_ms = 400;
    options.keep_alive_ms = 400;
  });
  CHECK(site.exchange("").empty());
  CHECK(site.exchange("GET / HTTP/1.1\r\nHos").empty());
  CHECK(site.exchange("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf").empty());
  CHECK(site.server().counters().requests == 0);
  // One that is done may idle for the keep-alive time, no longer.
  CHECK(has_status(site.exchange("GET / HTTP/1.1\r\n" + host_line + "\r\n"), 200));
  wait_until_idle(site.server());
  CHECK(site.server().counters().requests == 1);
  CHECK(site.server().counters().requests_refused == 2);
}

TEST_CASE("a client that stops in its handshake is cut off") {
  Site site([](http::ServerOptions& options) { options.handshake_ms = 100; });
  CHECK(exchange_without_tls(site.port(), "").empty());
  // The alert is what TLS says to nonsense; no HTTP comes back.
  CHECK(exchange_without_tls(site.port(), "GET / HTTP/1.1\r\n\r\n").find("HTTP") ==
        std::string::npos);
  {
    http::Client good(site.client());
    CHECK(good.send(get("/")));
  }
  wait_until_idle(site.server());
  CHECK(site.server().counters().handshakes_refused == 2);
}

TEST_CASE("requests of one connection are answered in order, also when sent at once") {
  const Site site;
  RawClient client(site.port());
  const std::string one = "POST /one HTTP/1.1\r\n" + host_line + "Content-Length: 3\r\n\r\nabc";
  const std::string two = "GET /two HTTP/1.1\r\n" + host_line + "Connection: close\r\n\r\n";
  client.send(one + two);
  const auto answers = client.receive_all();
  CHECK(answers.find("POST /one\n3\n") < answers.find("GET /two\n0\n"));
  CHECK(answers.find("GET /two\n0\n") != std::string::npos);
}

TEST_CASE("a body that comes in pieces is one body") {
  const Site site;
  RawClient client(site.port());
  client.send("POST / HTTP/1.1\r\n" + host_line + "Content-Length: 10\r\n\r\n");
  client.send("01234");
  client.send("56789");
  CHECK(client.receive_until("nobody").find("POST /\n10\n") != std::string::npos);
}

TEST_CASE("a connection has so many requests and no more") {
  Site site([](http::ServerOptions& options) { options.requests_per_connection = 2; });
  http::Client client(site.client());
  std::uint64_t connects = 0;
  for (int i = 0; i < 6; ++i) {
    REQUIRE(client.send(get("/")));
    connects += client.metrics().connects;
  }
  CHECK(connects == 3);
}

TEST_CASE("answers may come from other threads, late, twice or never") {
  Site site([](http::ServerOptions& options) { options.answer_ms = 300; },
            [held = std::make_shared<std::vector<http::Respond>>()](const http::Request& request,
                                                                    const http::Respond& respond) {
              if (request.target == "/thread") {
                std::thread([respond] { respond(http::text_response(200, "thread")); }).detach();
              } else if (request.target == "/twice") {
                respond(http::text_response(200, "first"));
                respond(http::text_response(200, "second"));
              } else if (request.target == "/held") {
                held->push_back(respond);
              } else if (request.target == "/throw") {
                throw std::runtime_error("words");
              } else if (request.target == "/inject") {
                respond({200, "text/plain\r\nEvil: yes", {}, {}});
              }
            });
  http::Client client(site.client());
  CHECK(body_text(client.send(get("/thread")).value()) == "thread");
  CHECK(body_text(client.send(get("/twice")).value()) == "first");
  CHECK(body_text(client.send(get("/thread")).value()) == "thread");
  const auto status_of = [&](const std::string& target) {
    return site.exchange("GET " + target + " HTTP/1.1\r\nConnection: close\r\n\r\n").substr(9, 3);
  };
  CHECK(status_of("/dropped") == "500");
  CHECK(status_of("/throw") == "500");
  CHECK(status_of("/inject") == "500");
  CHECK(status_of("/held") == "503");
  CHECK(client.send(get("/dropped")).error().code == ErrorCode::unavailable);
}

TEST_CASE("answers of every shape arrive whole") {
  Site site({}, [](const http::Request& request, const http::Respond& respond) {
    http::Response response;
    if (request.target == "/large") response.body.assign(3'000'000, 'z');
    if (request.target == "/none") response.status = 204;
    response.content_type = "application/octet-stream";
    response.headers.emplace_back("Retry-After", "60");
    respond(std::move(response));
  });
  http::Client client(site.client());
  const auto large = client.send(get("/large")).value();
  CHECK(large.body.size() == 3'000'000);
  CHECK(large.content_type == "application/octet-stream");
  CHECK(http::header_value(large.headers, "retry-after") == "60");
  CHECK(client.send(get("/none"))->status == 204);
  CHECK(client.send(get("/empty"))->body.empty());
  auto head = get("/large");
  head.method = "HEAD";
  const auto only_head = client.send(head).value();
  CHECK(only_head.body.empty());
  CHECK(http::header_value(only_head.headers, "content-length") == "3000000");
  CHECK(client.send(get("/empty"))->status == 200);
  CHECK(client.metrics().connects == 0);
}

TEST_CASE("unauthenticated connections are limited by address, verified ones are not") {
  Site site([](http::ServerOptions& options) {
    options.limit_loopback = true;
    options.unauthenticated_per_address = 2;
  });
  const auto identity = site.province().client();
  std::vector<std::unique_ptr<http::Client>> verified;
  for (int i = 0; i < 4; ++i) {
    verified.push_back(
        std::make_unique<http::Client>(site.province().client_options(site.port(), identity)));
    CHECK(verified.back()->send(get("/")));
  }
  http::Client first(site.client());
  http::Client second(site.client());
  http::Client third(site.client());
  CHECK(first.send(get("/")));
  CHECK(second.send(get("/")));
  CHECK(third.send(get("/")).error().code == ErrorCode::unavailable);
  CHECK(site.server().counters().connections_refused == 1);
  CHECK(site.server().counters().connections_open == 6);
  first.disconnect();
  while (site.server().counters().connections_open > 5) std::this_thread::yield();
  CHECK(third.send(get("/")));
}

TEST_CASE("all connections together are limited") {
  Site site([](http::ServerOptions& options) { options.connections = 2; });
  http::Client first(site.client());
  http::Client second(site.client());
  http::Client third(site.client());
  CHECK(first.send(get("/")));
  CHECK(second.send(get("/")));
  CHECK(third.send(get("/")).error().code == ErrorCode::unavailable);
}

TEST_CASE("stop lets a request in flight finish") {
  auto held = std::make_shared<Held>();
  Site site({}, [held](const http::Request&, http::Respond respond) { held->take(respond); });
  http::Client idle(site.client());
  auto answer = std::async(std::launch::async, [&] {
    http::Client client(site.client());
    return client.send(get("/"));
  });
  held->first.get_future().wait();
  std::thread stopping([&] { site.server().stop(); });
  held->answers.front()(http::text_response(200, "late but whole"));
  stopping.join();
  CHECK(body_text(answer.get().value()) == "late but whole");
  CHECK(idle.send(get("/")).error().code == ErrorCode::unavailable);
  CHECK(site.server().counters().connections_open == 0);
  site.server().stop();
}

TEST_CASE("stop closes idle connections at once and cuts what never ends") {
  auto held = std::make_shared<Held>();
  Site site([](http::ServerOptions& options) { options.stop_grace_ms = 50; },
            [held](const http::Request& request, http::Respond respond) {
              if (request.target == "/held") return held->take(respond);
              respond(http::text_response(200, ""));
            });
  http::Client idle(site.client());
  REQUIRE(idle.send(get("/")));
  auto answer = std::async(std::launch::async, [&] {
    http::Client client(site.client());
    return client.send(get("/held"));
  });
  held->first.get_future().wait();
  site.server().stop();
  CHECK(answer.get().error().code == ErrorCode::unavailable);
  site.remove_server();
  // The answer outlives the server and goes nowhere.
  held->answers.front()(http::text_response(200, "too late"));
  held->answers.clear();
}

TEST_CASE("64 clients at once are all served") {
  for (const std::size_t threads : {1U, 3U}) {
    Site site([threads](http::ServerOptions& options) { options.threads = threads; });
    const auto identity = site.province().client();
    std::atomic<int> good{0};
    std::vector<std::thread> crowd;
    for (int i = 0; i < 64; ++i) {
      crowd.emplace_back([&] {
        http::Client client(site.province().client_options(site.port(), identity));
        for (int request = 0; request < 3; ++request) {
          const auto answer = client.send(post("/x", sync::Bytes(20'000, 3)));
          if (answer && body_text(*answer).find("POST /x\n20000\n") == 0) ++good;
        }
      });
    }
    for (auto& one : crowd) one.join();
    CHECK(good == 64 * 3);
    CHECK(site.server().counters().connections == 64);
  }
}

TEST_CASE("what cannot start says why") {
  const Province province;
  http::Server first(province.server_options(), tell_back);
  const auto port = start_on_loopback(first);
  CHECK(first.start("127.0.0.1", 0).error().code == ErrorCode::usage);
  http::Server second(province.server_options(), tell_back);
  CHECK(second.start("127.0.0.1", port).error().code == ErrorCode::conflict);
  CHECK(second.start("no.such.host.invalid", 0).error().code == ErrorCode::usage);
  CHECK(second.start("127.0.0.1", 0));
  auto options = province.server_options();
  options.private_key_pem = Province().server().key_pem.clone();
  http::Server third(std::move(options), tell_back);
  CHECK(third.start("127.0.0.1", 0).error().code == ErrorCode::malformed);
  auto no_authority = province.server_options();
  no_authority.client_authority_pem = "nonsense";
  http::Server fourth(std::move(no_authority), tell_back);
  CHECK(fourth.start("127.0.0.1", 0).error().code == ErrorCode::malformed);
}
