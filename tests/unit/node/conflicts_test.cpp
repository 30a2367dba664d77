// Goal: what two places changed is shown whole and settled by a person, once and for everybody.
// Method: a second computer's entries come by the feed, each after what it had seen.
#include "node/conflicts.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "node/operations.hpp"
#include "node_folder.hpp"
#include "store/verify.hpp"
#include "sync/limits.hpp"

using namespace tram;
using namespace tram::node;
using nlohmann::json;
using node::test::create_line;
using node::test::home;
using node::test::morning;
using node::test::NodeFolder;
using node::test::OtherDevice;
using node::test::update_line;
using sync::ErrorCode;

namespace {

const std::string code = "H36.49-250701-0001";

std::vector<json> conflicts(NodeFolder& folder, const std::optional<std::string>& record = {}) {
  std::vector<json> out;
  const sync::Status done = for_each_conflict(folder.node(), record, [&](const json& conflict) {
    out.push_back(conflict);
    return true;
  });
  REQUIRE(done);
  return out;
}

sync::Status decide(NodeFolder& folder, const json& params) {
  Link link(folder.node());
  return operations_of(folder.node(), link, {}).call("conflict.decide", params, [](const json&) {
    return true;
  });
}

ErrorCode refused(NodeFolder& folder, const json& params) {
  const std::uint64_t pending = folder.pending();
  const sync::Status done = decide(folder, params);
  REQUIRE_FALSE(done);
  CHECK(folder.pending() == pending);
  // Messages are sent on by people in a hurry.
  CHECK(done.error().message.find("0969") == std::string::npos);
  return done.error().code;
}

// Both change a field after the same create: `fields` there, `ours` here.
void disagree(NodeFolder& folder, const std::string& theirs, const std::string& ours) {
  const store::RecordRow row = folder.record(code);
  OtherDevice other;
  const sync::Commit commit = other.edit(row, theirs, morning + 1000);
  folder.import({update_line(code, morning + 2000, ours)});
  folder.apply(commit);
}

json two_phones(NodeFolder& folder) {
  folder.import({create_line(code, morning)});
  disagree(folder, R"("phone":"0969000001")", R"("phone":"0969000002")");
  const std::vector<json> all = conflicts(folder);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string entry_with(const json& conflict, const json& value) {
  for (const json& rival : conflict.at("values")) {
    if (rival.at("value") == value) return rival.at("entry");
  }
  FAIL("no rival has this value");
  return {};
}

json exported_field(NodeFolder& folder, const std::string& key) {
  return json::parse(folder.exported()).at("fields").at(key);
}

}  // namespace

TEST_CASE("a conflict is shown with all that is needed to judge it") {
  NodeFolder folder;
  CHECK(conflicts(folder).empty());
  const json conflict = two_phones(folder);
  CHECK(conflict["code"] == code);
  CHECK(conflict["record"] == sync::to_hex(folder.record(code).record.id));
  CHECK(conflict["field"] == "phone");
  CHECK(conflict["label_vi"] == "Điện thoại");
  CHECK(conflict["label_en"] == "Phone");
  CHECK(conflict["since"] == host::local_time_text({morning + 2000}));
  CHECK_FALSE(conflict.contains("element"));
  REQUIRE(conflict["values"].size() == 2);
  for (const json& rival : conflict["values"]) {
    CHECK(rival["unit"] == home);
    CHECK(rival["entry"].get<std::string>().size() == 64);
    CHECK(rival["decision"] == false);
    CHECK(rival["time_trusted"] == true);
  }
  CHECK(conflict["values"][0]["log"] != conflict["values"][1]["log"]);
  CHECK(folder.status()["conflicts"] == 1);
}

TEST_CASE("conflicts of one record are found by code and by id") {
  NodeFolder folder;
  const json conflict = two_phones(folder);
  const std::string second = "H36.49-250701-0002";
  folder.import({create_line(second, morning)});
  OtherDevice other(10);
  const sync::Commit commit = other.edit(folder.record(second), R"("copies":2)", morning + 5);
  folder.import({update_line(second, morning + 6, R"("copies":3)")});
  folder.apply(commit);
  CHECK(conflicts(folder).size() == 2);
  CHECK(conflicts(folder, code) == std::vector<json>{conflict});
  CHECK(conflicts(folder, conflict["record"].get<std::string>()).size() == 1);
  CHECK(conflicts(folder, second).size() == 1);
  CHECK(conflicts(folder, "H36.49-250701").empty());
  int visited = 0;
  CHECK(for_each_conflict(folder.node(), {}, [&](const json&) { return ++visited > 1; }));
  CHECK(visited == 1);
}

TEST_CASE("a decision keeps one rival's value, and names all that it has seen") {
  const bool theirs = GENERATE(false, true);
  NodeFolder folder;
  const json conflict = two_phones(folder);
  const std::string kept = theirs ? "0969000001" : "0969000002";
  REQUIRE(decide(folder,
                 {{"record", code}, {"field", "phone"}, {"entry", entry_with(conflict, kept)}}));
  CHECK(conflicts(folder).empty());
  CHECK(exported_field(folder, "phone") == kept);
  CHECK(folder.status()["conflicts"] == 0);
  std::vector<sync::Entry> entries = folder.entries_of(code);
  const auto decision = std::find_if(entries.begin(), entries.end(), [](const sync::Entry& entry) {
    return std::get<sync::Edit>(entry.body).changes.front().decision;
  });
  REQUIRE(decision != entries.end());
  CHECK(std::get<sync::Edit>(decision->body).parents.size() == 2);
  CHECK(decision->capacity == sync::Capacity::owner);
  // A decision made before the hub was ever heard has no trusted time.
  CHECK_FALSE(decision->time_trusted);
  folder.read([](const store::ReadUnit& unit) { CHECK(store::verify(unit, {})->ok()); });
}

TEST_CASE("a decision may be a third value") {
  NodeFolder folder;
  const json conflict = two_phones(folder);
  REQUIRE(decide(
      folder, {{"record", conflict["record"]}, {"field", "phone"}, {"value", "\"0969000003\""}}));
  CHECK(conflicts(folder).empty());
  CHECK(exported_field(folder, "phone") == "0969000003");
}

TEST_CASE("what is no decision is refused, and nothing is written") {
  NodeFolder folder;
  const json conflict = two_phones(folder);
  const auto with = [](json params) {
    json all = {{"record", code}, {"field", "phone"}};
    all.update(params);
    return all;
  };
  CHECK(refused(folder, with(json::object())) == ErrorCode::usage);
  const std::string entry = entry_with(conflict, "0969000001");
  CHECK(refused(folder, with({{"entry", entry}, {"value", "\"1\""}})) == ErrorCode::usage);
  CHECK(refused(folder, {{"field", "phone"}, {"entry", entry}}) == ErrorCode::usage);
  CHECK(refused(folder, with({{"entry", 5}})) == ErrorCode::usage);
  CHECK(refused(folder, with({{"value", "0969 is not JSON"}})) == ErrorCode::malformed);
  CHECK(refused(folder, with({{"value", "[1]"}})) == ErrorCode::malformed);
  const std::string long_text = json(std::string(70, '1')).dump();
  CHECK(refused(folder, with({{"value", long_text}})) == ErrorCode::limit);
  CHECK(refused(folder, with({{"entry", std::string(64, 'a')}})) == ErrorCode::not_found);
  CHECK(refused(folder, with({{"entry", ""}})) == ErrorCode::not_found);
  CHECK(refused(folder, with({{"field", "copies"}, {"entry", entry}})) == ErrorCode::not_found);
  CHECK(refused(folder, with({{"record", "H36.49"}, {"entry", entry}})) == ErrorCode::not_found);
  CHECK(refused(folder, with({{"element", "x"}, {"entry", entry}})) == ErrorCode::not_found);
  CHECK(conflicts(folder) == std::vector<json>{conflict});
  REQUIRE(decide(folder, with({{"entry", entry}})));
  CHECK(refused(folder, with({{"entry", entry}})) == ErrorCode::not_found);
}

TEST_CASE("two decisions that differ are a conflict again") {
  NodeFolder folder;
  const json conflict = two_phones(folder);
  const store::RecordRow row = folder.record(code);
  REQUIRE(decide(folder, {{"record", code}, {"field", "phone"}, {"value", "\"0969000003\""}}));
  OtherDevice other(11);
  sync::Commit theirs = other.edit(row, R"("phone":"0969000004")", morning + 9000);
  auto entry = sync::decode_entry(*theirs.entries.back().bytes);
  REQUIRE(entry);
  std::get<sync::Edit>(entry->body).changes.front().decision = true;
  const sync::Bytes bytes = sync::encode_entry(*entry);
  theirs.entries.back() = {sync::name_of(bytes), entry->place, std::nullopt, bytes};
  theirs.appends.back().name = theirs.entries.back().name;
  folder.apply(theirs);
  const std::vector<json> all = conflicts(folder);
  REQUIRE(all.size() == 1);
  for (const json& rival : all.front()["values"]) CHECK(rival["decision"] == true);
}

TEST_CASE("a paper that one side removed and the other changed is decided by naming an entry") {
  NodeFolder folder;
  const std::string papers = R"("checklist":[{"name":"Tờ khai","ok":false},{"name":"CCCD"}])";
  folder.import({create_line(code, morning, papers)});
  disagree(folder, R"("checklist":[{"name":"Tờ khai","removed":true}])",
           R"("checklist":[{"name":"Tờ khai","ok":true}])");
  const std::vector<json> all = conflicts(folder);
  REQUIRE(all.size() == 1);
  CHECK(all.front()["field"] == "checklist");
  CHECK(all.front()["element"] == "Tờ khai");
  json params = {{"record", code}, {"field", "checklist"}, {"element", "CCCD"}};
  params["entry"] = entry_with(all.front(), nullptr);
  CHECK(refused(folder, params) == ErrorCode::not_found);
  params["element"] = "Tờ khai";
  json by_value = params;
  by_value.erase("entry");
  by_value["value"] = "true";
  CHECK(refused(folder, by_value) == ErrorCode::usage);
  REQUIRE(decide(folder, params));
  CHECK(conflicts(folder).empty());
  CHECK(exported_field(folder, "checklist").size() == 1);
}

TEST_CASE("of several papers the one is settled whose entry is named") {
  NodeFolder folder;
  folder.import({create_line(code, morning, R"("checklist":[{"name":"A"},{"name":"B"}])")});
  disagree(folder, R"("checklist":[{"name":"A","removed":true},{"name":"B","removed":true}])",
           R"("checklist":[{"name":"A","ok":true},{"name":"B","ok":true}])");
  const std::vector<json> all = conflicts(folder);
  REQUIRE(all.size() == 2);
  const json by_entry = {
      {"record", code}, {"field", "checklist"}, {"entry", entry_with(all.back(), nullptr)}};
  // Which of the two is meant cannot be told without the element.
  CHECK(refused(folder, by_entry) == ErrorCode::usage);
  json params = by_entry;
  params["element"] = all.back()["element"];
  REQUIRE(decide(folder, params));
  const std::vector<json> left = conflicts(folder);
  REQUIRE(left.size() == 1);
  CHECK(left.front()["element"] == all.front()["element"]);
}

TEST_CASE("a conflict of more tips than an entry can name is settled by deciding again") {
  NodeFolder folder;
  folder.import({create_line(code, morning)});
  const store::RecordRow row = folder.record(code);
  const int devices = static_cast<int>(sync::limits::parents_max) + 5;
  for (int i = 0; i < devices; ++i) {
    OtherDevice other(static_cast<std::uint8_t>(50 + i));
    const std::string fields =
        i < 2 ? R"("phone":"096900000)" + std::to_string(i) + "\"" : R"("officer":"Võ Gia Dũng")";
    folder.apply(other.edit(row, fields, morning + 1000 - i));
  }
  REQUIRE(conflicts(folder).size() == 1);
  const std::string entry = entry_with(conflicts(folder).front(), "0969000001");
  REQUIRE(decide(folder, {{"record", code}, {"field", "phone"}, {"entry", entry}}));
  CHECK(conflicts(folder).empty());
  CHECK(exported_field(folder, "phone") == "0969000001");
}
