#include "store/soundness.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace tram::store {

using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

constexpr std::array indexes{
    PartialIndex{
        "entry_record", "SELECT count(*) AS n FROM entry NOT INDEXED WHERE record IS NOT NULL",
        "SELECT count(*) AS n FROM entry INDEXED BY entry_record WHERE record IS NOT NULL"},
    PartialIndex{"entry_pending", "SELECT count(*) AS n FROM entry NOT INDEXED WHERE pending = 1",
                 "SELECT count(*) AS n FROM entry INDEXED BY entry_pending WHERE pending = 1"},
    PartialIndex{"entry_name_only",
                 "SELECT count(*) AS n FROM entry NOT INDEXED WHERE bytes IS NULL AND erased = 0",
                 "SELECT count(*) AS n FROM entry INDEXED BY entry_name_only WHERE bytes IS NULL "
                 "AND erased = 0"},
    PartialIndex{"head_newest", "SELECT count(*) AS n FROM head NOT INDEXED WHERE void = 0",
                 "SELECT count(*) AS n FROM head INDEXED BY head_newest WHERE void = 0"},
    PartialIndex{"lineage_doubt", "SELECT count(*) AS n FROM lineage NOT INDEXED WHERE number > 1",
                 "SELECT count(*) AS n FROM lineage INDEXED BY lineage_doubt WHERE number > 1"},
    PartialIndex{"log_own", "SELECT count(*) AS n FROM log NOT INDEXED WHERE own = 1",
                 "SELECT count(*) AS n FROM log INDEXED BY log_own WHERE own = 1"},
    PartialIndex{
        "record_unfit", "SELECT count(*) AS n FROM record NOT INDEXED WHERE needs_rebuild = 1",
        "SELECT count(*) AS n FROM record INDEXED BY record_unfit WHERE needs_rebuild = 1"},
};

Result<std::int64_t> count(Database& database, const char* query) {
  Statement statement = database.prepare(query);
  const Result<bool> row = statement.step();
  if (!row) return fail(row.error());
  return statement.integer("n");
}

}  // namespace

std::span<const PartialIndex> partial_indexes() {
  return indexes;
}

Status check_soundness(Database& database) {
  if (const Status checked = database.check(); !checked) return checked;
  return check_partial_indexes(database);
}

Status check_partial_indexes(Database& database) {
  for (const PartialIndex& index : indexes) {
    const Result<std::int64_t> rows = count(database, index.rows);
    if (!rows) return fail(rows.error());
    const Result<std::int64_t> entries = count(database, index.entries);
    if (!entries) return fail(entries.error());
    if (*rows == *entries) continue;
    return fail(ErrorCode::damaged,
                std::string("the index ") + index.name + " does not fit its table: run `repair`");
  }
  return {};
}

}  // namespace tram::store
