#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/sqlite/database.hpp"
#include "store/store.hpp"

namespace tram::store {

/// Moves the WAL into the database file on one thread and one connection of its own: two that did
/// it at once have lost pages before, and a commit should not wait for it.
class Checkpointer {
 public:
  using Told = std::function<void(DiskTrouble)>;

  /// `background` false: nothing runs by itself, only `run` does. `told` hears what the disk did
  /// not take.
  Checkpointer(std::unique_ptr<Database> database, int pages_wanted, bool background, Told told);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  /// Ends the thread. The last checkpoint is SQLite's own, when the last connection closes.
  ~Checkpointer();

  /// Told after each commit, from the writer's thread.
  void on_commit(int wal_pages);
  /// Told after a commit that took bytes out of the ledger. From now on each commit has the WAL
  /// emptied, until that was done.
  void bytes_were_erased();
  /// The WAL is as long as it may be, or erased bytes stand in it.
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] sync::Status run(bool truncate);

 private:
  void loop();

  std::unique_ptr<Database> database_;
  const int pages_wanted_;
  const Told told_;
  std::mutex database_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool truncate_ = false;       // what is wanted is to empty it
  std::uint64_t erasures_ = 0;  // so often were bytes erased
  std::uint64_t emptied_ = 0;   // and of so many the WAL is free
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tram::store
