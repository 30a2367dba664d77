#include "store/partial_indexes.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tram::store {

using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

constexpr std::array indexes{
    PartialIndex{"entry_record", "entry", "record IS NOT NULL"},
    PartialIndex{"entry_pending", "entry", "pending = 1"},
    PartialIndex{"entry_name_only", "entry", "bytes IS NULL AND erased = 0"},
    PartialIndex{"head_newest", "head", "void = 0"},
    PartialIndex{"lineage_doubt", "lineage", "number > 1"},
    PartialIndex{"log_own", "log", "own = 1"},
    PartialIndex{"record_unfit", "record", "needs_rebuild = 1"},
};

// One walk over a table for all of its indexes.
std::string counts_of(std::span<const PartialIndex> of_one_table) {
  std::string sql = "SELECT ";
  for (const PartialIndex& index : of_one_table) {
    sql += std::string("count(*) FILTER (WHERE ") + index.condition + ") AS " + index.name;
    if (&index != &of_one_table.back()) sql += ", ";
  }
  return sql + " FROM " + of_one_table.front().table + " NOT INDEXED";
}

Result<std::int64_t> entries_in(Database& database, const PartialIndex& index) {
  Statement statement = database.prepare(std::string("SELECT count(*) AS n FROM ") + index.table +
                                         " INDEXED BY " + index.name + " WHERE " + index.condition);
  const Result<bool> row = statement.step();
  if (!row) return fail(row.error());
  return statement.integer("n");
}

Status check_table(Database& database, std::span<const PartialIndex> of_one_table) {
  Statement rows = database.prepare(counts_of(of_one_table));
  const Result<bool> row = rows.step();
  if (!row) return fail(row.error());
  for (const PartialIndex& index : of_one_table) {
    const Result<std::int64_t> entries = entries_in(database, index);
    if (!entries) return fail(entries.error());
    if (*entries != rows.integer(index.name)) {
      return fail(ErrorCode::unverified, std::string("the index ") + index.name +
                                             " does not fit its table: run `repair`");
    }
  }
  return {};
}

}  // namespace

std::span<const PartialIndex> partial_indexes() {
  return indexes;
}

Status check_partial_indexes(Database& database) {
  for (std::size_t from = 0, to = 0; from < indexes.size(); from = to) {
    while (to < indexes.size() && indexes[to].table == std::string_view(indexes[from].table)) ++to;
    const Status checked =
        check_table(database, std::span(indexes).subspan(from, to - from));
    if (!checked) return checked;
  }
  return {};
}

}  // namespace tram::store
