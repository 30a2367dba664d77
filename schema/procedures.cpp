#include "schema/procedures.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "schema/kinds.hpp"
#include "schema/record_changes.hpp"
#include "schema/tables.hpp"
#include "sync/core/assert.hpp"

namespace tram::schema {

namespace {

using nlohmann::json;

/// "3" → 6, "2.5" → 5, "" → nothing.
std::optional<std::int64_t> halves(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool half = text.ends_with(".5");
  if (half) text.remove_suffix(2);
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  TRAM_ASSERT(error == std::errc() && end == text.data() + text.size());
  return whole * 2 + (half ? 1 : 0);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// "tờ khai; giấy chứng sinh": the table abridges a list of papers into one cell.
std::vector<std::string> papers_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view paper = trimmed(text.substr(0, end));
    if (!paper.empty()) out.emplace_back(paper);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<Procedure> read_procedures() {
  const CsvTable table = read_table(Table::procedures_commune);
  std::vector<Procedure> out;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    Procedure procedure;
    procedure.code = cell(table, row, "code");
    procedure.name = cell(table, row, "name_vi");
    procedure.sector = cell(table, row, "field_vi");
    procedure.limit_halves = halves(cell(table, row, "limit_value"));
    procedure.limit_unit = cell(table, row, "limit_unit");
    procedure.limit_text = cell(table, row, "limit_text");
    procedure.papers = papers_of(cell(table, row, "main_papers"));
    procedure.result = cell(table, row, "result");
    procedure.confidence = cell(table, row, "code_check") + cell(table, row, "time_check");
    procedure.note = cell(table, row, "note");
    out.push_back(std::move(procedure));
  }
  std::sort(out.begin(), out.end(),
            [](const Procedure& a, const Procedure& b) { return a.code < b.code; });
  return out;
}

/// "1.001193.000.00.00.H56" → "1.001193".
std::string_view national_code(std::string_view code) {
  const std::size_t first = code.find('.');
  if (first == std::string_view::npos) return code;
  return code.substr(0, code.find('.', first + 1));
}

}  // namespace

std::span<const Procedure> procedures() {
  static const std::vector<Procedure> list = read_procedures();
  return list;
}

const Procedure* find_procedure(std::string_view code) {
  for (const Procedure& procedure : procedures()) {
    if (procedure.code == national_code(code)) return &procedure;
  }
  return nullptr;
}

std::vector<sync::Change> procedure_changes(const Procedure& procedure) {
  json out = {{"code", procedure.code},
              {"name", procedure.name},
              {"sector", procedure.sector},
              {"confidence", procedure.confidence}};
  if (procedure.limit_halves) out["limit_halves"] = *procedure.limit_halves;
  if (!procedure.limit_unit.empty()) out["limit_unit"] = procedure.limit_unit;
  if (!procedure.limit_text.empty()) out["limit_text"] = procedure.limit_text;
  if (!procedure.result.empty()) out["result"] = procedure.result;
  if (!procedure.note.empty()) out["note"] = procedure.note;
  json papers = json::array();
  for (const std::string& paper : procedure.papers) papers.push_back({{"name", paper}});
  out["papers"] = std::move(papers);
  return record_changes(kind::procedure, out);
}

}  // namespace tram::schema
