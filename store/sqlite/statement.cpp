#include "store/sqlite/statement.hpp"

#include <sqlite3.h>

#include <utility>

#include "store/sqlite/database.hpp"
#include "sync/core/assert.hpp"

namespace tram::store {

Statement::Statement(Database& database, sqlite3_stmt* handle, bool* in_use)
    : database_(&database), handle_(handle), in_use_(in_use) {
  if (in_use_ != nullptr) *in_use_ = true;
}

Statement::Statement(Database& database, sync::Error error)
    : database_(&database), error_(std::move(error)) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(std::exchange(other.handle_, nullptr)),
      in_use_(std::exchange(other.in_use_, nullptr)),
      error_(std::move(other.error_)) {}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  if (in_use_ == nullptr) {
    sqlite3_finalize(handle_);
    return;
  }
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  *in_use_ = false;
}

int Statement::parameter_index(std::string_view parameter) const {
  const int count = sqlite3_bind_parameter_count(handle_);
  for (int i = 1; i <= count; ++i) {
    const char* name = sqlite3_bind_parameter_name(handle_, i);
    if (name != nullptr && parameter == name) return i;
  }
  const bool statement_has_this_parameter = false;
  TRAM_ASSERT(statement_has_this_parameter);
  return 0;
}

int Statement::column_index(std::string_view column) const {
  const int count = sqlite3_column_count(handle_);
  for (int i = 0; i < count; ++i) {
    const char* name = sqlite3_column_name(handle_, i);
    if (name != nullptr && column == name) return i;
  }
  const bool statement_has_this_column = false;
  TRAM_ASSERT(statement_has_this_column);
  return 0;
}

void Statement::check(int code) {
  if (code != SQLITE_OK) error_ = database_->error(code);
}

Statement& Statement::bind_integer(std::string_view parameter, std::int64_t value) {
  if (!error_) check(sqlite3_bind_int64(handle_, parameter_index(parameter), value));
  return *this;
}

Statement& Statement::bind(std::string_view parameter, sync::ByteView value) {
  if (error_) return *this;
  // A null pointer would bind NULL: an empty blob is a value.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  check(sqlite3_bind_blob64(handle_, parameter_index(parameter), data, value.size(),
                            SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_text(std::string_view parameter, std::string_view value) {
  if (error_) return *this;
  const char* data = value.empty() ? "" : value.data();
  check(sqlite3_bind_text64(handle_, parameter_index(parameter), data, value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_null(std::string_view parameter) {
  if (!error_) check(sqlite3_bind_null(handle_, parameter_index(parameter)));
  return *this;
}

sync::Result<bool> Statement::step() {
  if (error_) return sync::fail(*error_);
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  check(code);
  return sync::fail(*error_);
}

sync::Status Statement::run() {
  for (;;) {
    const sync::Result<bool> row = step();
    if (!row) return sync::fail(row.error());
    if (!*row) break;
  }
  check(sqlite3_reset(handle_));
  if (error_) return sync::fail(*error_);
  return {};
}

bool Statement::is_null(std::string_view column) const {
  return sqlite3_column_type(handle_, column_index(column)) == SQLITE_NULL;
}

std::int64_t Statement::integer(std::string_view column) const {
  return sqlite3_column_int64(handle_, column_index(column));
}

sync::ByteView Statement::blob(std::string_view column) const {
  const int index = column_index(column);
  const void* data = sqlite3_column_blob(handle_, index);
  const int size = sqlite3_column_bytes(handle_, index);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

std::string Statement::text(std::string_view column) const {
  return std::string(sync::as_text(blob(column)));
}

}  // namespace tram::store
