// Goal: a method gives the same items and the same errors through the control channel as without.
// Method: one list of methods, called directly and through a server on a folder of its own.
#include "command/methods.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/temp_dir.hpp"

using namespace tram;
using command::Emit;
using command::Methods;
using nlohmann::json;
using sync::ErrorCode;

namespace {

constexpr std::array all_codes{ErrorCode::malformed, ErrorCode::limit,        ErrorCode::unverified,
                               ErrorCode::refused,   ErrorCode::unavailable,  ErrorCode::not_found,
                               ErrorCode::conflict,  ErrorCode::not_enrolled, ErrorCode::usage,
                               ErrorCode::io,        ErrorCode::damaged,      ErrorCode::failed};

Methods sample_methods() {
  Methods methods;
  methods.add("count", [](const json& params, const Emit& emit) -> sync::Status {
    const int to = params.at("to");
    for (int i = 0; i < to; ++i) emit({{"i", i}});
    return {};
  });
  methods.add("say", [](const json& params, const Emit& emit) -> sync::Status {
    emit(params.at("text"));
    return {};
  });
  methods.add("fail", [](const json& params, const Emit& emit) -> sync::Status {
    emit("before");
    return sync::fail(all_codes.at(params.at("code").get<std::size_t>()), "so it is");
  });
  methods.add("broken_text", [](const json&, const Emit& emit) -> sync::Status {
    emit({{"text", "m\xe1y"}});
    return sync::fail(ErrorCode::io, "disk \xff full");
  });
  return methods;
}

// One way to the methods; the other is Methods::call.
class Channel {
 public:
  explicit Channel(host::ControlHandler handler) {
    auto server = host::ControlServer::start(folder_.path(), std::move(handler));
    REQUIRE(server);
    server_ = std::move(*server);
  }
  explicit Channel(const Methods& methods) : Channel(command::control_handler(methods)) {}

  [[nodiscard]] sync::Status call(std::string_view name, const json& params,
                                  std::vector<json>& items) const {
    auto client = host::ControlClient::connect(folder_.path());
    REQUIRE(client);
    return command::call_through(*client, name, params,
                                 [&](const json& item) { items.push_back(item); });
  }
  [[nodiscard]] std::vector<std::string> send_raw(const std::string& request) const {
    auto client = host::ControlClient::connect(folder_.path());
    REQUIRE(client);
    std::vector<std::string> answers;
    CHECK(client->call(request, [&](std::string_view text) { answers.emplace_back(text); }));
    return answers;
  }
  [[nodiscard]] host::ControlClient client() const {
    return std::move(*host::ControlClient::connect(folder_.path()));
  }

 private:
  test::TempDir folder_;
  std::optional<host::ControlServer> server_;
};

struct Outcome {
  sync::Status status;
  std::vector<json> items;
};

Outcome call_directly(const Methods& methods, std::string_view name, const json& params) {
  Outcome out;
  out.status = methods.call(name, params, [&](const json& item) {
    out.items.push_back(item);
    return true;
  });
  return out;
}

Outcome call_by(const Channel& channel, std::string_view name, const json& params) {
  Outcome out;
  out.status = channel.call(name, params, out.items);
  return out;
}

void check_both(const Methods& methods, const Channel& channel, std::string_view name,
                const json& params, ErrorCode code) {
  CAPTURE(name, params.dump());
  for (const Outcome& outcome :
       {call_directly(methods, name, params), call_by(channel, name, params)}) {
    REQUIRE_FALSE(outcome.status);
    CHECK(outcome.status.error().code == code);
    CHECK_FALSE(outcome.status.error().message.empty());
  }
}

}  // namespace

TEST_CASE("items stream in order, and both ways give the same") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  for (const int to : {0, 1, 500}) {
    const Outcome direct = call_directly(methods, "count", {{"to", to}});
    const Outcome through = call_by(channel, "count", {{"to", to}});
    CHECK(direct.status);
    CHECK(through.status);
    CHECK(direct.items.size() == static_cast<std::size_t>(to));
    CHECK(direct.items == through.items);
  }
}

