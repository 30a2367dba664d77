#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/disk.hpp"
#include "tests/simulation/disk_files.hpp"

/// What a Disk and the VFS share: the folder, the locks, and what shall go wrong.
namespace tram::simulation::detail {

struct OpenFile;

/// The WAL's shared memory. Handles of a dead process keep theirs until they are closed.
struct SharedMemory {
  static constexpr std::size_t region_bytes = 32768;
  static constexpr std::size_t slots = 8;
  std::vector<std::unique_ptr<std::array<std::uint8_t, region_bytes>>> regions;
  std::array<int, slots> locks{};  // -1: exclusive; else how many share it
};

/// A file and who has locked it.
struct Node {
  Inode inode;
  int shared = 0;
  const OpenFile* reserved = nullptr;
  const OpenFile* exclusive = nullptr;  // or pending
  std::weak_ptr<SharedMemory> memory;
};

/// What becomes of an operation.
struct Verdict {
  std::optional<Failure> failure;
  /// Of a write that fails: how many bytes are written before.
  std::uint64_t part = 0;
  /// Of another change that fails: whether it is done all the same.
  bool done = false;
};

struct Machine {
  explicit Machine(std::uint64_t seed) : dice(seed) {}

  using Folder = std::map<std::string, std::shared_ptr<Node>, std::less<>>;
  Folder files;
  Folder durable_files;
  std::uint64_t id = 0;
  std::uint64_t life = 0;  ///< handles of an earlier one are dead
  Dice dice;
  bool stopped = false;
  DiskFaults faults;
  bool armed = false;  ///< any fault is set: the common way around them is one test
  DiskCounters counters;
  std::array<std::uint64_t, operation_kinds> since{};
  std::uint64_t changes_since = 0;
  std::function<void(const Change&)> look;

  /// Before an operation is done. `change` ones are told to the observer.
  [[nodiscard]] Verdict judge(Operation operation, const Change* change);
  [[nodiscard]] std::shared_ptr<Node> find(std::string_view name) const;
  void sync_folder() { durable_files = files; }
  [[nodiscard]] std::uint64_t used_bytes() const;
  void die();
  void put(const Image& image);
  [[nodiscard]] Image image() const;
  [[nodiscard]] Image image_after_power_cut(Dice& chance) const;

 private:
  [[nodiscard]] Verdict judge_faults(Operation operation, const Change* change);
};

/// One handle of SQLite.
struct OpenFile {
  std::shared_ptr<Machine> machine;
  std::shared_ptr<Node> node;
  std::string name;
  std::uint64_t life = 0;
  int level = 0;  // SQLITE_LOCK_*
  bool sync_folder = false;
  bool remove_on_close = false;
  std::shared_ptr<SharedMemory> memory;
  unsigned shared_slots = 0;
  unsigned exclusive_slots = 0;
  [[nodiscard]] bool dead() const { return life != machine->life || machine->stopped; }
};

/// The machines by number; a machine that is gone is not in it.
[[nodiscard]] std::map<std::uint64_t, std::weak_ptr<Machine>>& machines();

/// While it lives, `inside_disk()`.
class Inside {
 public:
  Inside() { ++depth; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { --depth; }
  static int depth;
};

}  // namespace tram::simulation::detail
