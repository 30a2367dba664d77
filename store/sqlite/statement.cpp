#include "store/sqlite/statement.hpp"

#include <sqlite3.h>

#include <new>
#include <utility>

#include "store/sqlite/database.hpp"
#include "sync/core/assert.hpp"

namespace tram::store {

namespace {

// Most callers ask in the statement's own order: the search begins behind the last one found.
int place_of(std::string_view name, const std::vector<std::string>& names, std::size_t& next) {
  for (std::size_t left = names.size(); left > 0; --left) {
    if (next == names.size()) next = 0;
    if (names[next++] == name) return static_cast<int>(next - 1);
  }
  const bool statement_has_this_name = false;
  TRAM_ASSERT(statement_has_this_name);
  return 0;
}

// SQLite has a name for everything but where memory ended.
std::string or_out_of_memory(const char* name) {
  if (name == nullptr) throw std::bad_alloc();
  return name;
}

}  // namespace

void Prepared::Finalize::operator()(sqlite3_stmt* compiled) const noexcept {
  sqlite3_finalize(compiled);
}

Prepared::Prepared(Handle compiled) : handle(std::move(compiled)) {
  for (int i = 1; i <= sqlite3_bind_parameter_count(handle.get()); ++i) {
    parameters.push_back(or_out_of_memory(sqlite3_bind_parameter_name(handle.get(), i)));
  }
  for (int i = 0; i < sqlite3_column_count(handle.get()); ++i) {
    columns.push_back(or_out_of_memory(sqlite3_column_name(handle.get(), i)));
  }
}

Statement::Statement(Database& database, Prepared& cached)
    : database_(&database), prepared_(&cached) {
  cached.in_use = true;
}

Statement::Statement(Database& database, std::unique_ptr<Prepared> own)
    : database_(&database), own_(std::move(own)), prepared_(own_.get()) {}

Statement::Statement(Database& database, sync::Error error)
    : database_(&database), error_(std::move(error)) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      own_(std::move(other.own_)),
      prepared_(std::exchange(other.prepared_, nullptr)),
      error_(std::move(other.error_)) {}

Statement::~Statement() {
  if (prepared_ == nullptr || own_ != nullptr) return;
  sqlite3_reset(prepared_->handle.get());
  sqlite3_clear_bindings(prepared_->handle.get());
  prepared_->in_use = false;
}

int Statement::parameter_index(std::string_view parameter) const {
  return 1 + place_of(parameter, prepared_->parameters, prepared_->next_parameter);
}

int Statement::column_index(std::string_view column) const {
  return place_of(column, prepared_->columns, prepared_->next_column);
}

void Statement::check(int code) {
  if (code != SQLITE_OK) error_ = database_->error(code);
}

Statement& Statement::bind_integer(std::string_view parameter, std::int64_t value) {
  if (!error_)
    check(sqlite3_bind_int64(prepared_->handle.get(), parameter_index(parameter), value));
  return *this;
}

Statement& Statement::bind(std::string_view parameter, sync::ByteView value) {
  if (error_) return *this;
  // A null pointer would bind NULL: an empty blob is a value.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  check(sqlite3_bind_blob64(prepared_->handle.get(), parameter_index(parameter), data, value.size(),
                            SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_text(std::string_view parameter, std::string_view value) {
  if (error_) return *this;
  const char* data = value.empty() ? "" : value.data();
  check(sqlite3_bind_text64(prepared_->handle.get(), parameter_index(parameter), data, value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_null(std::string_view parameter) {
  if (!error_) check(sqlite3_bind_null(prepared_->handle.get(), parameter_index(parameter)));
  return *this;
}

sync::Result<bool> Statement::step() {
  if (error_) return sync::fail(*error_);
  const int code = sqlite3_step(prepared_->handle.get());
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
  check(sqlite3_reset(prepared_->handle.get()));
  if (error_) return sync::fail(*error_);
  return {};
}

bool Statement::is_null(std::string_view column) const {
  return sqlite3_column_type(prepared_->handle.get(), column_index(column)) == SQLITE_NULL;
}

std::int64_t Statement::integer(std::string_view column) const {
  return sqlite3_column_int64(prepared_->handle.get(), column_index(column));
}

sync::ByteView Statement::blob(std::string_view column) const {
  const int index = column_index(column);
  const void* data = sqlite3_column_blob(prepared_->handle.get(), index);
  const int size = sqlite3_column_bytes(prepared_->handle.get(), index);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

std::string Statement::text(std::string_view column) const {
  return std::string(sync::as_text(blob(column)));
}

}  // namespace tram::store
