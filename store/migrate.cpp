#include "store/migrations.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/transaction.hpp"

namespace tram::store {

using sync::ErrorCode;
using sync::fail;

namespace {

sync::Status run_migration(Database& database, int from) {
  Transaction transaction(database);
  if (const auto begun = transaction.begin(Transaction::Kind::write); !begun) return begun;
  const auto version = database.user_version();
  if (!version) return fail(version.error());
  if (*version > from) return {};  // another process was first
  const char* script = migrations()[static_cast<std::size_t>(from)];
  if (const auto ran = database.execute(script); !ran) return ran;
  const auto reached = database.user_version();
  if (!reached) return fail(reached.error());
  if (*reached != from + 1) return fail(ErrorCode::failed, "a migration set no version");
  return transaction.commit();
}

}  // namespace

sync::Result<int> migrate(Database& database) {
  const auto found = database.user_version();
  if (!found) return fail(found.error());
  const int newest = static_cast<int>(migrations().size());
  if (*found > newest) {
    return fail(ErrorCode::failed,
                "this folder was written by a newer Tram: install that version or a later one");
  }
  if (*found == 0) {
    Statement tables = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1");
    const auto row = tables.step();
    if (!row) return fail(row.error());
    if (*row) return fail(ErrorCode::unverified, "the file is no database of Tram");
  }
  for (int version = *found; version < newest; ++version) {
    if (const auto done = run_migration(database, version); !done) {
      return fail(done.error(), "migration to version " + std::to_string(version + 1));
    }
  }
  return *found;
}

}  // namespace tram::store
