#include "store/sqlite/failure.hpp"

#include <sqlite3.h>

#include <cerrno>

namespace tram::store {

using sync::Error;
using sync::ErrorCode;

bool is_full(sqlite3* handle, int code) {
  // The index of the write-ahead log could not grow.
  if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE) return true;
  const int reason = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  return code == SQLITE_IOERR_WRITE && (reason == EDQUOT || reason == EFBIG || reason == ENOSPC);
}

Error error_of(sqlite3* handle, int code) {
  const std::string detail = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  if (is_full(handle, code)) return {ErrorCode::io, "not saved: the disk is full"};
  switch (code & 0xff) {
    case SQLITE_IOERR: return {ErrorCode::io, "not saved: the disk failed (" + detail + ")"};
    case SQLITE_CANTOPEN: return {ErrorCode::io, "the database cannot be opened"};
    case SQLITE_READONLY: return {ErrorCode::io, "not saved: the database is read-only"};
    case SQLITE_NOMEM: return {ErrorCode::io, "not saved: out of memory"};
    case SQLITE_PERM:
    case SQLITE_AUTH: return {ErrorCode::io, "the database may not be opened"};
    case SQLITE_CORRUPT:
      return {ErrorCode::damaged,
              "the database is damaged (" + detail + "): stop the program and run `repair`"};
    case SQLITE_NOTADB:
      return {ErrorCode::unverified, "the key does not fit this database, or it is damaged"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable, "the database is in use by another program"};
    case SQLITE_TOOBIG: return {ErrorCode::limit, "a value is too large for the database"};
    case SQLITE_CONSTRAINT: return {ErrorCode::failed, "a rule of the schema: " + detail};
    default: return {ErrorCode::failed, "database: " + detail};
  }
}

bool tells_of_damage(const Error& error) {
  return error.code == ErrorCode::damaged || error.code == ErrorCode::unverified;
}

}  // namespace tram::store
