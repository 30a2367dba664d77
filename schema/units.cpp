#include "schema/units.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "schema/csv.hpp"
#include "schema/fold.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"
#include "schema/record_changes.hpp"
#include "schema/values.hpp"
#include "sync/core/assert.hpp"

// What one does with units. How the built-in list is read: unit_table.cpp.
namespace tram::schema {

namespace {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;
using sync::Result;

json unit_json(const Unit& unit) {
  json out = {{"code", unit.code},
              {"name", unit.name},
              {"type", unit.type},
              {"full_name", unit.full_name},
              {"province_code", unit.province_code}};
  json aliases = json::array();
  for (const Spelling& spelling : unit.spellings) {
    aliases.push_back({{"system", spelling.system}, {"spelling", spelling.text}});
  }
  json predecessors = json::array();
  for (const Predecessor& old : unit.predecessors) {
    json row = {{"key", old.code.empty() ? old.name : old.code + " " + old.name},
                {"name", old.name},
                {"district", old.district},
                {"province", old.province},
                {"extent", old.whole ? "whole" : "part"}};
    if (!old.code.empty()) row["code"] = old.code;
    predecessors.push_back(std::move(row));
  }
  out["aliases"] = std::move(aliases);
  out["predecessors"] = std::move(predecessors);
  return out;
}

bool is_spelt(const Unit& unit, const std::string& folded) {
  if (fold_name(unit.name, Blanks::dropped) == folded) return true;
  if (fold_name(unit.full_name, Blanks::dropped) == folded) return true;
  return std::any_of(unit.spellings.begin(), unit.spellings.end(), [&](const Spelling& spelling) {
    return fold_name(spelling.text, Blanks::dropped) == folded;
  });
}

}  // namespace

std::vector<sync::Change> record_changes(std::uint32_t kind, const json& fields) {
  Result<std::vector<sync::Change>> changes = changes_from_json(kind, fields);
  TRAM_ASSERT(changes.has_value());
  return std::move(*changes);
}

std::vector<const Unit*> units_spelt(std::string_view province_code, std::string_view name) {
  std::vector<const Unit*> out;
  const std::string folded = fold_name(name, Blanks::dropped);
  if (folded.empty()) return out;
  for (const Unit& unit : units_of_province(province_code)) {
    if (is_spelt(unit, folded)) out.push_back(&unit);
  }
  return out;
}

Result<std::vector<Unit>> read_units(std::string_view csv) {
  const Result<CsvTable> table = parse_csv(csv);
  if (!table) return fail(table.error(), "units");
  struct Column {
    std::string_view name;
    std::string Unit::*member;
  };
  static constexpr Column columns[] = {{"code", &Unit::code},
                                       {"name", &Unit::name},
                                       {"type", &Unit::type},
                                       {"full_name", &Unit::full_name},
                                       {"province_code", &Unit::province_code}};
  std::vector<Unit> units(table->rows.size());
  for (const Column& column : columns) {
    const auto at = table->column(column.name);
    if (!at) return fail(ErrorCode::malformed, "units: no column " + std::string(column.name));
    for (std::size_t row = 0; row < units.size(); ++row) {
      units[row].*column.member = table->rows[row][*at];
    }
  }
  std::set<std::string_view> codes;
  for (std::size_t row = 0; row < units.size(); ++row) {
    const std::string where = "units: row " + std::to_string(row + 1);
    const auto changes = changes_from_json(kind::unit, unit_json(units[row]));
    if (!changes) return fail(changes.error(), where);
    if (units[row].code.size() > limits::unit_bytes_max) {
      return fail(ErrorCode::limit, where + ": the code is too long");
    }
    if (!codes.insert(units[row].code).second) {
      return fail(ErrorCode::malformed, where + ": the code stands twice");
    }
  }
  return units;
}

std::vector<sync::Change> unit_changes(const Unit& unit) {
  return record_changes(kind::unit, unit_json(unit));
}

}  // namespace tram::schema
