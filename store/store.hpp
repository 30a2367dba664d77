#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/read_unit.hpp"
#include "store/write_unit.hpp"
#include "sync/core/result.hpp"

/// The engine's store on SQLite, for nodes and for a hub on one machine. It keeps the ledger, the
/// feeds, the bookkeeping of sessions, and the projection: the state of every record.
///
/// It refuses to forget: entries and names are append-only (only an erasure drops bytes), and
/// triggers in the schema say so to other hands too. It holds no attachments (a database of their
/// own) and knows no fields.
namespace tram::store {

enum class Role { node, hub };

struct StoreOptions {
  /// The database file. Beside it stand `-wal` and `-shm`, which belong to it.
  std::filesystem::path path;
  /// 32 bytes; read while `open` runs. Empty leaves the encryption out: for a `vfs` only.
  sync::ByteView key;
  Role role = Role::node;
  /// Node: the unit whose feed is home. Another one than last time (a merge of communes) recomputes
  /// what is pending and the projection.
  std::string home_unit;
  /// Keys whose verdicts and erasures count. Those of earlier openings and WriteUnit::add_hub_key
  /// stay.
  std::vector<sync::PublicKey> hub_keys;
  /// Connections that read beside each other; the next reader waits. With none, reads go over the
  /// writer's connection and take turns with writes: less memory, for a program of one thread.
  std::size_t readers = 3;
  /// A checkpoint begins when the WAL has this many pages (4 kB each), off the writer's thread.
  int checkpoint_pages = 1000;
  /// False in the simulator, where nothing may run by itself: `checkpoint` is called instead.
  bool background_checkpoints = true;
  /// Which of SQLite's file systems carries the file; empty: the operating system's. One that is
  /// not registered is `failed`, and so is one that does not encrypt, with a key.
  std::string vfs = {};
};

enum class DiskTrouble {
  full,    ///< what was to be saved is not; reading goes on, and later writes may pass
  failed,  ///< nobody knows what the disk holds: all later writes are refused
};

/// How the store was found.
struct OpeningReport {
  bool created = false;
  bool unclean = false;      ///< the last process did not close it; its pages were checked
  int migrated_from = 0;     ///< the schema version found, if it was an older one
  bool reprojected = false;  ///< the home unit is another one than last time
};

/// Any thread may call `read` and `write`. One function writes at a time, the next ones wait in
/// `write`; reads go on beside it on the last committed state. A function that calls back into its
/// own Store deadlocks. No exception leaves: one that a function throws comes back as `failed`.
class Store {
  struct Parts;

 public:
  /// Creates the file if there is none, and migrates an older schema. `unverified` if the key does
  /// not fit or the file is damaged (store/salvage.hpp); `failed` if a newer Tram wrote it; `usage`
  /// if role or options do not fit the file.
  [[nodiscard]] static sync::Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  /// Only `open` can make the parts.
  explicit Store(std::unique_ptr<Parts> parts);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  /// Waits for readers and the checkpoint, and marks the store as closed in order.
  ~Store();

  /// Runs `work` in one transaction, committed and on disk when this returns ok. If `work` or the
  /// commit fails, nothing is saved; after a disk error in a commit or checkpoint later writes are
  /// refused, because only opening the store again can tell what the disk holds.
  [[nodiscard]] sync::Status write(const std::function<sync::Status(WriteUnit&)>& work);

  /// Runs `work` on one snapshot. Returns its error, or the one that a read has latched. Keep it
  /// below 30 s: while a snapshot stands the WAL cannot shrink.
  [[nodiscard]] sync::Status read(const std::function<sync::Status(const ReadUnit&)>& work) const;

  /// Moves the WAL into the file now; `truncate`, or an erasure before, also empties it: the erased
  /// bytes are gone then.
  [[nodiscard]] sync::Status checkpoint(bool truncate);
  /// The WAL is long, or holds erased bytes. With background_checkpoints it soon does not.
  [[nodiscard]] bool owes_checkpoint() const;

  [[nodiscard]] const OpeningReport& opening() const;

  /// `told` is called after a write or a checkpoint that the disk did not take, from the thread
  /// that asked for it: whoever it tells frees space, or ends the process and starts it again. It
  /// must not write. Set it before others use the store.
  void on_disk_trouble(std::function<void(DiskTrouble)> told);
  /// True for good once the disk has failed: nothing is saved any more.
  [[nodiscard]] bool is_broken() const;

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace tram::store
