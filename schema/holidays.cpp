#include "schema/holidays.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schema/kinds.hpp"
#include "schema/record_changes.hpp"
#include "schema/tables.hpp"
#include "schema/time_text.hpp"
#include "sync/core/assert.hpp"

namespace tram::schema {

namespace {

std::vector<Holiday> read_holidays() {
  const CsvTable table = read_table(Table::holidays);
  std::vector<Holiday> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const sync::Result<std::int64_t> date = parse_date(cell(table, row, "date"));
    TRAM_ASSERT(date.has_value());
    out.push_back({*date, cell(table, row, "kind"), cell(table, row, "name"),
                   cell(table, row, "source"), cell(table, row, "confidence"),
                   cell(table, row, "note")});
  }
  std::sort(out.begin(), out.end(),
            [](const Holiday& a, const Holiday& b) { return a.date < b.date; });
  return out;
}

}  // namespace

std::span<const Holiday> holidays() {
  static const std::vector<Holiday> list = read_holidays();
  return list;
}

std::vector<sync::Change> holiday_changes(const Holiday& holiday) {
  const auto date = format_date(holiday.date);
  TRAM_ASSERT(date.has_value());
  nlohmann::json out = {{"code", *date},
                        {"date", *date},
                        {"type", holiday.type},
                        {"name", holiday.name},
                        {"confidence", holiday.confidence}};
  if (!holiday.source.empty()) out["source"] = holiday.source;
  if (!holiday.note.empty()) out["note"] = holiday.note;
  return record_changes(kind::holiday, out);
}

}  // namespace tram::schema
