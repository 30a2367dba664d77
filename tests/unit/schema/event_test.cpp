// Goal: every event of the sample month is taken whole, and a bad line is refused without its data.
// Method: the three sample files there and back, and each way in which a line can be wrong.
#include "schema/event.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "schema/values.hpp"
#include "schema/workflow.hpp"
#include "sync/limits.hpp"

using namespace tram;
using namespace tram::schema;
using nlohmann::json;

namespace {

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(std::string(TRAM_SOURCE_DIR) + "/tests/data/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

const json good = {{"t", 1751331480000},
                   {"commune", 49},
                   {"dossier", "H36.49-250701-0001"},
                   {"kind", "create"},
                   {"fields", {{"status", "da_tiep_nhan"}}}};

json with(std::string_view key, const json& value) {
  json out = good;
  out[std::string(key)] = value;
  return out;
}

json without(std::string_view key) {
  json out = good;
  out.erase(std::string(key));
  return out;
}

std::string line_refusal(const std::string& line) {
  const auto event = parse_event(line);
  INFO(line);
  REQUIRE(!event);
  CHECK(event.error().message.find("secret") == std::string::npos);
  CHECK(event.error().message.find('\n') == std::string::npos);
  return event.error().message;
}

std::string refusal(const json& event) {
  return line_refusal(event.dump());
}

/// The size of the entry that the event becomes; encode_entry asserts what does not fit.
std::size_t entry_size(const ChangeEvent& event) {
  sync::Entry entry;
  entry.time = event.t;
  sync::Edit edit;
  edit.kind = kind::dossier;
  edit.id = sync::imported_record_id("24829", event.dossier);
  edit.changes = event.changes;
  entry.body = edit;
  return sync::encode_entry(entry).size();
}

}  // namespace

TEST_CASE("every sample event is taken whole and comes back") {
  for (const auto& [name, count] : {std::pair("W1.jsonl", 3330U), std::pair("W2.jsonl", 20U),
                                    std::pair("W2base.jsonl", 2395U)}) {
    const auto lines = lines_of(name);
    REQUIRE(lines.size() == count);
    for (const std::string& line : lines) {
      const auto event = parse_event(line);
      INFO(line);
      REQUIRE(event);
      const json written = json::parse(line);
      REQUIRE(event->t.ms == written["t"].get<std::int64_t>());
      REQUIRE(event->dossier == written["dossier"].get<std::string>());
      REQUIRE(event->create == (written["kind"] == "create"));
      REQUIRE(json_from_changes(kind::dossier, event->changes) == written["fields"]);
      REQUIRE(entry_size(*event) < sync::limits::entry_bytes_max);
      for (const sync::Change& change : event->changes) {
        REQUIRE(find_field(kind::dossier, change.field) != nullptr);
      }
    }
  }
}

TEST_CASE("the steps of the sample month are usual") {
  std::map<std::string, std::string> last;
  for (const std::string& line : lines_of("W1.jsonl")) {
    const json event = json::parse(line);
    if (!event["fields"].contains("status")) continue;
    std::string& from = last[event["dossier"]];
    const std::string to = event["fields"]["status"];
    INFO(from << " to " << to);
    CHECK(!unusual_step(from, to));
    from = to;
  }
  CHECK(last.size() == 600);
}

TEST_CASE("a line end and blanks around are no matter") {
  CHECK(parse_event(good.dump() + "\r\n"));
  CHECK(parse_event("  " + good.dump() + "\n"));
}

TEST_CASE("the dossier's code is added to a create and never changed") {
  const auto created = parse_event(good.dump());
  REQUIRE(created);
  REQUIRE(created->changes.size() == 2);
  CHECK(created->changes[0].field.number == dossier_field::code);
  CHECK(sync::as_text(*created->changes[0].value) == "H36.49-250701-0001");
  const json fields = {{"status", "trinh_ky"}, {"aa", 1}, {"zz", 2}};
  const auto named = parse_event(with("fields", fields).dump());
  REQUIRE(named);
  CHECK(named->changes[2].field.number == dossier_field::code);
  CHECK(*sync::in_canonical_order(named->changes) == named->changes);
  const auto updated = parse_event(with("kind", "update").dump());
  REQUIRE(updated);
  CHECK(updated->changes.size() == 1);
  CHECK(parse_event(with("fields", {{"code", "H36.49-250701-0001"}}).dump())->changes.size() == 1);
  CHECK(refusal(with("fields", {{"code", "secret"}})) == "field code: not the event's dossier");
  CHECK(refusal(with("fields", {{"code", nullptr}})) == "field code: not the event's dossier");
  CHECK(parse_event(with("fields", json::object()).dump())->changes.size() == 1);
}

TEST_CASE("both ways of typing a code are one dossier") {
  const json fields = {{"code", "M\u1EAAU-1"}};
  json event = with("fields", fields);
  event["dossier"] = "MA\u0302\u0303U-1";
  CHECK(parse_event(event.dump())->dossier == "M\u1EAAU-1");
}

TEST_CASE("a line that is no event is refused") {
  CHECK(line_refusal(std::string()).find("event: not valid JSON") == 0);
  CHECK(line_refusal("secret").find("event: not valid JSON") == 0);
  CHECK(line_refusal("[]") == "event: not an object");
  CHECK(line_refusal("{\"secret\":1}") == "event: has an unknown key");
  CHECK(line_refusal("{\"t\":1,\"t\":2}") == "event: a key stands twice in one object");
  CHECK(line_refusal(good.dump() + "{}").find("event: not valid JSON") == 0);
  CHECK(line_refusal(std::string(limits::event_line_bytes_max + 1, ' ')).find("longer than") !=
        std::string::npos);
  CHECK(line_refusal(std::string(100, '[')) == "event: nested too deep");
  CHECK(line_refusal(std::string(60'000, '[')) == "event: nested too deep");
  CHECK(line_refusal("{\"t\":1,\"fields\":{\"phone\":\"secret\",\"phone\":\"1\"}}") ==
        "event: a key stands twice in one object");
  const std::string whole = good.dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(!parse_event(std::string_view(whole).substr(0, size)));
  }
}

TEST_CASE("an event without one of its parts is refused") {
  CHECK(refusal(without("t")) == "t: missing");
  CHECK(refusal(without("dossier")) == "dossier: missing");
  CHECK(refusal(without("kind")) == "kind: missing");
  CHECK(refusal(without("fields")) == "fields: missing");
  CHECK(parse_event(without("commune").dump()));
  CHECK(refusal(with("secret", 1)) == "event: has an unknown key");
}

TEST_CASE("a part of the wrong kind is refused") {
  CHECK(refusal(with("t", "secret")) == "t: not an integer");
  CHECK(refusal(with("t", 1.5)) == "t: not an integer");
  CHECK(refusal(with("t", -1)) == "t: not a time since 1970");
  CHECK(refusal(with("t", limits::time_ms_max + 1)) == "t: not a time since 1970");
  CHECK(refusal(with("t", UINT64_MAX)) == "t: not a time since 1970");
  CHECK(parse_event(with("t", 0).dump()));
  CHECK(parse_event(with("t", limits::time_ms_max).dump()));
  CHECK(refusal(with("commune", "secret")) == "commune: not a number");
  CHECK(refusal(with("dossier", 1)) == "dossier: not a string");
  CHECK(refusal(with("dossier", "")) == "dossier: empty");
  CHECK(refusal(with("dossier", "secret\n")) == "dossier: has control characters");
  CHECK(refusal(with("dossier", std::string(65, 'x'))) == "dossier: longer than 64 bytes");
  CHECK(refusal(with("kind", "secret")) == "kind: neither create nor update");
  CHECK(refusal(with("kind", 1)) == "kind: neither create nor update");
  CHECK(refusal(with("fields", "secret")) == "fields: not an object");
  CHECK(refusal(with("fields", {{"dob", "secret"}})) == "field dob: not a date like 2025-07-01");
}

TEST_CASE("an update that changes nothing is refused") {
  json event = with("kind", "update");
  event["fields"] = json::object();
  CHECK(refusal(event) == "fields: nothing changes");
  event["fields"] = {{"checklist", json::array()}};
  CHECK(refusal(event) == "fields: nothing changes");
}

TEST_CASE("the largest event still fits an entry") {
  json fields = json::object();
  for (std::size_t i = 0; i + 1 < limits::changes_max; ++i) {
    fields[std::to_string(1000 + i)] = std::string(100, 'x');
  }
  const auto event = parse_event(with("fields", fields).dump());
  REQUIRE(event);
  CHECK(event->changes.size() == limits::changes_max);
  CHECK(entry_size(*event) < sync::limits::entry_bytes_max - sync::limits::parents_max * 32);
  fields["one more"] = 1;
  CHECK(refusal(with("fields", fields)) == "fields: too many changes");
}

TEST_CASE("a damaged line is refused or read, never worse") {
  const auto lines = lines_of("W2.jsonl");
  CHECK(rc::check([&] {
    std::string line = *rc::gen::elementOf(lines);
    const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
    const auto size = *rc::gen::inRange<std::size_t>(0, 4);
    line.replace(at, size, *rc::gen::arbitrary<std::string>());
    const auto event = parse_event(line);
    if (!event) {
      RC_ASSERT(event.error().message.size() < 200U);
      return;
    }
    RC_ASSERT(entry_size(*event) < sync::limits::entry_bytes_max);
    const json fields = json_from_changes(kind::dossier, event->changes);
    RC_ASSERT(*changes_from_json(kind::dossier, fields) == event->changes);
  }));
}
