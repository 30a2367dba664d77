#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "store/sqlite/statement.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

struct sqlite3;

/// SQLite as we use it: encrypted, in WAL mode, every commit on disk before it returns. Nothing
/// above these wrappers sees sqlite3.h.
namespace tram::store {

struct DatabaseOptions {
  std::filesystem::path path;
  /// 32 random bytes, or none for a `vfs` (see StoreOptions). Read while `open` runs and not kept
  /// by us (SQLite keeps its own copy).
  sync::ByteView key;
  /// Refuses to write; the file must exist.
  bool read_only = false;
  /// How long to wait for another process's lock. Virus scanners have been seen to hold a file for
  /// 45 s.
  std::chrono::milliseconds busy_max = std::chrono::seconds(50);
  /// What the WAL is cut back to after a checkpoint.
  std::int64_t journal_bytes_max = std::int64_t{64} * 1024 * 1024;
  /// Which of SQLite's file systems carries the file; empty: the operating system's, encrypted.
  std::string vfs = {};
};

/// One connection. One thread at a time. Refuses an SQLite that can lose committed pages
/// (below 3.51.3).
///
/// Errors: `unverified` if the key does not fit (or the file is no database of ours); `unavailable`
/// if another process holds the file; `io` if disk or file failed, and the work is not saved;
/// `damaged` if what is read is no page of this database, or pages do not fit each other; `limit`
/// for a value that is too large; `failed` for a rule of the schema.
class Database {
  struct Key {
    explicit Key() = default;
  };

 public:
  [[nodiscard]] static sync::Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  /// Only `open` has a Key.
  Database(Key, sqlite3* handle) : handle_(handle) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// `sql` has :named parameters. Compiled once a connection, and found again by its text.
  [[nodiscard]] Statement prepare(std::string_view sql);
  /// A literal is found again by its address, without a look at the text.
  template <std::size_t N>
  [[nodiscard]] Statement prepare(const char (&literal)[N]) {
    return prepare_literal({literal, N - 1});
  }
  /// Runs constant text of several statements, such as a migration.
  [[nodiscard]] sync::Status execute(const char* script);

  [[nodiscard]] sync::Result<int> user_version();
  [[nodiscard]] std::int64_t last_row_id() const;
  /// Rows changed by the statement that ran last.
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] bool in_transaction() const;
  /// For destructors: these allocate nothing of ours, so that they never throw. Where a rollback
  /// fails, the transaction stays open; where a savepoint cannot be undone, the transaction is
  /// spoiled: it must not be committed, and a rollback makes it good.
  void roll_back() noexcept;
  /// Before a transaction: rolls back what one before it had to leave.
  void end_leftovers() noexcept;
  void undo_savepoint(const char* script) noexcept;
  [[nodiscard]] bool spoiled() const { return spoiled_; }
  /// True for good after the disk has failed (not: is full). Only opening again tells what it
  /// holds.
  [[nodiscard]] bool disk_failed() const { return disk_failed_; }
  /// True if the disk was full since this was asked last.
  [[nodiscard]] bool take_disk_full() { return std::exchange(disk_full_, false); }
  /// True for good after a page was found that is not as it was written.
  [[nodiscard]] bool damaged() const { return damaged_; }

  /// Called after each commit with the pages that stand in the WAL. At most one caller; it must not
  /// use this database.
  void on_commit(std::function<void(int wal_pages)> callback);
  /// Moves the WAL into the database file; `truncate` waits for readers up to `busy_max` and
  /// empties it: then true. Being kept from it by a reader is not an error: the next checkpoint
  /// goes on.
  [[nodiscard]] sync::Result<bool> checkpoint(bool truncate);
  /// The first complaint of SQLite's whole check as `damaged`, or ok. The quick one does not
  /// look into indexes: after a power cut a disk that lied may show an old page of one.
  [[nodiscard]] sync::Status check();
  /// The same of one table and its indexes (of all for an empty name), in SQLite's words, one line;
  /// empty if it is sound.
  [[nodiscard]] sync::Result<std::string> complaint(std::string_view table);

 private:
  friend class Statement;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  [[nodiscard]] sync::Status configure(const DatabaseOptions& options);
  [[nodiscard]] sync::Error error(int code);
  [[nodiscard]] Statement prepare_literal(std::string_view sql);

  sqlite3* handle_;
  bool spoiled_ = false;
  bool disk_failed_ = false;
  bool disk_full_ = false;
  bool damaged_ = false;
  std::unordered_map<std::string, Prepared, Hash, std::equal_to<>> cache_;
  std::unordered_map<const char*, Prepared*> literals_;  // of cache_
  std::function<void(int)> on_commit_;
};

}  // namespace tram::store
