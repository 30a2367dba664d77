#include "store/sqlite/transaction.hpp"

#include "sync/core/assert.hpp"

namespace tram::store {

using sync::ErrorCode;
using sync::fail;
using sync::Status;

namespace {

// Where SQLite has rolled back by itself, each statement would be a transaction of its own.
Status given_up() {
  return fail(ErrorCode::io, "not saved: the database gave the transaction up");
}

}  // namespace

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (open_ && database_.in_transaction()) database_.roll_back();
}

Status Transaction::begin(Kind kind) {
  TRAM_ASSERT(!open_);
  // For want of memory even a rollback can fail. What it left must not be taken along.
  database_.end_leftovers();
  const Status begun = database_.prepare(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN").run();
  if (!begun) return begun;
  open_ = true;
  // A deferred transaction has its snapshot only from its first read on.
  if (kind == Kind::read) {
    const auto row = database_.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").step();
    if (!row) return fail(row.error());
  }
  return {};
}

Status Transaction::commit() {
  TRAM_ASSERT(open_);
  if (!database_.in_transaction() || database_.spoiled()) return given_up();
  const Status committed = database_.prepare("COMMIT").run();
  if (committed) open_ = false;
  return committed;
}

Savepoint::~Savepoint() {
  if (open_ && database_.in_transaction())
    database_.undo_savepoint("ROLLBACK TO part; RELEASE part");
}

Status Savepoint::begin() {
  TRAM_ASSERT(!open_);
  if (!database_.in_transaction() || database_.spoiled()) return given_up();
  const Status begun = database_.prepare("SAVEPOINT part").run();
  if (begun) open_ = true;
  return begun;
}

Status Savepoint::release() {
  TRAM_ASSERT(open_);
  const Status released = database_.prepare("RELEASE part").run();
  if (released) open_ = false;
  return released;
}

}  // namespace tram::store
