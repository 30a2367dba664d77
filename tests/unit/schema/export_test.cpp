// Goal: a record has one line of JSON, the same at node and hub, and nothing it holds is missing
// from it. Method: whole lines compared, every order of the arguments, and bytes that no version of
// ours writes.
#include "schema/export.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "schema/values.hpp"

using namespace tram;
using namespace tram::schema;
using nlohmann::json;

namespace {

const std::string id = "00112233445566778899aabbccddeeff";

ExportField from(const sync::Change& change) {
  return {change.field, change.key, change.value, false, {}};
}

std::vector<ExportField> fields_from(const json& object) {
  std::vector<ExportField> out;
  const auto changes = changes_from_json(kind::dossier, object);
  REQUIRE(changes);
  for (const sync::Change& change : *changes) out.push_back(from(change));
  return out;
}

std::string line_of(const std::vector<ExportField>& fields) {
  return export_line(kind::dossier, id, fields);
}

}  // namespace

TEST_CASE("a record is one line, sorted, without blanks") {
  const auto fields = fields_from({{"status", "trinh_ky"},
                                   {"applicant_name", "Đặng Thị Hường"},
                                   {"fee_receipt", nullptr},
                                   {"colour", {{"b", 1}, {"a", 2}}},
                                   {"due_at", "2025-07-01T00:34:19Z"},
                                   {"step", 4}});
  CHECK(line_of(fields) ==
        "{\"fields\":{\"applicant_name\":\"Đặng Thị Hường\",\"colour\":{\"a\":2,\"b\":1},"
        "\"due_at\":\"2025-07-01T07:34:19+07:00\",\"fee_receipt\":null,\"status\":\"trinh_ky\","
        "\"step\":4},\"id\":\"" +
            id + "\"}");
  CHECK(line_of({}) == "{\"fields\":{},\"id\":\"" + id + "\"}");
}

TEST_CASE("papers are ordered by position, then name, and removed ones are gone") {
  const auto fields = fields_from({{"checklist",
                                    {{{"name", "B"}, {"ok", true}},
                                     {{"name", "A"}, {"ok", false}},
                                     {{"name", "D"}, {"position", 2}},
                                     {{"name", "C"}, {"position", 2}},
                                     {{"name", "E"}, {"removed", true}}}}});
  CHECK(line_of(fields) ==
        "{\"fields\":{\"checklist\":[{\"name\":\"B\",\"ok\":true},{\"name\":\"A\",\"ok\":false},"
        "{\"name\":\"C\"},{\"name\":\"D\"}]},\"id\":\"" +
            id + "\"}");
}

TEST_CASE("conflicts show every value once, sorted") {
  auto fields = fields_from({{"phone", "2"}, {"notes", "x"}});
  for (ExportField& field : fields) {
    if (field.tag.number != dossier_field::phone) continue;
    field.conflict = true;
    field.rivals = {sync::to_bytes("2"), std::nullopt, sync::to_bytes("1"), sync::to_bytes("2")};
  }
  const std::string expected =
      "{\"conflicts\":{\"phone\":[null,\"1\",\"2\"]},\"fields\":{\"notes\":\"x\",\"phone\":\"2\"},"
      "\"id\":\"" +
      id + "\"}";
  CHECK(line_of(fields) == expected);
  std::reverse(fields.begin(), fields.end());
  for (ExportField& field : fields) std::reverse(field.rivals.begin(), field.rivals.end());
  CHECK(line_of(fields) == expected);
}

TEST_CASE("a conflict about one paper names the paper") {
  auto fields = fields_from({{"checklist", {{{"name", "A"}, {"ok", true}}, {{"name", "B"}}}}});
  fields[0].conflict = true;
  fields[0].rivals = {fields[0].value, std::nullopt};
  const json line = json::parse(line_of(fields));
  CHECK(line["conflicts"] ==
        json{{"checklist", {{{"name", "A"}, {"values", {nullptr, {{"ok", true}}}}}}}});
  CHECK(line["fields"]["checklist"].size() == 2);
}

TEST_CASE("the line does not depend on the order of the fields") {
  auto fields = fields_from({{"checklist", {{{"name", "B"}}, {{"name", "A"}}}},
                             {"other_codes", {{{"code", "X"}, {"system", "tram"}}}},
                             {"zz", 1},
                             {"phone", "1"}});
  const std::string expected = line_of(fields);
  std::sort(fields.begin(), fields.end(), [](const ExportField& a, const ExportField& b) {
    return std::tie(a.tag, a.key) > std::tie(b.tag, b.key);
  });
  do {
    CHECK(line_of(fields) == expected);
  } while (std::next_permutation(fields.begin(), fields.end(),
                                 [](const ExportField& a, const ExportField& b) {
                                   return std::tie(a.tag, a.key) < std::tie(b.tag, b.key);
                                 }));
}

TEST_CASE("what this version does not know is there all the same") {
  const std::vector<ExportField> fields = {
      {{77, {}, sync::ValueType::text, sync::Policy::latest}, "", sync::to_bytes("a"), false, {}},
      {{78, {}, sync::ValueType::element, sync::Policy::keyed_union},
       "\xFF",
       sync::Bytes{0},
       false,
       {}},
      {named_tag("\xFE"), "", sync::to_bytes("1"), false, {}},
      {named_tag("phone"), "", sync::to_bytes("\"1\""), false, {}},
      {tag_of(*find_field(kind::dossier, dossier_field::phone)), "", sync::Bytes{0xFF}, false, {}}};
  const json line = json::parse(line_of(fields));
  CHECK(line["fields"] == json{{"#77.1.1", {{"type", 1}, {"hex", "61"}}},
                               {"#78.13.3", {{{"key", "#hex:ff"}, {"type", 13}, {"hex", "00"}}}},
                               {"#0.12.5:hex:fe", 1},
                               {"#0:phone", "1"},
                               {"phone", {{"type", 3}, {"hex", "ff"}}}});
}

TEST_CASE("an export can be read again") {
  const json object = {{"code", "H1"},
                       {"status", "la_gi"},
                       {"checklist", {{{"name", "B"}, {"ok", true}}, {{"name", "A"}, {"x", 1}}}}};
  CHECK(json::parse(line_of(fields_from(object)))["fields"] == object);
}

TEST_CASE("any tags and bytes make a line that can be read") {
  CHECK(rc::check([](const std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>& tags,
                     const std::vector<std::uint8_t>& bytes, const std::string& name) {
    std::vector<ExportField> fields;
    for (const auto& [number, type, policy] : tags) {
      sync::FieldTag tag{static_cast<std::uint32_t>(number % 32),
                         {},
                         sync::ValueType{type},
                         static_cast<sync::Policy>(policy % 5 + 1)};
      if (tag.number == 0) tag.name = name;
      const bool is_union = tag.policy == sync::Policy::keyed_union;
      fields.push_back({tag, is_union ? name : "", bytes, number % 2 == 0, {bytes, std::nullopt}});
    }
    for (const Field& field : fields_of(kind::dossier)) {
      fields.push_back({tag_of(field), "", bytes, true, {bytes}});
    }
    const json line = json::parse(line_of(fields), nullptr, false);
    RC_ASSERT(!line.is_discarded());
    RC_ASSERT(line["fields"].size() >= fields_of(kind::dossier).size());
  }));
}
