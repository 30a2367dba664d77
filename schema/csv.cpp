#include "schema/csv.hpp"

#include <algorithm>

#include "schema/fold.hpp"
#include "schema/limits.hpp"

namespace tram::schema {

namespace {

using sync::Error;
using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

/// Reads one row after the other. `line_` counts line feeds, also those inside quotes, so that a
/// message names the line that an editor shows.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

  Result<std::vector<std::string>> row() {
    std::vector<std::string> cells;
    while (true) {
      if (cells.size() == limits::csv_columns_max)
        return problem(ErrorCode::limit, "too many cells");
      Result<std::string> cell = at_quote() ? quoted() : bare();
      if (!cell) return fail(cell.error());
      cells.push_back(std::move(*cell));
      if (at_end()) return cells;
      if (text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (!line_end()) return problem(ErrorCode::malformed, "text after a closing quote");
      return cells;
    }
  }

  [[nodiscard]] tl::unexpected<Error> problem(ErrorCode code, std::string_view what) const {
    return fail(code, "line " + std::to_string(line_) + ": " + std::string(what));
  }

 private:
  [[nodiscard]] bool at_quote() const { return !at_end() && text_[at_] == '"'; }

  bool line_end() {
    if (text_.substr(at_, 2) == "\r\n") ++at_;
    if (text_[at_] != '\n') return false;
    ++at_;
    ++line_;
    return true;
  }

  Result<std::string> bare() {
    const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
    if (end != text_.size() && text_[end] == '"') {
      return problem(ErrorCode::malformed, "a quote inside a cell that does not begin with one");
    }
    if (end != text_.size() && text_[end] == '\r' && text_.substr(end, 2) != "\r\n") {
      return problem(ErrorCode::malformed, "a carriage return without a line feed");
    }
    std::string cell(text_.substr(at_, end - at_));
    at_ = end;
    return bounded(std::move(cell));
  }

  Result<std::string> quoted() {
    std::string cell;
    ++at_;
    while (true) {
      const std::size_t end = text_.find('"', at_);
      if (end == std::string_view::npos) {
        return problem(ErrorCode::malformed, "a quote that is never closed");
      }
      for (std::size_t i = at_; i < end; ++i) line_ += text_[i] == '\n' ? 1U : 0U;
      cell.append(text_.substr(at_, end - at_));
      at_ = end + 1;
      if (!at_quote()) return bounded(std::move(cell));
      cell.push_back('"');
      ++at_;
    }
  }

  Result<std::string> bounded(std::string cell) const {
    if (cell.size() > limits::csv_cell_bytes_max)
      return problem(ErrorCode::limit, "a cell is too long");
    if (cell.find('\0') != std::string::npos) return problem(ErrorCode::malformed, "a NUL byte");
    return cell;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

Status check_header(const std::vector<std::string>& header) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i].empty()) return fail(ErrorCode::malformed, "line 1: a column has no name");
    for (std::size_t j = 0; j < i; ++j) {
      if (header[j] == header[i])
        return fail(ErrorCode::malformed, "line 1: a column stands twice");
    }
  }
  return {};
}

}  // namespace

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == name) return i;
  }
  return std::nullopt;
}

Result<CsvTable> parse_csv(std::string_view text) {
  if (text.size() > limits::csv_bytes_max) return fail(ErrorCode::limit, "the table is too large");
  // Spreadsheets put a byte order mark in front; it is no part of the first column's name.
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!is_utf8(text)) return fail(ErrorCode::malformed, "the table is not valid UTF-8");
  if (text.empty()) return fail(ErrorCode::malformed, "the table is empty");
  CsvReader reader(text);
  CsvTable table;
  Result<std::vector<std::string>> header = reader.row();
  if (!header) return fail(header.error());
  if (const Status good = check_header(*header); !good) return fail(good.error());
  table.header = std::move(*header);
  while (!reader.at_end()) {
    if (table.rows.size() == limits::csv_rows_max) {
      return reader.problem(ErrorCode::limit, "too many rows");
    }
    Result<std::vector<std::string>> row = reader.row();
    if (!row) return fail(row.error());
    if (row->size() != table.header.size()) {
      return reader.problem(ErrorCode::malformed,
                            "the row above has not as many cells as the header");
    }
    table.rows.push_back(std::move(*row));
  }
  return table;
}

}  // namespace tram::schema
