#include "schema/tables.hpp"

#include "sync/core/assert.hpp"
#include "sync/core/bytes.hpp"

// Written by the assembler from schema/data/ (CMakeLists.txt).
extern "C" {
extern const unsigned char tram_table_provinces[];
extern const unsigned char tram_table_provinces_end[];
extern const unsigned char tram_table_admin_units[];
extern const unsigned char tram_table_admin_units_end[];
extern const unsigned char tram_table_admin_unit_predecessors[];
extern const unsigned char tram_table_admin_unit_predecessors_end[];
extern const unsigned char tram_table_admin_unit_name_variants[];
extern const unsigned char tram_table_admin_unit_name_variants_end[];
extern const unsigned char tram_table_procedures_commune[];
extern const unsigned char tram_table_procedures_commune_end[];
extern const unsigned char tram_table_holidays[];
extern const unsigned char tram_table_holidays_end[];
extern const unsigned char tram_table_dossier_status[];
extern const unsigned char tram_table_dossier_status_end[];
}

namespace tram::schema {

namespace {

std::string_view between(const unsigned char* begin, const unsigned char* end) {
  return sync::as_text(sync::ByteView(begin, end));
}

}  // namespace

std::string_view table_text(Table table) {
  switch (table) {
    case Table::provinces: return between(tram_table_provinces, tram_table_provinces_end);
    case Table::admin_units: return between(tram_table_admin_units, tram_table_admin_units_end);
    case Table::admin_unit_predecessors:
      return between(tram_table_admin_unit_predecessors, tram_table_admin_unit_predecessors_end);
    case Table::admin_unit_name_variants:
      return between(tram_table_admin_unit_name_variants, tram_table_admin_unit_name_variants_end);
    case Table::procedures_commune:
      return between(tram_table_procedures_commune, tram_table_procedures_commune_end);
    case Table::holidays: return between(tram_table_holidays, tram_table_holidays_end);
    case Table::dossier_status:
      return between(tram_table_dossier_status, tram_table_dossier_status_end);
  }
  return {};
}

CsvTable read_table(Table table) {
  sync::Result<CsvTable> read = parse_csv(table_text(table));
  TRAM_ASSERT(read.has_value());
  return std::move(*read);
}

const std::string& cell(const CsvTable& table, std::size_t row, std::string_view column) {
  const auto at = table.column(column);
  TRAM_ASSERT(at.has_value() && row < table.rows.size());
  return table.rows[row][*at];
}

}  // namespace tram::schema
