#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

struct sqlite3_stmt;

namespace tram::store {

class Database;

/// A compiled statement, and its names, which SQLite itself only finds by walking all of them.
struct Prepared {
  struct Finalize {
    void operator()(sqlite3_stmt* compiled) const noexcept;
  };
  using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;
  explicit Prepared(Handle compiled);

  Handle handle;
  bool in_use = false;
  std::vector<std::string> parameters;
  std::vector<std::string> columns;
  std::size_t next_parameter = 0;  // behind the one that was asked for last
  std::size_t next_column = 0;
};

/// One prepared statement, borrowed from its database's cache: reset and cleared when it goes out
/// of scope, so that no cursor outlives the function that opened it. Parameters and columns go by
/// name.
///
/// A statement that could not be prepared carries its error: binding does nothing and the first
/// `step` or `run` returns it, so that a query is written without an `if` a line. A name that the
/// SQL does not have is our own mistake and is asserted. One thread at a time, and never after its
/// database is gone.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Values are copied. 64-bit unsigned numbers keep their bits: above 2^63 they only lose their
  /// order.
  template <std::integral T>
  Statement& bind(std::string_view parameter, T value) {
    return bind_integer(parameter, static_cast<std::int64_t>(value));
  }
  Statement& bind(std::string_view parameter, sync::ByteView value);
  Statement& bind_text(std::string_view parameter, std::string_view value);
  Statement& bind_null(std::string_view parameter);
  /// Bytes, or NULL for nothing.
  template <class T>
  Statement& bind_maybe(std::string_view parameter, const std::optional<T>& value) {
    return value ? bind(parameter, sync::ByteView(*value)) : bind_null(parameter);
  }

  /// True while a row stands. After an error the statement stays unusable.
  [[nodiscard]] sync::Result<bool> step();
  /// Runs to the end and drops rows; for statements that write.
  [[nodiscard]] sync::Status run();

  // Columns of the row that stands.
  [[nodiscard]] bool is_null(std::string_view column) const;
  [[nodiscard]] std::int64_t integer(std::string_view column) const;
  [[nodiscard]] std::uint64_t number(std::string_view column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] bool flag(std::string_view column) const { return integer(column) != 0; }
  /// Valid until the next step.
  [[nodiscard]] sync::ByteView blob(std::string_view column) const;
  [[nodiscard]] std::string text(std::string_view column) const;
  /// Zeros where the stored blob has another size, which the schema's checks rule out.
  template <std::size_t N>
  [[nodiscard]] sync::ByteArray<N> array(std::string_view column) const {
    return sync::to_array<N>(blob(column)).value_or(sync::ByteArray<N>{});
  }

 private:
  friend class Database;
  Statement(Database& database, Prepared& cached);
  Statement(Database& database, std::unique_ptr<Prepared> own);
  Statement(Database& database, sync::Error error);

  Statement& bind_integer(std::string_view parameter, std::int64_t value);
  [[nodiscard]] int parameter_index(std::string_view parameter) const;
  [[nodiscard]] int column_index(std::string_view column) const;
  void check(int code);

  Database* database_;
  std::unique_ptr<Prepared> own_;  // none for one of the cache
  Prepared* prepared_ = nullptr;
  std::optional<sync::Error> error_;
};

}  // namespace tram::store
