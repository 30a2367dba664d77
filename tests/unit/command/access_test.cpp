// Goal: a command reaches its data folder through the daemon, or alone under the folder's lock.
// Method: a daemon is a control server in this process; the other command is a lock held here.
#include "command/access.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.hpp"

using namespace tram;
using command::Access;
using command::Emit;
using command::Methods;
using nlohmann::json;
using sync::ErrorCode;

namespace {

Methods who(const std::string& name) {
  Methods methods;
  methods.add("who", [name](const json&, const Emit& emit) -> sync::Status {
    emit(name);
    return {};
  });
  return methods;
}

// What a program would open; notes that it was opened, and whether the lock was held when it went.
class OpenedHere final : public command::Opened {
 public:
  OpenedHere(std::filesystem::path folder, bool* locked_at_end)
      : folder_(std::move(folder)), locked_at_end_(locked_at_end), methods_(who("this process")) {}
  ~OpenedHere() override {
    if (locked_at_end_ != nullptr) *locked_at_end_ = !host::DataLock::acquire(folder_);
  }
  [[nodiscard]] const Methods& methods() const override { return methods_; }

 private:
  std::filesystem::path folder_;
  bool* locked_at_end_;
  Methods methods_;
};

command::Open open_here(const std::filesystem::path& folder, bool* locked_at_end = nullptr) {
  return [folder, locked_at_end]() -> sync::Result<std::unique_ptr<command::Opened>> {
    return std::unique_ptr<command::Opened>(std::make_unique<OpenedHere>(folder, locked_at_end));
  };
}

sync::Result<std::unique_ptr<command::Opened>> open_nothing() {
  return sync::fail(ErrorCode::not_enrolled, "not here");
}

std::string ask(Access& access) {
  std::string answer;
  const sync::Status done = access.call(
      "who", json::object(), [&](const json& item) { answer = item.get<std::string>(); });
  CHECK(done);
  return answer;
}

}  // namespace

TEST_CASE("beside a daemon a command goes through it, and opens nothing") {
  const test::TempDir folder;
  const Methods methods = who("daemon");
  const auto lock = host::DataLock::acquire(folder.path());
  REQUIRE(lock);
  auto server = host::ControlServer::start(folder.path(), command::control_handler(methods));
  REQUIRE(server);
  auto access = Access::to(folder.path(), open_nothing);
  REQUIRE(access);
  CHECK(ask(*access) == "daemon");
  CHECK(access->call("else", json::object(), [](const json&) {}).error().code == ErrorCode::usage);
  server->stop();
  CHECK(access->call("who", json::object(), [](const json&) {}).error().code ==
        ErrorCode::unavailable);
}

TEST_CASE("without a daemon a command works under the lock, to the very end") {
  const test::TempDir folder;
  bool locked_at_end = false;
  {
    auto access = Access::to(folder.path(), open_here(folder.path(), &locked_at_end));
    REQUIRE(access);
    CHECK(ask(*access) == "this process");
    CHECK(host::DataLock::acquire(folder.path()).error().code == ErrorCode::conflict);
  }
  CHECK(locked_at_end);
  CHECK(host::DataLock::acquire(folder.path()));
}

TEST_CASE("an item that does not fit ends a command alike without a daemon") {
  const test::TempDir folder;
  auto access = Access::to(folder.path(), open_here(folder.path()));
  REQUIRE(access);
  const sync::Status done = access->call(
      "who", json::object(), [](const json& item) { static_cast<void>(item.at("lines")); });
  REQUIRE_FALSE(done);
}

TEST_CASE("another command that holds the lock is waited for") {
  const test::TempDir folder;
  auto lock = host::DataLock::acquire(folder.path());
  REQUIRE(lock);
  auto waiting = std::async(std::launch::async,
                            [&] { return Access::to(folder.path(), open_here(folder.path())); });
  // As long as the lock is held there is nothing to wait for in vain.
  CHECK(waiting.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  { const host::DataLock let_go = std::move(*lock); }
  sync::Result<Access> access = waiting.get();
  REQUIRE(access);
  CHECK(ask(*access) == "this process");
}

TEST_CASE("a daemon that comes up meanwhile serves the command that waits") {
  const test::TempDir folder;
  const auto lock = host::DataLock::acquire(folder.path());
  REQUIRE(lock);
  auto waiting =
      std::async(std::launch::async, [&] { return Access::to(folder.path(), open_nothing); });
  CHECK(waiting.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  const Methods methods = who("daemon");
  auto server = host::ControlServer::start(folder.path(), command::control_handler(methods));
  REQUIRE(server);
  sync::Result<Access> access = waiting.get();
  REQUIRE(access);
  CHECK(ask(*access) == "daemon");
}

TEST_CASE("a daemon waits for a command that holds the lock, but not for another daemon") {
  const test::TempDir folder;
  CHECK_FALSE(command::lock_for_daemon(folder.path() / "none"));
  auto lock = host::DataLock::acquire(folder.path());
  REQUIRE(lock);
  auto waiting =
      std::async(std::launch::async, [&] { return command::lock_for_daemon(folder.path()); });
  CHECK(waiting.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  { const host::DataLock let_go = std::move(*lock); }
  const sync::Result<host::DataLock> mine = waiting.get();
  REQUIRE(mine);
  const Methods methods = who("daemon");
  auto server = host::ControlServer::start(folder.path(), command::control_handler(methods));
  REQUIRE(server);
  CHECK(command::lock_for_daemon(folder.path()).error().code == ErrorCode::conflict);
}

TEST_CASE("without a folder there is nothing to work on") {
  const test::TempDir folder;
  const auto missing = Access::to(folder.path() / "none", open_here(folder.path()));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_enrolled);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "none"));
  const auto failed = Access::to(folder.path(), open_nothing);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::not_enrolled);
  CHECK(failed.error().message == "not here");
  CHECK(host::DataLock::acquire(folder.path()));
}
