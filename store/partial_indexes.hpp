#pragma once

#include <span>

#include "store/sqlite/database.hpp"

/// What SQLite's own check leaves out: it does not count the entries of an index that has a WHERE.
/// Where a disk kept an old page, such an index may name rows that are gone, and only a query that
/// meets one of them fails.
namespace tram::store {

struct PartialIndex {
  const char* name;
  const char* rows;     ///< counts `n` such rows in the table
  const char* entries;  ///< counts `n` in the index
};

/// All of the schema.
[[nodiscard]] std::span<const PartialIndex> partial_indexes();

/// `unverified` if one of them has more or fewer entries than its table has such rows.
[[nodiscard]] sync::Status check_partial_indexes(Database& database);

}  // namespace tram::store
