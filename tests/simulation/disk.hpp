#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"

/// A machine's disk in memory, as SQLite sees it through a VFS of its own, with what real disks do
/// to their owners: full, failing, lying, rotten, and cut off in the middle.
///
///     Disk disk(seed);
///     StoreOptions options;
///     options.path = disk.path("tram.db");
///     options.vfs = vfs();                    // encrypted as on a real disk
///     options.background_checkpoints = false;
///
/// What it refuses: threads (one thread uses all disks of a process; no locks), waiting (SQLite's
/// sleeps return at once, so that a lock that nobody can release is `unavailable` at once), real
/// time and real chance. Faults happen only while a store uses the disk, never by themselves.
namespace tram::simulation {

/// The name for `StoreOptions::vfs`; the first call registers the VFS.
[[nodiscard]] std::string vfs();

/// Makes SQLite's own generator start again from here: call it at the start of a run. Operations,
/// their sizes and their order are then the same for the same seed. The bytes of encrypted pages
/// are not, as SQLite3MC draws their nonces from a generator that is seeded once a process: for
/// equal bytes, too, `use_light_cipher`.
void reseed_sqlite(std::uint64_t seed);

/// Databases that this process opens from now on use a cipher with the product's page layout, a tag
/// that tells wrong keys and changed bytes, and no chance in it, but whose secrecy is a mask. Saves
/// nearly half the time of a transaction. For good: files of the two ciphers do not open each
/// other.
void use_light_cipher();

/// True while a disk does its own work. A test that lets allocations fail leaves these alone.
[[nodiscard]] bool inside_disk();

enum class Operation { open, read, write, sync, truncate, remove, size, lock, map_shared };
inline constexpr std::size_t operation_kinds = 9;

/// What SQLite is told: SQLITE_IOERR_*, SQLITE_FULL or SQLITE_IOERR_NOMEM.
enum class Failure { io_error, full, out_of_memory };

/// The n-th operation of a kind fails, counted from 1 when the faults are set.
struct NthFailure {
  Operation operation = Operation::write;
  std::uint64_t nth = 0;
  Failure failure = Failure::io_error;
  /// Not only this one but every later one of its kind.
  bool lasting = false;
};

/// Rates are probabilities from 0 to 1, drawn anew at each operation from the disk's own seed.
struct DiskFaults {
  /// At the n-th change (write, sync, truncate, remove, open that creates) from now on the disk
  /// stops: a write in flight is done in part, and everything fails until `kill`, `power_cut` or
  /// `put`. 0: never.
  std::uint64_t stop_at_change = 0;
  std::vector<NthFailure> failures = {};
  /// What all files together may hold; a write beyond is done in part and is SQLITE_FULL.
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();
  double read_error_rate = 0;
  double write_error_rate = 0;  ///< the write is done in part
  /// The sync fails; half of the times what it should have saved counts as clean and is never
  /// written by a later one, as Linux does.
  double sync_error_rate = 0;
  double lying_sync_rate = 0;         ///< the sync says ok and makes nothing durable
  double rotten_read_rate = 0;        ///< one bit of what is read is wrong, this time only
  double misdirected_write_rate = 0;  ///< the write lands on another block of its file
};

/// What happened so far; never falls, not even at `kill`.
struct DiskCounters {
  std::uint64_t operations[operation_kinds] = {};
  /// Writes, syncs, truncates, removes and creations: the points at which a crash may happen.
  std::uint64_t changes = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t injected = 0;  ///< failures, lies, rot and misdirections so far
  std::uint64_t slept_ms = 0;  ///< what SQLite wanted to wait for locks
  [[nodiscard]] std::uint64_t of(Operation operation) const {
    return operations[static_cast<std::size_t>(operation)];
  }
};

namespace detail {
struct Machine;
struct Content;
}  // namespace detail

/// All files of a disk at one moment. A value: copies share their blocks, and cost a pointer for
/// each 4 KiB of file.
class Image {
 public:
  [[nodiscard]] std::vector<std::string> names() const;
  /// Empty if there is no such file.
  [[nodiscard]] sync::Bytes read(std::string_view name) const;
  [[nodiscard]] std::uint64_t bytes() const;
  friend bool operator==(const Image&, const Image&);

 private:
  friend class Disk;
  friend struct detail::Machine;
  std::map<std::string, std::shared_ptr<const detail::Content>, std::less<>> files_;
};

/// What is about to be done to a disk.
struct Change {
  Operation operation = Operation::write;
  std::string_view name;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class Disk {
 public:
  /// `seed`: for the disk's own faults (rates, parts of writes).
  explicit Disk(std::uint64_t seed = 0);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  /// Handles that are still open go dead.
  ~Disk();

  /// The path under which SQLite finds the file, such as "/disk-3/tram.db". Never reused.
  [[nodiscard]] std::filesystem::path path(std::string_view name) const;

  /// What the operating system shows now: a clone, a backup by copying, a disk image. Taken while a
  /// store is open it is what a kill -9 leaves.
  [[nodiscard]] Image image() const;
  /// The disk holds this and nothing else, all of it durable. Open handles go dead.
  void put(const Image& image);

  /// The process is gone: open handles go dead (every operation is SQLITE_IOERR, closing is fine),
  /// locks and shared memory go, files stay as the operating system shows them. Ends a stop. Close
  /// stores on it afterwards, as one closes a dead man's books; new ones may be opened before.
  void kill();
  /// The power is gone: as `kill`, and what was not synced is, sector by sector, kept, lost or
  /// torn; sizes, creations and removals since the last sync of the folder may be undone. Bytes of
  /// a sector that nobody wrote do not change (powersafe overwrite, as SQLite takes for granted on
  /// Unix and Windows).
  void power_cut(sync::Random& random);
  /// What a power cut at this moment might leave; touches nothing.
  [[nodiscard]] Image image_after_power_cut(sync::Random& random) const;

  /// Takes effect at once; counting begins anew. Bad reads and writes of what is open, too.
  void set_faults(DiskFaults faults);
  [[nodiscard]] const DiskFaults& faults() const;
  /// True from the `stop_at_change` on, until `kill`, `power_cut` or `put`.
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] const DiskCounters& counters() const;
  /// Called before each change, while SQLite is in the middle of it: look at the disk, use nothing
  /// that stands on it. `{}` ends it.
  void on_change(std::function<void(const Change&)> look);

  [[nodiscard]] bool exists(std::string_view name) const;
  [[nodiscard]] std::uint64_t size(std::string_view name) const;  ///< 0 if there is none
  [[nodiscard]] std::uint64_t used_bytes() const;
  /// Replaces the whole file, durably: ballast, or somebody else's copy.
  void write_file(std::string_view name, sync::ByteView bytes);
  void remove_file(std::string_view name);
  /// Rot: one bit of the file is the other way round, durably. False if the file is too short.
  [[nodiscard]] bool flip_bit(std::string_view name, std::uint64_t offset, unsigned bit);

 private:
  std::shared_ptr<detail::Machine> machine_;
};

}  // namespace tram::simulation
