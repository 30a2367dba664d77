#pragma once

#include "store/sqlite/database.hpp"

namespace tram::store {

/// All or nothing: rolls back unless it was committed.
class Transaction {
 public:
  enum class Kind {
    read,   ///< pins a snapshot at once
    write,  ///< takes the one write lock at once, so that no later statement can fail for it
  };
  /// The error, if any, comes from `begin`; nothing else may be called before it.
  explicit Transaction(Database& database) : database_(database) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  [[nodiscard]] sync::Status begin(Kind kind);
  /// After an error nothing of the transaction is saved, unless the error is `io`: then the disk
  /// may hold it or not, and the connection must be closed and opened again to know.
  [[nodiscard]] sync::Status commit();

 private:
  Database& database_;
  bool open_ = false;
};

/// A part of a transaction that can be undone alone: rolls back unless it was released. May be
/// nested.
class Savepoint {
 public:
  explicit Savepoint(Database& database) : database_(database) {}
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint();

  [[nodiscard]] sync::Status begin();
  [[nodiscard]] sync::Status release();

 private:
  Database& database_;
  bool open_ = false;
};

}  // namespace tram::store
