// Goal: the built-in units, procedures and holidays are complete, and a table is read right or not
// at all. Method: counts and well-known rows, the entries that they become, and every way to break
// a table.
#include <catch2/catch.hpp>
#include <set>

#include "schema/csv.hpp"
#include "schema/field.hpp"
#include "schema/holidays.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "schema/procedures.hpp"
#include "schema/time_text.hpp"
#include "schema/units.hpp"
#include "schema/values.hpp"
#include "sync/limits.hpp"

using namespace tram;
using namespace tram::schema;

namespace {

/// True iff an entry can say it: encode_entry asserts what does not fit.
bool fits(std::uint32_t kind, const std::vector<sync::Change>& changes) {
  sync::Entry entry;
  sync::Edit edit;
  edit.target = sync::Edit::Target::self;
  edit.kind = kind;
  edit.changes = changes;
  entry.body = edit;
  return sync::encode_entry(entry).size() < sync::limits::entry_bytes_max;
}

std::string problem(std::string_view csv) {
  const auto table = parse_csv(csv);
  REQUIRE(!table);
  return table.error().message;
}

}  // namespace

TEST_CASE("the country is complete") {
  CHECK(provinces().size() == 34);
  CHECK(all_units().size() == 3321);
  CHECK(units_of_province("68").size() == 124);
  CHECK(units_of_province("00").empty());
  CHECK(find_province("68")->full_name == "Tỉnh Lâm Đồng");
  CHECK(find_province("99") == nullptr);
  std::size_t predecessors = 0;
  for (const Province& province : provinces()) {
    CHECK(units_of_province(province.code).size() == province.communes);
  }
  for (const Unit& unit : all_units()) {
    predecessors += unit.predecessors.size();
    CHECK(find_unit(unit.code) == &unit);
    CHECK(find_province(unit.province_code) != nullptr);
  }
  CHECK(predecessors == 10602);
}

TEST_CASE("B'Lao is one unit, however it is spelt") {
  const Unit* blao = find_unit("24829");
  REQUIRE(blao != nullptr);
  CHECK(blao->full_name == "Phường B'Lao");
  CHECK(blao->spellings.size() == 4);
  for (const std::string_view name :
       {"BLao", "B'Lao", "B’Lao", "b lao", "Phường B’Lao", "PHUONG BLAO"}) {
    INFO(name);
    const auto found = units_spelt("68", name);
    REQUIRE(found.size() == 1);
    CHECK(found[0] == blao);
  }
  CHECK(units_spelt("68", "").empty());
  CHECK(units_spelt("01", "BLao").empty());
  CHECK(find_unit("00000") == nullptr);
}

TEST_CASE("a unit knows what it was made of") {
  const Unit* merged = find_unit("25084");
  REQUIRE(merged != nullptr);
  CHECK(merged->name == "Bảo Lâm 2");
  CHECK(merged->predecessors.size() == 3);
  const Unit* island = find_unit("26732");
  REQUIRE(island != nullptr);
  REQUIRE(island->predecessors.size() == 1);
  CHECK(island->predecessors[0].code.empty());
  CHECK(island->predecessors[0].name == "Huyện Côn Đảo");
}

TEST_CASE("every unit becomes an entry that creates it") {
  for (const Unit& unit : all_units()) {
    const auto changes = unit_changes(unit);
    REQUIRE(fits(kind::unit, changes));
    REQUIRE(changes.front().field.number == sync::field_number::code);
    const std::size_t lists = unit.predecessors.size() + unit.spellings.size();
    REQUIRE(changes.size() == 5 + lists);
    for (const sync::Change& change : changes) {
      REQUIRE(change.field.number != sync::field_number::custody);
    }
  }
}

TEST_CASE("procedures and holidays become entries") {
  CHECK(procedures().size() == 110);
  for (const Procedure& procedure : procedures()) {
    CHECK(fits(kind::procedure, procedure_changes(procedure)));
    CHECK(find_procedure(procedure.code) == &procedure);
  }
  const Procedure* birth = find_procedure("1.001193.000.00.00.H56");
  REQUIRE(birth != nullptr);
  CHECK(birth->name == "Đăng ký khai sinh");
  CHECK(birth->limit_halves == 0);
  CHECK(birth->papers.size() == 3);
  CHECK(birth->confidence == "VV");
  CHECK(find_procedure("9.999999") == nullptr);
  CHECK(find_procedure("") == nullptr);
  CHECK(holidays().size() == 38);
  std::set<std::int64_t> days;
  for (const Holiday& holiday : holidays()) {
    CHECK(fits(kind::holiday, holiday_changes(holiday)));
    CHECK(days.insert(holiday.date).second);
  }
  CHECK(days.count(*parse_date("2026-02-17")) == 1);
}

