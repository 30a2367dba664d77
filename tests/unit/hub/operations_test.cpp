// Goal: the operator's commands give what they say, with and without a running hub.
// Method: the methods are called directly; what only a running hub knows is a stand-in.
#include "hub/operations.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hub_folder.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::bao_lam_2;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::HubFolder;
using hub::test::morning;
using hub::test::start;
using nlohmann::json;
using sync::ErrorCode;

namespace {

class Operator {
 public:
  explicit Operator(HubFolder& hub, Running running = {})
      : methods_(operations_of(hub.hub(), std::move(running))) {}

  std::vector<json> call(const std::string& method, const json& params = json::object()) {
    std::vector<json> items;
    const sync::Status done = methods_.call(method, params, [&](const json& item) {
      items.push_back(item);
      return true;
    });
    if (!done) FAIL(done.error().message);
    return items;
  }
  json one(const std::string& method, const json& params = json::object()) {
    const std::vector<json> items = call(method, params);
    REQUIRE(items.size() == 1);
    return items.front();
  }
  ErrorCode error(const std::string& method, const json& params) {
    const sync::Status done = methods_.call(method, params, [](const json&) { return true; });
    REQUIRE_FALSE(done);
    return done.error().code;
  }

 private:
  command::Methods methods_;
};

}  // namespace

TEST_CASE("a code is told in both forms, and the running hub of its host") {
  HubFolder hub;
  int changed = 0;
  Operator operations(hub, {{}, [&] { ++changed; }});
  const json code =
      operations.one("code.create", {{"commune", blao}, {"hub_url", "https://hub.example.vn"}});
  CHECK(code["commune"] == blao);
  CHECK(code["name"] == "Phường B'Lao");
  const auto whole = sync::EnrolmentTicket::parse(code["code"].get<std::string>());
  const auto typed = sync::EnrolmentTicket::parse(code["typed"].get<std::string>());
  REQUIRE(whole);
  REQUIRE(typed);
  CHECK(whole->fingerprint);
  CHECK(whole->code.text() == typed->code.text());
  CHECK(code["expires_at"].get<std::string>().size() == 25);
  CHECK(changed == 1);
  CHECK(operations.error("code.create", {{"commune", "99999"}, {"hub_url", "https://h"}}) ==
        ErrorCode::usage);
  CHECK(operations.error("code.create", {{"commune", blao}}) == ErrorCode::usage);
  CHECK(operations.error("code.create", {{"commune", 24829}, {"hub_url", "https://h"}}) ==
        ErrorCode::usage);
  CHECK(changed == 1);
}

TEST_CASE("computers are listed, shown and revoked") {
  HubFolder hub;
  Computer first(hub, 1, bao_lam_2);
  Computer second(hub, 2, blao);
  Operator operations(hub, {[&](const sync::PublicKey& key) {
                              return key == first.key() ? std::optional(sync::Instant{morning})
                                                        : std::optional<sync::Instant>();
                            },
                            {}});
  const std::vector<json> nodes = operations.call("node.list");
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0]["device"] == second.id());
  CHECK(nodes[0]["unit"] == blao);
  CHECK(nodes[0]["state"] == "active");
  CHECK(nodes[0]["label"] == "Máy quầy");
  CHECK(nodes[0]["last_contact"].is_null());
  CHECK(nodes[0]["doubt"].is_null());
  CHECK(nodes[0]["lineages"] == 0);
  CHECK(nodes[0]["slot"] == json{1, 250});
  CHECK(nodes[1]["last_contact"] == host::local_time_text({morning}));
  CHECK(operations.one("node.list", {{"device", first.id()}}) == nodes[1]);
  CHECK(operations.error("node.list", {{"device", "ab"}}) == ErrorCode::not_found);
  CHECK(operations.error("node.revoke", {{"device", "ab"}}) == ErrorCode::not_found);
  CHECK(operations.error("node.revoke", json::object()) == ErrorCode::usage);
  CHECK(operations.call("node.revoke", {{"device", first.id()}}).empty());
  CHECK(operations.one("node.list", {{"device", first.id()}})["state"] == "revoked");
}

TEST_CASE("a commune's export, the hub's state and its verification") {
  HubFolder hub;
  Computer computer(hub, 1);
  computer.import({create_line("H36.49-250701-0001", morning)});
  {
    auto exchanges = start(hub);
    REQUIRE(computer.synchronise(*exchanges).synced);
  }
  Operator operations(hub);
  const json exported = operations.one("export", {{"commune", blao}});
  REQUIRE(exported["lines"].size() == 1);
  CHECK(exported["lines"][0].get<std::string>() + "\n" == computer.exported());
  CHECK(operations.call("export", {{"commune", bao_lam_2}}).empty());
  CHECK(operations.error("export", {{"commune", "99999"}}) == ErrorCode::usage);
  CHECK(operations.error("export", json::object()) == ErrorCode::usage);
  const json status = operations.one("status");
  CHECK(status["province"] == "68");
  CHECK(status["feeds"][blao]["size"] == 2);
  CHECK(status["feeds"]["province"]["size"].get<int>() > 234);
  const json report = operations.one("verify");
  CHECK(report["ok"] == true);
  CHECK(report["errors"] == 0);
  CHECK(report["findings"].empty());
  CHECK(operations.one("node.list")["lineages"] == 1);
}
