#include "store/partial_indexes.hpp"
#include "store/sqlite/database.hpp"
#include "store/verify.hpp"

// The file itself: pages that cannot be read, and trees that do not hold together.
namespace tram::store {

using sync::fail;
using sync::Result;
using sync::Status;

namespace {

Status list_tables(const ReadUnit& unit, std::vector<std::string>& tables) {
  Statement rows =
      unit.database().prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  while (true) {
    const Result<bool> row = rows.step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    tables.push_back(rows.text("name"));
  }
}

// The first thing that is wrong in a table or its indexes: after an unreadable page the connection
// reads no other until its snapshot ends. The whole check: where a disk kept an old page of an
// index, the quick one finds nothing, and what the index should find is gone.
std::optional<std::string> first_damage(const ReadUnit& unit, const std::string& table) {
  Statement check =
      unit.database().prepare("SELECT integrity_check FROM pragma_integrity_check(:name)");
  check.bind_text(":name", table);
  const Result<bool> row = check.step();
  if (!row) return row.error().message;
  if (!*row || check.text("integrity_check") == "ok") return std::nullopt;
  std::string words = check.text("integrity_check");
  for (char& letter : words) {
    if (letter == '\n') letter = ' ';
  }
  return words;
}

}  // namespace

Result<std::vector<Finding>> check_pages(const Store& store) {
  std::vector<Finding> findings;
  const auto found = [&](std::string message) {
    Finding finding;
    finding.kind = FindingKind::page;
    finding.message = std::move(message);
    findings.push_back(std::move(finding));
  };
  std::vector<std::string> tables;
  const Status listed = store.read([&](const ReadUnit& unit) { return list_tables(unit, tables); });
  if (!listed) return fail(listed.error());
  for (const std::string& table : tables) {
    const Status checked = store.read([&](const ReadUnit& unit) -> Status {
      if (const auto damage = first_damage(unit, table)) found("table " + table + ": " + *damage);
      return {};
    });
    // A snapshot is not to be had where the damage is in what every snapshot reads first.
    if (!checked) found("table " + table + ": " + checked.error().message);
  }
  const Status fits =
      store.read([&](const ReadUnit& unit) { return check_partial_indexes(unit.database()); });
  if (!fits) found(fits.error().message);
  return findings;
}

}  // namespace tram::store
