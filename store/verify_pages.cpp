#include "store/soundness.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/failure.hpp"
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
    std::string words;
    const Status checked = store.read([&](const ReadUnit& unit) -> Status {
      const Result<std::string> complaint = unit.database().complaint(table);
      if (!complaint) return fail(complaint.error());
      words = *complaint;
      return {};
    });
    if (!checked && !tells_of_damage(checked.error())) return fail(checked.error());
    // A snapshot is not to be had where the damage is in what every snapshot reads first.
    if (!checked) words = checked.error().message;
    if (!words.empty()) found("table " + table + ": " + words);
  }
  const Status fits =
      store.read([&](const ReadUnit& unit) { return check_partial_indexes(unit.database()); });
  if (!fits && !tells_of_damage(fits.error())) return fail(fits.error());
  if (!fits) found(fits.error().message);
  return findings;
}

}  // namespace tram::store
