#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "schema/tables.hpp"
#include "schema/units.hpp"
#include "sync/core/assert.hpp"

// The built-in list: three tables joined by the unit's code.
namespace tram::schema {

namespace {

std::uint32_t number_of(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  TRAM_ASSERT(error == std::errc() && end == text.data() + text.size());
  return value;
}

std::vector<Province> read_provinces() {
  const CsvTable table = read_table(Table::provinces);
  std::vector<Province> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    out.push_back({cell(table, row, "code"), cell(table, row, "name"),
                   cell(table, row, "full_name"), cell(table, row, "type"),
                   number_of(cell(table, row, "communes"))});
  }
  return out;
}

std::map<std::string, std::vector<Spelling>, std::less<>> read_spellings() {
  const CsvTable table = read_table(Table::admin_unit_name_variants);
  std::map<std::string, std::vector<Spelling>, std::less<>> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    std::vector<Spelling>& spellings = out[cell(table, row, "code")];
    std::string_view systems = cell(table, row, "sources");
    // "gso_2025+gso_2026": one alias a system, since each asks for its own spelling.
    while (!systems.empty()) {
      const std::size_t end = std::min(systems.find('+'), systems.size());
      spellings.push_back(
          {std::string(systems.substr(0, end)), cell(table, row, "full_name_as_spelt")});
      systems.remove_prefix(std::min(end + 1, systems.size()));
    }
  }
  return out;
}

std::map<std::string, std::vector<Predecessor>, std::less<>> read_predecessors() {
  const CsvTable table = read_table(Table::admin_unit_predecessors);
  std::map<std::string, std::vector<Predecessor>, std::less<>> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& name = cell(table, row, "old_name");
    const std::string& district = cell(table, row, "old_district");
    out[cell(table, row, "new_code")].push_back(
        {cell(table, row, "old_code"), name.empty() ? district : name, district,
         cell(table, row, "old_province"), cell(table, row, "extent") == "whole"});
  }
  return out;
}

std::vector<Unit> read_all_units() {
  const CsvTable table = read_table(Table::admin_units);
  auto spellings = read_spellings();
  auto predecessors = read_predecessors();
  std::vector<Unit> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    Unit unit;
    unit.code = cell(table, row, "code");
    unit.name = cell(table, row, "name");
    unit.type = cell(table, row, "type");
    unit.full_name = cell(table, row, "full_name");
    unit.province_code = cell(table, row, "province_code");
    unit.spellings = std::move(spellings[unit.code]);
    unit.predecessors = std::move(predecessors[unit.code]);
    out.push_back(std::move(unit));
  }
  std::sort(out.begin(), out.end(), [](const Unit& a, const Unit& b) {
    return std::tie(a.province_code, a.code) < std::tie(b.province_code, b.code);
  });
  return out;
}

std::map<std::string_view, const Unit*> index_units() {
  std::map<std::string_view, const Unit*> out;
  for (const Unit& unit : all_units()) {
    const bool fresh = out.emplace(unit.code, &unit).second;
    TRAM_ASSERT(fresh);
  }
  return out;
}

}  // namespace

std::span<const Province> provinces() {
  static const std::vector<Province> list = read_provinces();
  return list;
}

std::span<const Unit> all_units() {
  static const std::vector<Unit> list = read_all_units();
  return list;
}

const Province* find_province(std::string_view code) {
  for (const Province& province : provinces()) {
    if (province.code == code) return &province;
  }
  return nullptr;
}

const Unit* find_unit(std::string_view code) {
  static const std::map<std::string_view, const Unit*> index = index_units();
  const auto found = index.find(code);
  return found == index.end() ? nullptr : found->second;
}

std::span<const Unit> units_of_province(std::string_view code) {
  const std::span<const Unit> all = all_units();
  const auto first = std::partition_point(
      all.begin(), all.end(), [&](const Unit& unit) { return unit.province_code < code; });
  const auto last = std::partition_point(
      first, all.end(), [&](const Unit& unit) { return unit.province_code == code; });
  return {first, last};
}

}  // namespace tram::schema
