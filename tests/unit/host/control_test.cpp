// Goal: commands and daemon talk, and neither ever hangs on the other.
// Method: a server and clients in one process; peers that misbehave are raw sockets.
#include "host/control.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "host/clock.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
using sync::ErrorCode;
using tram::test::TempDir;

namespace {

using Replies = std::vector<std::string>;

host::ControlServer start(const std::filesystem::path& folder, host::ControlHandler handler,
                          host::ControlOptions options = {}) {
  auto server = host::ControlServer::start(folder, std::move(handler), options);
  REQUIRE(server);
  return std::move(*server);
}

sync::Result<Replies> ask(const std::filesystem::path& folder, std::string_view request,
                          host::ControlOptions options = {}) {
  auto client = host::ControlClient::connect(folder, options);
  if (!client) return sync::fail(client.error());
  Replies replies;
  const auto done =
      client->call(request, [&](std::string_view reply) { replies.emplace_back(reply); });
  if (!done) return sync::fail(done.error());
  return replies;
}

void echo_twice(std::string_view request, const host::ControlReply& reply) {
  reply(request);
  reply("");  // means nothing
  reply(request);
}

/// A socket that is bound to the folder's place, as a daemon that died or hangs leaves it.
int bind_raw(const std::filesystem::path& folder) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (folder / "control.sock").string();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

}  // namespace

