#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schema/csv.hpp"

/// The tables of schema/data/, inside the library. Private to schema/: what they say is in
/// units.hpp, procedures.hpp, holidays.hpp and workflow.hpp.
namespace tram::schema {

enum class Table {
  provinces,
  admin_units,
  admin_unit_predecessors,
  admin_unit_name_variants,
  procedures_commune,
  holidays,
  dossier_status,
};

/// The file's bytes, as it stands in schema/data/.
[[nodiscard]] std::string_view table_text(Table table);

/// The table, read. A table that does not read is our mistake: asserted.
[[nodiscard]] CsvTable read_table(Table table);

/// The cell of a row; a column that is not there is asserted.
[[nodiscard]] const std::string& cell(const CsvTable& table, std::size_t row,
                                      std::string_view column);

}  // namespace tram::schema