TEST_CASE("an unknown method and parameters of a wrong shape are usage") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  check_both(methods, channel, "nobody", json::object(), ErrorCode::usage);
  check_both(methods, channel, "", json::object(), ErrorCode::usage);
  check_both(methods, channel, "count", json::object(), ErrorCode::usage);
  check_both(methods, channel, "count", {{"to", "three"}}, ErrorCode::usage);
  check_both(methods, channel, "count", json::array({3}), ErrorCode::usage);
  check_both(methods, channel, "count", "three", ErrorCode::usage);
  check_both(methods, channel, "count", nullptr, ErrorCode::usage);
}

TEST_CASE("every error keeps its code and its message across the channel") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  for (std::size_t i = 0; i < all_codes.size(); ++i) {
    const Outcome outcome = call_by(channel, "fail", {{"code", i}});
    REQUIRE_FALSE(outcome.status);
    CHECK(outcome.status.error().code == all_codes[i]);
    CHECK(outcome.status.error().message == "so it is");
    CHECK(outcome.items == std::vector<json>{"before"});
  }
}

TEST_CASE("text of any kind survives the channel") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  for (const char* text : {"", "Đặng Thị Hường", "\"\\\n\r\t\x01", "B'Lao", "\xf0\x9f\x8f\x9b"}) {
    const Outcome outcome = call_by(channel, "say", {{"text", text}});
    CHECK(outcome.status);
    CHECK(outcome.items == std::vector<json>{text});
  }
  const std::string zeros("a\0b", 3);
  CHECK(call_by(channel, "say", {{"text", zeros}}).items == std::vector<json>{zeros});
}

TEST_CASE("text that is not UTF-8 stops no answer, and is never taken for something else") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  const Outcome outcome = call_by(channel, "broken_text", json::object());
  REQUIRE_FALSE(outcome.status);
  CHECK(outcome.status.error().code == ErrorCode::io);
  CHECK(outcome.status.error().message == "disk \xef\xbf\xbd full");
  CHECK(outcome.items == std::vector<json>{{{"text", "m\xef\xbf\xbdy"}}});

  const Outcome refused = call_by(channel, "say", {{"text", "m\xe1y"}});
  REQUIRE_FALSE(refused.status);
  CHECK(refused.status.error().code == ErrorCode::usage);
  CHECK(refused.items.empty());
}

TEST_CASE("a request that is none is answered with usage") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  for (const char* request : {"{", "[]", "null", "{}", R"({"method":5})", "\xff"}) {
    const std::vector<std::string> answers = channel.send_raw(request);
    REQUIRE(answers.size() == 1);
    CHECK(json::parse(answers.front()).at("error").at("code") == "usage");
  }
  CHECK(channel.send_raw(R"({"method":"count","params":{"to":1},"more":2})").size() == 1);
}

TEST_CASE("an answer of another version is an error, not the end of the command") {
  for (const char* answer : {"{", "[]", "5", "{}", R"({"error":5})", R"({"error":{"code":5}})",
                             R"({"error":{"code":"io"}})", R"({"items":[]})"}) {
    CAPTURE(answer);
    const Channel channel([answer](std::string_view, const host::ControlReply& reply) {
      reply(answer);
      reply(R"({"item":1})");
    });
    const Outcome outcome = call_by(channel, "any", json::object());
    REQUIRE_FALSE(outcome.status);
    CHECK(outcome.status.error().code == ErrorCode::failed);
    CHECK(outcome.items.empty());
  }
  const Channel unknown([](std::string_view, const host::ControlReply& reply) {
    reply(R"({"error":{"code":"of_tomorrow","message":"new"}})");
  });
  const Outcome outcome = call_by(unknown, "any", json::object());
  CHECK(outcome.status.error().code == ErrorCode::failed);
  CHECK(outcome.status.error().message == "new");
}

TEST_CASE("an item that a command does not understand ends it with an error") {
  const Methods methods = sample_methods();
  const Channel channel(methods);
  host::ControlClient client = channel.client();
  int items = 0;
  const sync::Status done =
      command::call_through(client, "count", {{"to", 3}}, [&](const json& item) {
        ++items;
        static_cast<void>(item.at("lines"));
      });
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::failed);
  CHECK(items == 1);
}