TEST_CASE("a request is answered by any number of messages") {
  const TempDir folder;
  auto server = start(folder.path(), echo_twice);
  CHECK(ask(folder.path(), "xin chào").value() == Replies{"xin chào", "xin chào"});
  auto client = host::ControlClient::connect(folder.path());
  REQUIRE(client);
  int replies = 0;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client->call("again", [&](std::string_view) { ++replies; }));
  }
  CHECK(replies == 6);
  struct stat status {};
  REQUIRE(::stat((folder.path() / "control.sock").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  server.stop();
  CHECK_FALSE(std::filesystem::exists(folder.path() / "control.sock"));
  CHECK(client->call("late", [](std::string_view) {}).error().code == ErrorCode::unavailable);
}

TEST_CASE("no daemon, no folder and a socket left behind are all not found") {
  const TempDir folder;
  CHECK(ask(folder.path(), "x").error().code == ErrorCode::not_found);
  CHECK(ask(folder.path() / "none", "x").error().code == ErrorCode::not_found);
  const int stale = bind_raw(folder.path());
  ::close(stale);
  CHECK(ask(folder.path(), "x").error().code == ErrorCode::not_found);
  // The next daemon takes the place over.
  auto server = start(folder.path(), echo_twice);
  CHECK(ask(folder.path(), "x"));
  CHECK(host::ControlServer::start(folder.path(), echo_twice).error().code == ErrorCode::conflict);
  CHECK(ask(folder.path(), "x"));
}

TEST_CASE("a folder whose path is longer than a socket address works") {
  const TempDir folder;
  const auto deep = folder.path() / std::string(100, 'a') / std::string(100, 'b');
  std::filesystem::create_directories(deep);
  auto server = start(deep, echo_twice);
  CHECK(ask(deep, "x").value().size() == 2);
  server.stop();
  CHECK(ask(deep, "x").error().code == ErrorCode::not_found);
}

TEST_CASE("large messages pass and too large ones are told") {
  const TempDir folder;
  auto server = start(folder.path(), [](std::string_view request, const host::ControlReply& reply) {
    const bool too_large = request == "too large";
    const auto size = host::control_message_bytes_max + (too_large ? 1 : 0);
    if (reply(std::string(size, 'z')) == too_large) throw std::logic_error("the wrong answer");
  });
  const auto replies = ask(folder.path(), "large");
  REQUIRE(replies);
  CHECK(replies->front().size() == host::control_message_bytes_max);
  CHECK(ask(folder.path(), "too large").error().code == ErrorCode::failed);
  CHECK(ask(folder.path(), std::string(host::control_message_bytes_max + 1, 'r')).error().code ==
        ErrorCode::limit);
  CHECK(ask(folder.path(), "").error().code == ErrorCode::usage);
}

TEST_CASE("a handler that throws fails its own call only") {
  const TempDir folder;
  auto server = start(folder.path(), [](std::string_view request, const host::ControlReply& reply) {
    if (request == "throw") throw std::runtime_error("words that nobody should see");
    if (request == "throw a number") throw 7;
    reply("fine");
  });
  CHECK(ask(folder.path(), "throw").error().code == ErrorCode::failed);
  CHECK(ask(folder.path(), "throw a number").error().code == ErrorCode::failed);
  CHECK(ask(folder.path(), "x").value() == Replies{"fine"});
}

TEST_CASE("a daemon that works long is waited for") {
  const TempDir folder;
  host::ControlOptions options;
  options.keep_alive_ms = 10;
  options.silence_ms = 500;
  std::promise<void> go;
  auto gone = go.get_future().share();
  auto server = start(
      folder.path(),
      [gone](std::string_view, const host::ControlReply& reply) {
        gone.wait();
        reply("done");
      },
      options);
  // The handler answers only after more silence than a client would stand.
  auto answer = std::async(std::launch::async, [&] { return ask(folder.path(), "x", options); });
  CHECK(answer.wait_for(std::chrono::milliseconds(700)) == std::future_status::timeout);
  go.set_value();
  CHECK(answer.get().value() == Replies{"done"});
}

TEST_CASE("a daemon that hangs is given up") {
  const TempDir folder;
  const int socket = bind_raw(folder.path());
  REQUIRE(::listen(socket, 8) == 0);
  host::ControlOptions options;
  options.silence_ms = 50;
  CHECK(ask(folder.path(), "x", options).error().code == ErrorCode::unavailable);
  ::close(socket);
}

TEST_CASE("a client that says nothing or leaves does not hold up the others") {
  const TempDir folder;
  host::ControlOptions options;
  options.peer_wait_ms = 50;
  options.keep_alive_ms = 10;
  std::promise<bool> noticed;
  auto server = start(
      folder.path(),
      [&](std::string_view request, const host::ControlReply& reply) {
        if (request == "leave") {
          // The client has left: the next writes tell.
          bool there = true;
          while (there) there = reply("more");
          noticed.set_value(true);
        }
        reply("fine");
      },
      options);
  const int silent = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (folder.path() / "control.sock").string();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  REQUIRE(::connect(silent, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  char byte = 0;
  while (::read(silent, &byte, 1) > 0) {  // signs of life, then the end
  }
  ::close(silent);
  const int leaving = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::connect(leaving, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::write(leaving, "\0\0\0\5leave", 9) == 9);
  ::close(leaving);
  CHECK(noticed.get_future().get());
  CHECK(ask(folder.path(), "x").value() == Replies{"fine"});
}

TEST_CASE("the ninth command at once is told that the daemon is busy") {
  const TempDir folder;
  std::latch all_in(static_cast<std::ptrdiff_t>(host::control_connections_max));
  std::promise<void> go;
  auto gone = go.get_future().share();
  auto server = start(folder.path(), [&, gone](std::string_view, const host::ControlReply& reply) {
    all_in.count_down();
    gone.wait();
    reply("done");
  });
  // Told apart from connections that only ask whether somebody listens: those never get here.
  std::vector<std::future<sync::Result<Replies>>> answers;
  for (std::size_t i = 0; i < host::control_connections_max; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      for (;;) {
        auto answer = ask(folder.path(), "x");
        if (answer || answer.error().code != ErrorCode::unavailable) return answer;
      }
    }));
  }
  all_in.wait();
  CHECK(ask(folder.path(), "x").error().code == ErrorCode::unavailable);
  go.set_value();
  for (auto& answer : answers) CHECK(answer.get().value() == Replies{"done"});
}

TEST_CASE("an answer that stop cuts short is never taken for a whole one") {
  const TempDir folder;
  const int round = GENERATE(range(0, 50));  // the handler's return races with the closing
  CAPTURE(round);
  std::promise<void> started;
  auto server = start(folder.path(), [&](std::string_view, const host::ControlReply& reply) {
    started.set_value();
    while (reply("tick")) {
    }
  });
  auto answer = std::async(std::launch::async, [&] { return ask(folder.path(), "x"); });
  started.get_future().wait();
  server.stop();
  server.stop();
  const auto ended = answer.get();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::unavailable);
}
