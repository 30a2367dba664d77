#pragma once

#include <span>

#include "sync/core/result.hpp"

/// The schema's versions, embedded from schema/sql by the build.
namespace tram::store {

class Database;

/// Script n leads from version n to n + 1, and sets the version itself.
[[nodiscard]] std::span<const char* const> migrations();

/// Brings the database to the newest version, one transaction a step, and gives the version that
/// was found. `failed` if a newer Tram wrote it, `unverified` if it is a database of something
/// else.
[[nodiscard]] sync::Result<int> migrate(Database& database);

}  // namespace tram::store
