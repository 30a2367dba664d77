// Goal: JSON becomes the same bytes everywhere and comes back; nothing is dropped, bad values are
// refused. Method: each type's good and bad values, papers in lists, unknown things, and random
// objects.
#include "schema/values.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schema/field.hpp"
#include "schema/json_text.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "schema/workflow.hpp"

using namespace tram;
using namespace tram::schema;
using nlohmann::json;
using sync::ErrorCode;

namespace {

std::vector<sync::Change> changes(const json& fields, std::uint32_t kind = kind::dossier) {
  auto result = changes_from_json(kind, fields);
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

json there_and_back(const json& fields, std::uint32_t kind = kind::dossier) {
  return json_from_changes(kind, changes(fields, kind));
}

void check_identity(const json& fields, std::uint32_t kind = kind::dossier) {
  CHECK(there_and_back(fields, kind) == fields);
}

/// The refusal; its message names the field and never repeats the value.
ErrorCode refusal(const json& fields, std::uint32_t kind = kind::dossier) {
  const auto result = changes_from_json(kind, fields);
  INFO(fields.dump(-1, ' ', true, json::error_handler_t::replace));
  REQUIRE(!result);
  CHECK(result.error().message.find("secret") == std::string::npos);
  CHECK(result.error().message.find('\n') == std::string::npos);
  return result.error().code;
}

std::string refusal_text(const json& fields) {
  const auto result = changes_from_json(kind::dossier, fields);
  REQUIRE(!result);
  return result.error().message;
}

}  // namespace

TEST_CASE("every type comes back as it was") {
  check_identity({{"code", "H36.49-250701-0001"},
                  {"custody", "24829"},
                  {"procedure_code", "1.001193.000.00.00.H56"},
                  {"applicant_name", "Đặng Thị Hường"},
                  {"applicant_id", "060089340405"},
                  {"dob", "1956-04-30"},
                  {"received_at", "2025-07-01T07:34:19+07:00"},
                  {"status", "dang_xu_ly"},
                  {"step", 0},
                  {"fee_amount", 1000000000000},
                  {"fee_paid", false},
                  {"fee_receipt", nullptr},
                  {"notes", ""},
                  {"dob_partial", "1956-04"}});
  check_identity({{"code", "a"}, {"public_key", "00ff"}, {"slot_last", 9999}}, kind::device);
  check_identity({{"code", "a"}, {"value", {{"b", {1, 2.5, nullptr, true}}, {"a", "x"}}}},
                 kind::setting);
}

TEST_CASE("changes have the bytes that the ledger's format says") {
  const auto list = changes({{"step", 3}, {"status", "trinh_ky"}, {"fee_paid", true}});
  REQUIRE(list.size() == 3);
  CHECK(list[0].field == tag_of(*find_field(kind::dossier, dossier_field::status)));
  CHECK(*list[0].value == sync::encode_status({144, false, "trinh_ky"}));
  CHECK(*list[1].value == sync::Bytes{6});
  CHECK(*list[2].value == sync::Bytes{1});
  CHECK(!list[0].decision);
  CHECK(!changes({{"phone", nullptr}})[0].value);
  CHECK(*changes({{"phone", ""}})[0].value == sync::Bytes{});
}

TEST_CASE("letters typed in two ways become the same bytes") {
  CHECK(changes({{"applicant_name", "Ki\u1EC7t"}}) ==
        changes({{"applicant_name", "Kie\u0323\u0302t"}}));
  CHECK(changes({{"m\u1EA7u", "\u1EC7"}}) == changes({{"ma\u0302\u0300u", "e\u0323\u0302"}}));
  const json composed = {{"name", "b\u1EA3n"}};
  const json decomposed = {{"name", "ba\u0309n"}};
  CHECK(changes({{"checklist", {composed}}}) == changes({{"checklist", {decomposed}}}));
  CHECK(there_and_back({{"notes", "a\r\nb"}}) == json{{"notes", "a\nb"}});
}

TEST_CASE("moments in other zones become local time") {
  CHECK(there_and_back({{"due_at", "2025-07-01T00:34:19Z"}}) ==
        json{{"due_at", "2025-07-01T07:34:19+07:00"}});
}

TEST_CASE("values of the wrong type are refused") {
  CHECK(refusal({{"phone", 12}}) == ErrorCode::malformed);
  CHECK(refusal({{"step", "secret"}}) == ErrorCode::malformed);
  CHECK(refusal({{"step", 1.0}}) == ErrorCode::malformed);
  CHECK(refusal({{"step", true}}) == ErrorCode::malformed);
  CHECK(refusal({{"fee_paid", 1}}) == ErrorCode::malformed);
  CHECK(refusal({{"fee_paid", "secret"}}) == ErrorCode::malformed);
  CHECK(refusal({{"dob", 1956}}) == ErrorCode::malformed);
  CHECK(refusal({{"status", 4}}) == ErrorCode::malformed);
  CHECK(refusal({{"received_at", 1751330059}}) == ErrorCode::malformed);
  CHECK(refusal({{"notes", {"secret"}}}) == ErrorCode::malformed);
  CHECK(refusal({{"checklist", "secret"}}) == ErrorCode::malformed);
  CHECK(refusal({{"public_key", 1}}, kind::device) == ErrorCode::malformed);
  CHECK(refusal({{"public_key", "0x"}}, kind::device) == ErrorCode::malformed);
  CHECK(refusal(json::array()) == ErrorCode::malformed);
  CHECK(refusal("secret") == ErrorCode::malformed);
}

TEST_CASE("values that a field does not allow are refused") {
  CHECK(refusal({{"code", ""}}) == ErrorCode::malformed);
  CHECK(refusal({{"custody", ""}}) == ErrorCode::malformed);
  CHECK(refusal({{"status", ""}}) == ErrorCode::malformed);
  CHECK(refusal({{"status", std::string(65, 'x')}}) == ErrorCode::limit);
  CHECK(refusal({{"dob", "secret"}}) == ErrorCode::malformed);
  CHECK(refusal({{"dob", "1956"}}) == ErrorCode::malformed);
  CHECK(refusal({{"dob_partial", "1956-04-30"}}) == ErrorCode::malformed);
  CHECK(refusal({{"received_at", "2025-07-01T07:34:19.5Z"}}) == ErrorCode::malformed);
  CHECK(refusal({{"received_at", "2025-07-01T07:34:19"}}) == ErrorCode::malformed);
  CHECK(refusal({{"step", -1}}) == ErrorCode::limit);
  CHECK(refusal({{"fee_amount", 1000000000001}}) == ErrorCode::limit);
  CHECK(refusal({{"fee_amount", UINT64_MAX}}) == ErrorCode::limit);
  CHECK(refusal({{"phone", "secret" + std::string(64, 'x')}}) == ErrorCode::limit);
  CHECK(refusal({{"phone", "12\n34"}}) == ErrorCode::malformed);
  CHECK(refusal({{"notes", std::string("secret\0", 7)}}) == ErrorCode::malformed);
  CHECK(refusal({{"notes", "secret\x1B"}}) == ErrorCode::malformed);
  CHECK(refusal({{"notes", "secret" + std::string(16 * 1024, 'x')}}) == ErrorCode::limit);
  CHECK(refusal({{"public_key", std::string(514, '0')}}, kind::device) == ErrorCode::limit);
}

TEST_CASE("a refusal names the field, unless its name may be somebody's data") {
  CHECK(refusal_text({{"applicant_id", "secret\n"}}).find("field applicant_id: ") == 0);
  CHECK(refusal_text({{"dob", "1956"}}).find("field dob: an incomplete date") == 0);
  CHECK(refusal_text({{"colour", "secret\x01"}}).find("field colour: ") == 0);
  CHECK(refusal_text({{"Nguyễn", "secret\x01"}}).find("an unknown field: ") == 0);
  CHECK(refusal_text({{"checklist", {{{"name", "secret"}, {"ok", 1}}}}}) ==
        "field checklist: element 1: ok: not true or false");
}

TEST_CASE("a field the schema does not know is kept under its name") {
  const json fields = {
      {"colour", "red"}, {"size", {{"b", 2}, {"a", {1, 2.5, nullptr}}}}, {"gone", nullptr}};
  const auto list = changes(fields);
  REQUIRE(list.size() == 3);
  CHECK(list[0].field == named_tag("colour"));
  CHECK(sync::as_text(*list[0].value) == "\"red\"");
  CHECK(!list[1].value);
  CHECK(sync::as_text(*list[2].value) == "{\"a\":[1,2.5,null],\"b\":2}");
  check_identity(fields);
  check_identity({{"anything", 1}}, 999);
}

TEST_CASE("names that begin with # are ours") {
  CHECK(refusal({{"#5", 1}}) == ErrorCode::malformed);
  CHECK(refusal({{"#0.1.1:x", 1}}) == ErrorCode::malformed);
  CHECK(refusal({{"#0:", 1}}) == ErrorCode::malformed);
  CHECK(refusal({{"", 1}}) == ErrorCode::malformed);
  CHECK(refusal({{std::string(65, 'x'), 1}}) == ErrorCode::limit);
  CHECK(refusal({{"a\nb", 1}}) == ErrorCode::malformed);
  CHECK(changes({{"#0:status", "x"}})[0].field == named_tag("status"));
  check_identity({{"#0:status", "x"}, {"status", "trinh_ky"}, {"#0:#5", 2}});
  CHECK(refusal({{"#0:colour", 1}, {"colour", 2}}) == ErrorCode::malformed);
}

TEST_CASE("an unknown field is refused when it cannot be kept as it is") {
  json deep = 1;
  for (std::size_t i = 0; i < limits::json_depth_max; ++i) deep = json::array({deep});
  CHECK(refusal({{"deep", deep}}) == ErrorCode::limit);
  CHECK(refusal({{"x", "\xFF"}}) == ErrorCode::malformed);
  CHECK(refusal({{"x", {{"\xFF", 1}}}}) == ErrorCode::malformed);
  CHECK(refusal({{"x", json::binary({1, 2})}}) == ErrorCode::malformed);
  CHECK(refusal({{"x", {{"\u1EC7", 1}, {"e\u0323\u0302", 2}}}}) == ErrorCode::malformed);
}

TEST_CASE("status words that nobody knows are kept, above all others") {
  const auto list = changes({{"status", "chuyen_phat"}});
  CHECK(*list[0].value == sync::encode_status({rank_unknown, true, "chuyen_phat"}));
  check_identity({{"status", "chuyen_phat"}});
}

TEST_CASE("papers keep their order, names and ticks") {
  const json fields = {{"checklist",
                        {{{"name", "Tờ khai"}, {"ok", true}},
                         {{"name", "CCCD"}, {"ok", false}, {"kind", "ban_sao"}, {"copies", 2}},
                         {{"name", "Ảnh"}, {"digitised", true}, {"note", "a\nb"}}}}};
  check_identity(fields);
  const auto list = changes(fields);
  REQUIRE(list.size() == 3);
  CHECK(list[0].key == "CCCD");
  CHECK(position_of(*list[0].value) == 2);
  CHECK(list[1].key == "Tờ khai");
}

TEST_CASE("two papers of one name both stay") {
  const json three = {{{"name", "CCCD"}, {"ok", true}},
                      {{"name", "CCCD"}, {"ok", false}},
                      {{"name", "CCCD"}, {"ok", true}}};
  const json back = there_and_back({{"checklist", three}});
  CHECK(back["checklist"][1] == json{{"name", "CCCD #2"}, {"ok", false}});
  CHECK(back["checklist"][2] == json{{"name", "CCCD #3"}, {"ok", true}});
  check_identity(back);
  const json taken = {{{"name", "A"}}, {{"name", "A"}}, {{"name", "A #2"}}};
  const json other = there_and_back({{"checklist", taken}});
  CHECK(other["checklist"][1]["name"] == "A #3");
  CHECK(other["checklist"][2]["name"] == "A #2");
  const std::string longest(limits::element_key_bytes_max, 'x');
  CHECK(changes({{"checklist", {{{"name", longest}}}}}).size() == 1);
  CHECK(refusal({{"checklist", {{{"name", longest}}, {{"name", longest}}}}}) == ErrorCode::limit);
}

TEST_CASE("members of a paper that the schema does not know stay with it") {
  const json fields = {
      {"checklist", {{{"name", "CCCD"}, {"ok", true}, {"barcode", {1, 2}}, {"by", nullptr}}}}};
  check_identity(fields);
  CHECK(refusal({{"checklist", {{{"name", "A"}, {"#5", 1}}}}}) == ErrorCode::malformed);
  const std::string much(9000, 'x');
  CHECK(refusal({{"checklist", {{{"name", "A"}, {"secret", much}}}}}) == ErrorCode::limit);
}

TEST_CASE("absence from a list removes nothing; a removal says so") {
  CHECK(changes({{"checklist", json::array()}}).empty());
  CHECK(changes({{"checklist", nullptr}}).empty());
  const json fields = {
      {"checklist", {{{"name", "B"}, {"ok", true}}, {{"name", "A"}, {"removed", true}}}}};
  const auto list = changes(fields);
  REQUIRE(list.size() == 2);
  CHECK(list[0].key == "A");
  CHECK(!list[0].value);
  check_identity(fields);
  CHECK(there_and_back({{"checklist", {{{"name", "A"}, {"removed", false}}}}}) ==
        json{{"checklist", {{{"name", "A"}}}}});
  CHECK(refusal({{"checklist", {{{"name", "A"}, {"removed", 1}}}}}) == ErrorCode::malformed);
  CHECK(refusal({{"checklist", {{{"name", "A"}, {"removed", true}, {"ok", true}}}}}) ==
        ErrorCode::malformed);
}

TEST_CASE("a paper sent alone brings its position") {
  const json fields = {{"checklist", {{{"name", "B"}, {"ok", true}, {"position", 5}}}}};
  check_identity(fields);
  CHECK(position_of(*changes(fields)[0].value) == 5);
  CHECK(refusal({{"checklist", {{{"name", "B"}, {"position", -1}}}}}) == ErrorCode::limit);
}

TEST_CASE("lists that are no lists of papers are refused") {
  CHECK(refusal({{"checklist", {"secret"}}}) == ErrorCode::malformed);
  CHECK(refusal({{"checklist", {{{"ok", true}}}}}) == ErrorCode::malformed);
  CHECK(refusal({{"checklist", {{{"name", 7}}}}}) == ErrorCode::malformed);
  CHECK(refusal({{"checklist", {{{"name", "secret\x01"}}}}}) == ErrorCode::malformed);
  CHECK(refusal({{"checklist", {{{"name", std::string(513, 'x')}}}}}) == ErrorCode::limit);
  json many = json::array();
  for (std::size_t i = 0; i <= limits::elements_max; ++i)
    many.push_back({{"name", std::to_string(i)}});
  CHECK(refusal({{"checklist", many}}) == ErrorCode::limit);
}

TEST_CASE("what does not fit an entry is refused") {
  json many = json::object();
  for (std::size_t i = 0; i <= limits::changes_max; ++i) many["f" + std::to_string(i)] = 1;
  CHECK(refusal(many) == ErrorCode::limit);
  json large = json::object();
  for (int i = 0; i < 4; ++i) large["f" + std::to_string(i)] = std::string(15 * 1024, 'x');
  CHECK(refusal(large) == ErrorCode::limit);
}

TEST_CASE("bytes that cannot be read are shown as they are") {
  const auto shown = [](std::uint32_t number, const sync::Bytes& bytes) {
    return value_to_json(kind::dossier, tag_of(*find_field(kind::dossier, number)), bytes);
  };
  CHECK(shown(dossier_field::phone, {0xFF}) == json{{"type", 3}, {"hex", "ff"}});
  CHECK(shown(dossier_field::dob, {}) == json{{"type", 7}, {"hex", ""}});
  CHECK(shown(dossier_field::dob, sync::encode_integer(INT64_MAX)).contains("hex"));
  CHECK(shown(dossier_field::due_at, sync::encode_integer(INT64_MIN)).contains("hex"));
  CHECK(shown(dossier_field::step, {0x80, 0x00}).contains("hex"));
  CHECK(shown(dossier_field::fee_paid, {2}) == json{{"type", 6}, {"hex", "02"}});
  CHECK(shown(dossier_field::status, {1}).contains("hex"));
  CHECK(shown(dossier_field::checklist, {9}) == json{{"type", 13}, {"hex", "09"}});
  CHECK(value_to_json(kind::dossier, named_tag("x"), sync::to_bytes("{\"a\":1,\"a\":2}"))
            .contains("hex"));
  const sync::FieldTag newer{77, {}, sync::ValueType::text, sync::Policy::latest};
  CHECK(value_to_json(kind::dossier, newer, sync::to_bytes("a")) ==
        json{{"type", 1}, {"hex", "61"}});
  const sync::FieldTag alien{77, {}, static_cast<sync::ValueType>(200), sync::Policy::latest};
  CHECK(value_to_json(kind::dossier, alien, sync::to_bytes("a")) ==
        json{{"type", 200}, {"hex", "61"}});
}

TEST_CASE("attributes of an element that cannot be read are shown as they are") {
  const sync::FieldTag tag = tag_of(*find_field(kind::dossier, dossier_field::checklist));
  const sync::Bytes element = sync::encode_element(
      {{1, sync::ValueType::integer, sync::encode_integer(4)},
       {2, sync::ValueType::text, sync::to_bytes("yes")},
       {9, sync::ValueType::boolean, {1}},
       {attribute::more, sync::ValueType::json, sync::to_bytes("{\"name\":\"x\"}")}});
  CHECK(value_to_json(kind::dossier, tag, element) ==
        json{{"#2", {{"type", 1}, {"hex", "796573"}}},
             {"#9", {{"type", 6}, {"hex", "01"}}},
             {"#31", {{"type", 12}, {"hex", "7b226e616d65223a2278227d"}}}});
  CHECK(position_of(element) == 4);
  CHECK(position_of(sync::encode_element({})) == INT64_MAX);
  CHECK(position_of(sync::Bytes{0xFF}) == INT64_MAX);
}

TEST_CASE("different tags have different keys") {
  const auto key = [](const sync::FieldTag& tag) {
    return field_key_for_export(kind::dossier, tag);
  };
  sync::FieldTag odd = named_tag("colour");
  CHECK(key(odd) == "colour");
  CHECK(key(named_tag("status")) == "#0:status");
  CHECK(key(named_tag("#77.1.1")) == "#0:#77.1.1");
  odd.policy = sync::Policy::latest;
  CHECK(key(odd) == "#0.12.1:colour");
  CHECK(key(named_tag("\xFF")) == "#0.12.5:hex:ff");
  CHECK(key({77, {}, sync::ValueType::text, sync::Policy::latest}) == "#77.1.1");
  CHECK(key({12, {}, sync::ValueType::text, sync::Policy::latest}) == "#12.1.1");
  CHECK(key(tag_of(*find_field(kind::dossier, 12U))) == "phone");
  CHECK(element_key_for_export("CCCD") == "CCCD");
  CHECK(element_key_for_export("\xFF") == "#hex:ff");
  CHECK(element_member(kind::dossier, tag_of(*find_field(kind::dossier, 25U))) == "name");
  CHECK(element_member(kind::dossier,
                       {77, {}, sync::ValueType::element, sync::Policy::keyed_union}) == "key");
}

TEST_CASE("JSON that hides something is refused") {
  const auto code = [](std::string_view text) { return parse_json(text, 1000).error().code; };
  CHECK(code("{\"a\":1,\"a\":2}") == ErrorCode::malformed);
  CHECK(code("{\"a\":1,\"\\u0061\":2}") == ErrorCode::malformed);
  CHECK(code("[{\"b\":{\"a\":1,\"a\":2}}]") == ErrorCode::malformed);
  CHECK(code("12345678901234567890123") == ErrorCode::malformed);
  CHECK(code("0.1234567890123456") == ErrorCode::malformed);
  CHECK(code("1e999") == ErrorCode::malformed);
  CHECK(code("1e-999") == ErrorCode::malformed);
  CHECK(code("{\"a\":1} x") == ErrorCode::malformed);
  CHECK(code("\"\xFF\"") == ErrorCode::malformed);
  CHECK(code("\"\\ud800\"") == ErrorCode::malformed);
  CHECK(code("{'a':1}") == ErrorCode::malformed);
  CHECK(code("") == ErrorCode::malformed);
  CHECK(code("NaN") == ErrorCode::malformed);
  CHECK(code(std::string(17, '[') + std::string(17, ']')) == ErrorCode::limit);
  CHECK(code(std::string(1001, ' ')) == ErrorCode::limit);
  CHECK(*parse_json(std::string(16, '[') + std::string(16, ']'), 1000) != json());
  CHECK(*parse_json("[{\"a\":1},{\"a\":2},0.5,-0.25,1e20,18446744073709551615]", 1000) ==
        json({{{"a", 1}}, {{"a", 2}}, 0.5, -0.25, 1e20, UINT64_MAX}));
  CHECK(*parse_json("0.0", 10) == json(0.0));
}

TEST_CASE("canonical JSON has sorted keys and no blanks") {
  CHECK(*canonical_json({{"b", {1, "ệ"}}, {"a", nullptr}}) == "{\"a\":null,\"b\":[1,\"ệ\"]}");
  CHECK(!canonical_json("\xFF"));
}

TEST_CASE("whatever is read is read alike a second time") {
  CHECK(rc::check([](const std::string& notes, const std::string& name, std::int64_t step,
                     const std::vector<std::string>& papers, bool ok) {
    json list = json::array();
    for (const std::string& paper : papers) list.push_back({{"name", paper}, {"ok", ok}});
    const json fields = {{"notes", notes}, {name, notes}, {"step", step}, {"checklist", list}};
    const auto first = changes_from_json(kind::dossier, fields);
    if (!first) return;
    const json normal = json_from_changes(kind::dossier, *first);
    const auto second = changes_from_json(kind::dossier, normal);
    RC_ASSERT(second.has_value());
    RC_ASSERT(*second == *first);
    RC_ASSERT(json_from_changes(kind::dossier, *second) == normal);
  }));
}
