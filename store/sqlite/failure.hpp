#pragma once

#include "sync/core/result.hpp"

struct sqlite3;

namespace tram::store {

/// What an SQLite result code means to a caller of ours; `code` is not SQLITE_OK. The message
/// carries no data: SQLite's own text names at most tables, columns and rules.
[[nodiscard]] sync::Error error_of(sqlite3* handle, int code);

/// Whether the code says that there is no room: not every way to that is SQLite's own "full".
[[nodiscard]] bool is_full(sqlite3* handle, int code);

/// Whether the error says that the database is damaged (or its key does not fit: where page 1 is,
/// nobody can tell); else the disk, the memory or a lock failed, and nothing is known of it.
[[nodiscard]] bool tells_of_damage(const sync::Error& error);

}  // namespace tram::store