TEST_CASE("an operator's list of units is read") {
  const auto units = read_units(
      "full_name,code,type,name,province_code,colour\r\n"
      "\"Xã \"\"Mới\"\"\",90001,xã,\"Mới\",68,red\r\n"
      "Phường Cũ,90002,phường,Cũ,68,\r\n");
  REQUIRE(units);
  REQUIRE(units->size() == 2);
  CHECK((*units)[0].full_name == "Xã \"Mới\"");
  CHECK((*units)[1].code == "90002");
  CHECK(fits(kind::unit, unit_changes((*units)[0])));
}

TEST_CASE("an operator's list that is wrong is refused") {
  const std::string head = "code,name,type,full_name,province_code\n";
  CHECK(!read_units(""));
  CHECK(!read_units("code,name,type,full_name\n"));
  CHECK(!read_units(head + "1,a,xã,Xã a,68\n1,b,xã,Xã b,68\n"));
  CHECK(!read_units(head + ",a,xã,Xã a,68\n"));
  CHECK(!read_units(head + std::string(33, '1') + ",a,xã,Xã a,68\n"));
  CHECK(!read_units(head + "1,\"a\x01\",xã,Xã a,68\n"));
  CHECK(!read_units(head + "1," + std::string(501, 'a') + ",xã,Xã a,68\n"));
  CHECK(read_units(head)->empty());
}

TEST_CASE("a table is read as RFC 4180 says") {
  const auto good = parse_csv(
      "\xEF\xBB\xBF"
      "a,b\n1,\"x,\"\"y\"\"\nz\"\r\n,\n3,4");
  REQUIRE(good);
  CHECK(good->header == std::vector<std::string>{"a", "b"});
  REQUIRE(good->rows.size() == 3);
  CHECK(good->rows[0][1] == "x,\"y\"\nz");
  CHECK(good->rows[1] == std::vector<std::string>{"", ""});
  CHECK(good->rows[2] == std::vector<std::string>{"3", "4"});
  CHECK(good->column("b") == 1U);
  CHECK(!good->column("c"));
  CHECK(parse_csv("a\n")->rows.empty());
}

TEST_CASE("a broken table is refused with the line") {
  CHECK(problem("") == "the table is empty");
  CHECK(problem("a,b\n1\n").find("not as many cells") != std::string::npos);
  CHECK(problem("a,b\n1,2,3\n").find("not as many cells") != std::string::npos);
  CHECK(problem("a\nx\"y\n").find("line 2: a quote inside") == 0);
  CHECK(problem("a\n\"x\"y\n").find("line 2: text after a closing quote") == 0);
  CHECK(problem("a\n\"x\n").find("never closed") != std::string::npos);
  CHECK(problem("a\nx\ry\n").find("line 2: a carriage return") == 0);
  CHECK(problem("a\n\xFF\n").find("UTF-8") != std::string::npos);
  CHECK(problem(std::string_view("a\n\0\n", 4)).find("line 2: a NUL byte") == 0);
  CHECK(problem("a,,b\n").find("no name") != std::string::npos);
  CHECK(problem("a,b,a\n").find("stands twice") != std::string::npos);
}

TEST_CASE("a table beyond a limit is refused") {
  const std::string cell(limits::csv_cell_bytes_max, 'x');
  CHECK(parse_csv("a\n" + cell + "\n"));
  CHECK(parse_csv("a\n" + cell + "x\n").error().code == sync::ErrorCode::limit);
  CHECK(parse_csv("a\n" + std::string(limits::csv_columns_max, ',') + "\n").error().code ==
        sync::ErrorCode::limit);
  std::string rows = "a\n";
  for (std::size_t i = 0; i <= limits::csv_rows_max; ++i) rows += "1\n";
  CHECK(parse_csv(rows).error().code == sync::ErrorCode::limit);
  CHECK(parse_csv(std::string(limits::csv_bytes_max + 1, 'x')).error().code ==
        sync::ErrorCode::limit);
}
