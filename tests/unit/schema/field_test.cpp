// Goal: a field's number, type and policy never change by accident, and the README says what is so.
// Method: the invariants of every table, and the README's rows compared with the code, cell by
// cell.
#include "schema/field.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "schema/fold.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "sync/limits.hpp"

using namespace tram;
using namespace tram::schema;
using sync::Policy;
using sync::ValueType;

namespace {

const std::vector<std::uint32_t> kinds_with_fields = {kind::dossier, kind::unit,    kind::procedure,
                                                      kind::device,  kind::account, kind::setting,
                                                      kind::holiday};

std::string word_of(ValueType type) {
  static const std::map<ValueType, std::string> words = {
      {ValueType::text, "text"},       {ValueType::token, "token"},
      {ValueType::digits, "digits"},   {ValueType::code, "code"},
      {ValueType::integer, "integer"}, {ValueType::boolean, "boolean"},
      {ValueType::date, "date"},       {ValueType::instant, "instant"},
      {ValueType::status, "status"},   {ValueType::element, "element"}};
  return words.at(type);
}

std::string word_of(Policy policy) {
  static const std::map<Policy, std::string> words = {{Policy::latest, "latest"},
                                                      {Policy::authority, "authority"},
                                                      {Policy::keyed_union, "keyed_union"},
                                                      {Policy::workflow, "workflow"},
                                                      {Policy::review, "review"}};
  return words.at(policy);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(' ');
    cells.push_back(first == std::string::npos
                        ? ""
                        : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
  }
  return cells;
}

/// The rows of the README's dossier table: those that begin with a number.
std::vector<std::vector<std::string>> readme_rows() {
  std::ifstream file(std::string(TRAM_SOURCE_DIR) + "/schema/README.md");
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.size() > 2 && line[0] == '|' && line[2] >= '0' && line[2] <= '9') {
      rows.push_back(cells_of(line));
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("the README's table of dossier fields is that of the code") {
  const auto rows = readme_rows();
  const auto fields = fields_of(kind::dossier);
  REQUIRE(rows.size() == fields.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const Field& field = fields[i];
    INFO(field.key);
    REQUIRE(row.size() == 8);
    CHECK(row[0] == std::to_string(field.number));
    CHECK(row[1] == field.key);
    CHECK(row[2] == word_of(field.type));
    CHECK(row[3] == word_of(field.policy));
    CHECK(row[4] == (field.personal ? "yes" : "no"));
    CHECK(row[5] == field.label_vi);
    CHECK(row[6] == field.label_en);
    CHECK(row[7].size() > 5);
  }
}

TEST_CASE("numbers have no gaps and keys are unique in every kind") {
  for (const std::uint32_t kind : kinds_with_fields) {
    std::set<std::string_view> keys;
    std::uint32_t number = 0;
    REQUIRE(fields_of(kind).size() >= 4);
    for (const Field& field : fields_of(kind)) {
      INFO(kind << " " << field.key);
      CHECK(field.number == ++number);
      CHECK(keys.insert(field.key).second);
      CHECK(!field.label_vi.empty());
      CHECK(!field.label_en.empty());
      CHECK(*to_nfc(field.label_vi) == field.label_vi);
      CHECK(find_field(kind, field.key) == &field);
      CHECK(find_field(kind, field.number) == &field);
      CHECK(find_field(kind, tag_of(field)) == &field);
    }
  }
}

TEST_CASE("what a field is fits its type and policy") {
  for (const std::uint32_t kind : kinds_with_fields) {
    for (const Field& field : fields_of(kind)) {
      INFO(kind << " " << field.key);
      const bool is_union = field.policy == Policy::keyed_union;
      CHECK((field.type == ValueType::element) == is_union);
      CHECK(!field.element_key.empty() == is_union);
      CHECK(!field.attributes.empty() == is_union);
      CHECK((field.policy == Policy::workflow) == (field.type == ValueType::status));
      const bool sized = field.type == ValueType::text || field.type == ValueType::token ||
                         field.type == ValueType::digits || field.type == ValueType::code ||
                         field.type == ValueType::status || field.type == ValueType::bytes ||
                         field.type == ValueType::json;
      CHECK((field.bytes_max > 0) == sized);
      CHECK(field.bytes_max <= sync::limits::value_bytes_max);
      CHECK((field.number_max > 0) == (field.type == ValueType::integer));
    }
  }
}

TEST_CASE("attributes have unique numbers and keys, and room for the unknown") {
  for (const std::uint32_t kind : kinds_with_fields) {
    for (const Field& field : fields_of(kind)) {
      std::set<std::uint32_t> numbers;
      std::set<std::string_view> keys{"removed", field.element_key};
      for (const AttributeField& attribute : field.attributes) {
        INFO(kind << " " << field.key << " " << attribute.key);
        // A neighbour's "name" is the unit's, and stands beside its key.
        CHECK(numbers.insert(attribute.number).second);
        CHECK(keys.insert(attribute.key).second);
        CHECK(attribute.number >= 1);
        CHECK(attribute.number <= attribute::more);
        CHECK((attribute.number == attribute::position) == (attribute.key == "position"));
      }
      CHECK(field.attributes.size() < sync::limits::attributes_max);
      if (!field.attributes.empty()) CHECK(numbers.count(attribute::more) == 1);
    }
  }
}

TEST_CASE("code and custody mean the same in every kind") {
  for (const std::uint32_t kind : kinds_with_fields) {
    CHECK(find_field(kind, sync::field_number::code)->key == "code");
    CHECK(find_field(kind, sync::field_number::code)->type == ValueType::code);
    const Field& custody = *find_field(kind, sync::field_number::custody);
    CHECK(custody.key == "custody");
    CHECK(custody.type == ValueType::token);
    CHECK(custody.policy == Policy::authority);
  }
}

TEST_CASE("the named numbers are the fields that they are called after") {
  const auto key = [](std::uint32_t kind, std::uint32_t number) {
    return std::string(find_field(kind, number)->key);
  };
  CHECK(key(kind::dossier, dossier_field::phone) == "phone");
  CHECK(key(kind::dossier, dossier_field::checklist) == "checklist");
  CHECK(key(kind::dossier, dossier_field::result_at) == "result_at");
  CHECK(key(kind::dossier, dossier_field::other_codes) == "other_codes");
  CHECK(key(kind::unit, unit_field::aliases) == "aliases");
  CHECK(key(kind::unit, unit_field::effective_to) == "effective_to");
  CHECK(key(kind::procedure, procedure_field::papers) == "papers");
  CHECK(key(kind::procedure, procedure_field::fee_amount) == "fee_amount");
  CHECK(key(kind::device, device_field::certificate_serial) == "certificate_serial");
  CHECK(key(kind::device, device_field::slot_last) == "slot_last");
  CHECK(key(kind::account, account_field::verifier) == "verifier");
  CHECK(key(kind::setting, setting_field::value) == "value");
  CHECK(key(kind::holiday, holiday_field::source) == "source");
}

TEST_CASE("what nobody knows is not found") {
  CHECK(fields_of(999).empty());
  CHECK(fields_of(kind::form).empty());
  CHECK(find_field(kind::dossier, std::string_view("colour")) == nullptr);
  CHECK(find_field(kind::dossier, std::uint32_t{0}) == nullptr);
  CHECK(find_field(kind::dossier, std::uint32_t{31}) == nullptr);
  CHECK(find_field(kind::dossier, named_tag("status")) == nullptr);
  sync::FieldTag other = tag_of(*find_field(kind::dossier, dossier_field::phone));
  other.policy = Policy::latest;
  CHECK(find_field(kind::dossier, other) == nullptr);
  const Field& list = *find_field(kind::dossier, dossier_field::checklist);
  CHECK(find_attribute(list, "") == nullptr);
  CHECK(find_attribute(list, "colour") == nullptr);
  CHECK(find_attribute(list, 99U) == nullptr);
}

TEST_CASE("kinds have the numbers that they were given") {
  std::set<std::uint32_t> numbers;
  for (const KindWord& kind : kinds()) {
    CHECK(numbers.insert(kind.number).second);
    CHECK(find_kind(kind.word) == &kind);
    CHECK(find_kind(kind.number) == &kind);
  }
  CHECK(kinds().size() == 10);
  CHECK(find_kind("dossier")->number == 1);
  CHECK(find_kind("holiday")->number == 7);
  CHECK(!find_kind("dossier")->reference);
  CHECK(find_kind("nothing") == nullptr);
  CHECK(find_kind(11U) == nullptr);
}

TEST_CASE("limits that repeat the engine's are equal to them") {
  CHECK(limits::changes_max == sync::limits::changes_max);
  CHECK(limits::field_name_bytes_max == sync::limits::field_name_bytes_max);
  CHECK(limits::element_key_bytes_max == sync::limits::element_key_bytes_max);
  CHECK(limits::status_word_bytes_max == sync::limits::status_word_bytes_max);
  CHECK(limits::unit_bytes_max == sync::limits::unit_bytes_max);
  CHECK(static_cast<std::uint64_t>(limits::time_ms_max) == sync::limits::time_ms_max);
  CHECK(limits::changes_bytes_max < sync::limits::value_bytes_max);
}
