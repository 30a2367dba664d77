#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/result.hpp"

/// Tables as RFC 4180 has them: commas, double quotes, LF or CR LF, one header row. Strict, because
/// a table that is read half wrong gives wrong units and deadlines: every row has as many cells as
/// the header, a quote stands only where the format allows one, text is UTF-8. Nothing is trimmed.
namespace tram::schema {

struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header

  /// The place of a column, or nothing.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
};

/// Within `limits::csv_*`. `malformed` or `limit`, with the number of the line.
[[nodiscard]] sync::Result<CsvTable> parse_csv(std::string_view text);

}  // namespace tram::schema
