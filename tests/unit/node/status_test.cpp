// Goal: the screen says "synced" only when it is a theorem, and shows what it rests on.
// Method: from the one state in which it holds, each condition is taken away by itself.
#include "node/status.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "node/contact.hpp"
#include "node_folder.hpp"

using namespace tram;
using namespace tram::node;
using nlohmann::json;
using node::test::create_line;
using node::test::home;
using node::test::morning;
using node::test::NodeFolder;
using node::test::OtherDevice;

namespace {

const std::string code = "H36.49-250701-0001";

void hear_the_hub(NodeFolder& folder, bool level, bool went_back = false, bool copied = false) {
  REQUIRE(folder.node().write([&](store::WriteUnit& unit) {
    return save_contact(unit, {{morning}, {morning - 40}, 40, level, went_back, copied});
  }));
}

// Everything is with the hub, and it was heard since.
void settle(NodeFolder& folder) {
  folder.import({create_line(code, morning)});
  folder.receive_receipt();
  hear_the_hub(folder, true);
}

bool synced(const NodeFolder& folder) {
  return folder.status().at("synced").get<bool>();
}

}  // namespace

TEST_CASE("a fresh node tells who it is, and claims nothing") {
  const NodeFolder folder;
  const json status = folder.status();
  CHECK(status["unit"] == home);
  CHECK(status["unit_name"] == "Phường B'Lao");
  CHECK(status["device"] == device_id(node::test::key_of(1).public_key()));
  CHECK(status["hub_url"] == "https://127.0.0.1:1");
  CHECK(status["pending_entries"] == 0);
  CHECK(status["pending_bytes"] == 0);
  CHECK(status["conflicts"] == 0);
  CHECK(status["records"] == 0);
  CHECK(status["records_to_rebuild"] == 0);
  CHECK(status["entries_without_bytes"] == 0);
  CHECK(status["head"]["size"] == 0);
  CHECK(status["receipt"].is_null());
  CHECK(status["link"]["state"] == "unknown");
  CHECK(status["link"]["last_contact"].is_null());
  CHECK(status["clock_offset_ms"].is_null());
  CHECK(status["disk_free_bytes"].get<std::uint64_t>() > 0);
  CHECK(status["synced"] == false);
}

TEST_CASE("with all of its conditions it is synced, and shows them") {
  NodeFolder folder;
  settle(folder);
  const json status = folder.status();
  CHECK(status["synced"] == true);
  CHECK(status["pending_entries"] == 0);
  CHECK(status["records"] == 1);
  CHECK(status["head"]["size"] == 2);
  CHECK(status["receipt"]["size"] == 2);
  CHECK(status["receipt"]["root"] == status["head"]["root"]);
  CHECK(status["receipt"]["hub_time"] == host::local_time_text({morning}));
  CHECK(status["receipt"]["epoch"].get<std::string>().size() == 16);
  CHECK(status["link"]["last_contact"] == host::local_time_text({morning}));
  CHECK(status["clock_offset_ms"] == 40);
  CHECK(status["hub_went_back"] == false);
  CHECK(status["copied"] == false);
  folder.reopen();
  CHECK(synced(folder));
}

TEST_CASE("without a contact nothing is synced, not even an empty node") {
  NodeFolder folder;
  CHECK_FALSE(synced(folder));
  folder.import({create_line(code, morning)});
  folder.receive_receipt();
  CHECK_FALSE(synced(folder));
  hear_the_hub(folder, true);
  CHECK(synced(folder));
}

TEST_CASE("a contact that left something open does not count") {
  NodeFolder folder;
  settle(folder);
  hear_the_hub(folder, false);
  CHECK_FALSE(synced(folder));
}

TEST_CASE("with an entry that waits it is not synced") {
  NodeFolder folder;
  settle(folder);
  folder.import({node::test::update_line(code, morning + 1, R"("copies":2)")});
  const json status = folder.status();
  CHECK(status["synced"] == false);
  CHECK(status["pending_entries"] == 1);
  CHECK(status["pending_bytes"].get<std::uint64_t>() > 20);
  folder.receive_receipt();
  CHECK(synced(folder));
}

TEST_CASE("with more in the feed than a head covers it is not synced") {
  NodeFolder folder;
  settle(folder);
  OtherDevice other;
  folder.apply(other.edit(folder.record(code), R"("copies":2)", morning + 1));
  const json status = folder.status();
  CHECK(status["pending_entries"] == 0);
  CHECK(status["head"]["size"] == 4);
  CHECK(status["receipt"]["size"] == 2);
  CHECK(status["synced"] == false);
  sync::Commit receipt;
  receipt.heads.push_back(folder.head_of(home));
  folder.apply(receipt);
  CHECK(synced(folder));
}

TEST_CASE("what the hub lost and does not have back keeps it from being synced") {
  NodeFolder folder;
  settle(folder);
  // The hub is restored to an empty store, and has heard nothing of the old one yet.
  sync::Commit cut;
  cut.cuts.push_back({home, 0, folder.head_of(home)});
  folder.apply(cut);
  hear_the_hub(folder, true, true);
  json status = folder.status();
  CHECK(status["hub_went_back"] == true);
  CHECK(status["receipt"].is_null());
  CHECK(status["pending_entries"] == 1);
  CHECK(status["records"] == 1);
  CHECK(status["synced"] == false);
  folder.receive_receipt();
  CHECK(folder.pending() == 0);
}

TEST_CASE("a stretch of the province's feed that waits to be returned counts as well") {
  NodeFolder folder;
  settle(folder);
  // Two entries of the hub, then it forgets the second.
  OtherDevice hub(200, sync::province_feed);
  sync::Commit reference = hub.edit(folder.record(code), R"("copies":5)", morning);
  for (sync::FeedAppend& append : reference.appends) append.feed = sync::province_feed;
  folder.apply(reference);
  sync::Commit heads;
  heads.heads.push_back(folder.head_of(sync::province_feed));
  folder.apply(heads);
  CHECK(synced(folder));
  sync::Commit cut;
  cut.cuts.push_back({sync::province_feed, 1, folder.head_of(sync::province_feed)});
  folder.apply(cut);
  CHECK(folder.pending() == 0);
  CHECK_FALSE(synced(folder));
  std::int64_t lost = 0;
  folder.read([&](const store::ReadUnit& unit) {
    REQUIRE(unit.lost(sync::province_feed).size() == 1);
    lost = unit.lost(sync::province_feed).front().id;
  });
  sync::Commit returned;
  returned.returned.emplace_back(lost, 2);
  folder.apply(returned);
  CHECK(synced(folder));
}

TEST_CASE("a running daemon tells of its link") {
  NodeFolder folder;
  settle(folder);
  const auto link = [&](const Attempts& attempts) {
    return status_of(folder.node(), attempts).value().at("link");
  };
  CHECK(link({"", std::nullopt})["state"] == "up");
  CHECK_FALSE(link({"", std::nullopt}).contains("next_attempt"));
  const json down = link({"no way through", sync::Instant{morning + 5000}});
  CHECK(down["state"] == "down");
  CHECK(down["last_error"] == "no way through");
  CHECK(down["next_attempt"] == host::local_time_text({morning + 5000}));
  CHECK(down["last_contact"] == host::local_time_text({morning}));
  NodeFolder fresh(2);
  CHECK(status_of(fresh.node(), Attempts{}).value()["link"]["state"] == "unknown");
}

TEST_CASE("two computers with one identity are told of") {
  NodeFolder folder;
  hear_the_hub(folder, false, false, true);
  CHECK(folder.status()["copied"] == true);
}
