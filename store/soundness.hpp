#pragma once

#include <span>

#include "store/sqlite/database.hpp"

/// Whether a database holds together: SQLite's own check, and what it leaves out. It does not count
/// the entries of an index that has a WHERE. Where a disk kept an old page, such an index may name
/// rows that are gone, and only a query that meets one of them fails.
namespace tram::store {

struct PartialIndex {
  const char* name;
  const char* rows;     ///< counts `n` such rows in the table
  const char* entries;  ///< counts `n` in the index
};

/// All of the schema.
[[nodiscard]] std::span<const PartialIndex> partial_indexes();

/// `damaged` if SQLite's whole check complains, or if one of these indexes has more or fewer
/// entries than its table has such rows.
[[nodiscard]] sync::Status check_soundness(Database& database);

/// The second half of it alone.
[[nodiscard]] sync::Status check_partial_indexes(Database& database);

}  // namespace tram::store
