// Goal: SQLite uses the disks of the tests as it uses an operating system.
// Method: one VFS for all of them; the number in the path tells which; locks as on Unix.
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <new>
#include <utility>

#include "sync/core/assert.hpp"
#include "tests/simulation/disk_machine.hpp"

namespace tram::simulation {

namespace {

using detail::Inside;
using detail::Machine;
using detail::Node;
using detail::OpenFile;
using detail::SharedMemory;
using detail::Verdict;

constexpr const char* own_name = "tram-sim";
constexpr int sector_size = 4096;  // as SQLite says on Unix
constexpr int path_bytes_max = 512;

// What SQLite allocates for a handle.
struct Handle : sqlite3_file {
  OpenFile* open;
};

OpenFile& file_of(sqlite3_file* handle) {
  return *static_cast<Handle*>(handle)->open;
}

// Nothing that C++ throws may pass through SQLite.
template <class Work>
int guarded(const Work& work) {
  const Inside inside;
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  }
}

int code_of(Failure failure, int io_code) {
  switch (failure) {
    case Failure::full: return SQLITE_FULL;
    case Failure::out_of_memory: return SQLITE_IOERR_NOMEM;
    case Failure::io_error: break;
  }
  return io_code;
}

struct Place {
  std::shared_ptr<Machine> machine;
  std::string_view name;
};

// "/disk-3/tram.db"
Place place_of(const char* path) {
  constexpr std::string_view prefix = "/disk-";
  std::string_view text = path == nullptr ? std::string_view() : path;
  if (!text.starts_with(prefix)) return {};
  text.remove_prefix(prefix.size());
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end == text.data() + text.size() || *end != '/') return {};
  text.remove_prefix(static_cast<std::size_t>(end + 1 - text.data()));
  const auto found = detail::machines().find(id);
  if (found == detail::machines().end()) return {};
  return {found->second.lock(), text};
}

int do_read(sqlite3_file* handle, void* out, int count, sqlite3_int64 offset) {
  return guarded([&] {
    OpenFile& file = file_of(handle);
    Machine& machine = *file.machine;
    const Verdict verdict = machine.judge(Operation::read, nullptr);
    if (file.dead()) return SQLITE_IOERR_READ;
    if (verdict.failure) return code_of(*verdict.failure, SQLITE_IOERR_READ);
    const std::span<std::uint8_t> wanted(static_cast<std::uint8_t*>(out),
                                         static_cast<std::size_t>(count));
    const auto start = static_cast<std::uint64_t>(offset);
    const std::size_t got = file.node->inode.now().read(start, wanted);
    machine.counters.bytes_read += got;
    if (got > 0 && machine.armed && machine.dice.chance(machine.faults.rotten_read_rate)) {
      ++machine.counters.injected;
      wanted[machine.dice.below(got)] ^= static_cast<std::uint8_t>(1U << machine.dice.below(8));
    }
    return got == wanted.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  });
}

int do_write(sqlite3_file* handle, const void* data, int count, sqlite3_int64 offset) {
  return guarded([&] {
    OpenFile& file = file_of(handle);
    Machine& machine = *file.machine;
    if (file.dead()) return SQLITE_IOERR_WRITE;
    const sync::ByteView bytes(static_cast<const std::uint8_t*>(data),
                               static_cast<std::size_t>(count));
    auto start = static_cast<std::uint64_t>(offset);
    const Change change{Operation::write, file.name, start, bytes.size()};
    const Verdict verdict = machine.judge(Operation::write, &change);
    if (verdict.failure) {
      file.node->inode.write(start, bytes.first(verdict.part));
      return code_of(*verdict.failure, SQLITE_IOERR_WRITE);
    }
    if (machine.armed && machine.dice.chance(machine.faults.misdirected_write_rate)) {
      ++machine.counters.injected;
      const std::uint64_t blocks = file.node->inode.now().size / detail::block_bytes + 1;
      start = machine.dice.below(blocks) * detail::block_bytes + start % detail::block_bytes;
    }
    file.node->inode.write(start, bytes);
    machine.counters.bytes_written += bytes.size();
    return SQLITE_OK;
  });
}

int do_truncate(sqlite3_file* handle, sqlite3_int64 size) {
  return guarded([&] {
    OpenFile& file = file_of(handle);
    if (file.dead()) return SQLITE_IOERR_TRUNCATE;
    const Change change{Operation::truncate, file.name, static_cast<std::uint64_t>(size), 0};
    const Verdict verdict = file.machine->judge(Operation::truncate, &change);
    if (!verdict.failure || verdict.done) file.node->inode.truncate(change.offset);
    return verdict.failure ? code_of(*verdict.failure, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
  });
}

int do_sync(sqlite3_file* handle, int /*flags*/) {
  return guarded([&] {
    OpenFile& file = file_of(handle);
    Machine& machine = *file.machine;
    if (file.dead()) return SQLITE_IOERR_FSYNC;
    const Change change{Operation::sync, file.name, 0, 0};
    const Verdict verdict = machine.judge(Operation::sync, &change);
    if (verdict.failure && !verdict.done) {
      if (!file.dead() && machine.dice.coin()) file.node->inode.give_up_unsynced();
      return code_of(*verdict.failure, SQLITE_IOERR_FSYNC);
    }
    if (machine.armed && machine.dice.chance(machine.faults.lying_sync_rate)) {
      ++machine.counters.injected;
      return SQLITE_OK;
    }
    file.node->inode.sync();
    if (std::exchange(file.sync_folder, false)) machine.sync_folder();
    return verdict.failure ? code_of(*verdict.failure, SQLITE_IOERR_FSYNC) : SQLITE_OK;
  });
}

int do_file_size(sqlite3_file* handle, sqlite3_int64* size) {
  const OpenFile& file = file_of(handle);
  const Verdict verdict = file.machine->judge(Operation::size, nullptr);
  if (file.dead()) return SQLITE_IOERR_FSTAT;
  if (verdict.failure) return code_of(*verdict.failure, SQLITE_IOERR_FSTAT);
  *size = static_cast<sqlite3_int64>(file.node->inode.now().size);
  return SQLITE_OK;
}

// Shared for readers; reserved for the one who means to write; exclusive, with pending on the way:
// no new readers.
int do_lock(sqlite3_file* handle, int wanted) {
  OpenFile& file = file_of(handle);
  const Verdict verdict = file.machine->judge(Operation::lock, nullptr);
  if (file.dead()) return SQLITE_IOERR_LOCK;
  if (verdict.failure) return code_of(*verdict.failure, SQLITE_IOERR_LOCK);
  Node& node = *file.node;
  if (file.level >= wanted) return SQLITE_OK;
  if (node.exclusive != nullptr && node.exclusive != &file) return SQLITE_BUSY;
  if (wanted == SQLITE_LOCK_SHARED) {
    ++node.shared;
    file.level = wanted;
    return SQLITE_OK;
  }
  if (node.reserved != nullptr && node.reserved != &file) return SQLITE_BUSY;
  if (wanted == SQLITE_LOCK_RESERVED) {
    node.reserved = &file;
    file.level = wanted;
    return SQLITE_OK;
  }
  node.exclusive = &file;
  file.level = node.shared > 1 ? SQLITE_LOCK_PENDING : SQLITE_LOCK_EXCLUSIVE;
  return node.shared > 1 ? SQLITE_BUSY : SQLITE_OK;
}

int do_unlock(sqlite3_file* handle, int wanted) {
  OpenFile& file = file_of(handle);
  const bool same_life = file.life == file.machine->life;
  if (file.level <= wanted || !same_life) return SQLITE_OK;
  Node& node = *file.node;
  if (node.reserved == &file) node.reserved = nullptr;
  if (node.exclusive == &file) node.exclusive = nullptr;
  if (wanted == SQLITE_LOCK_NONE && file.level >= SQLITE_LOCK_SHARED) --node.shared;
  file.level = wanted;
  return SQLITE_OK;
}

int do_check_reserved(sqlite3_file* handle, int* is_reserved) {
  const OpenFile& file = file_of(handle);
  if (file.dead()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
  *is_reserved = file.node->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int do_file_control(sqlite3_file* /*handle*/, int /*request*/, void* /*value*/) {
  return SQLITE_NOTFOUND;
}

int do_sector_size(sqlite3_file* /*handle*/) {
  return sector_size;
}

int do_characteristics(sqlite3_file* /*handle*/) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SUBPAGE_READ;
}

int do_map(sqlite3_file* handle, int region, int size, int extend, void volatile** out) {
  return guarded([&] {
    OpenFile& file = file_of(handle);
    *out = nullptr;
    const Verdict verdict = file.machine->judge(Operation::map_shared, nullptr);
    if (file.dead()) return SQLITE_IOERR_SHMMAP;
    if (verdict.failure) return code_of(*verdict.failure, SQLITE_IOERR_SHMMAP);
    TRAM_ASSERT(size == static_cast<int>(SharedMemory::region_bytes));
    if (!file.memory) file.memory = file.node->memory.lock();
    if (!file.memory) {
      file.memory = std::make_shared<SharedMemory>();
      file.node->memory = file.memory;
    }
    auto& regions = file.memory->regions;
    const auto index = static_cast<std::size_t>(region);
    if (index >= regions.size() && extend == 0) return SQLITE_OK;
    while (regions.size() <= index) {
      regions.push_back(std::make_unique<std::array<std::uint8_t, SharedMemory::region_bytes>>());
    }
    *out = regions[index]->data();
    return SQLITE_OK;
  });
}

void release_slots(OpenFile& file, unsigned mask) {
  for (unsigned slot = 0; slot < SharedMemory::slots; ++slot) {
    if ((mask & file.exclusive_slots & (1U << slot)) != 0) file.memory->locks.at(slot) = 0;
    if ((mask & file.shared_slots & (1U << slot)) != 0) --file.memory->locks.at(slot);
  }
  file.exclusive_slots &= ~mask;
  file.shared_slots &= ~mask;
}

int do_shared_lock(sqlite3_file* handle, int first, int count, int flags) {
  OpenFile& file = file_of(handle);
  const unsigned mask =
      (1U << static_cast<unsigned>(first + count)) - (1U << static_cast<unsigned>(first));
  if (!file.memory) return SQLITE_IOERR_SHMLOCK;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    release_slots(file, mask);
    return SQLITE_OK;
  }
  const Verdict verdict = file.machine->judge(Operation::lock, nullptr);
  if (file.dead()) return SQLITE_IOERR_SHMLOCK;
  if (verdict.failure) return code_of(*verdict.failure, SQLITE_IOERR_SHMLOCK);
  auto& locks = file.memory->locks;
  const auto start = static_cast<std::size_t>(first);
  if ((flags & SQLITE_SHM_SHARED) != 0) {
    if ((file.shared_slots & mask) != 0) return SQLITE_OK;
    if (locks.at(start) < 0) return SQLITE_BUSY;
    ++locks.at(start);
    file.shared_slots |= mask;
    return SQLITE_OK;
  }
  const auto end = start + static_cast<std::size_t>(count);
  for (std::size_t slot = start; slot < end; ++slot) {
    if ((file.exclusive_slots & (1U << slot)) == 0 && locks.at(slot) != 0) return SQLITE_BUSY;
  }
  for (std::size_t slot = start; slot < end; ++slot) locks.at(slot) = -1;
  file.exclusive_slots |= mask;
  return SQLITE_OK;
}

void do_barrier(sqlite3_file* /*handle*/) {}

int do_unmap(sqlite3_file* handle, int /*remove*/) {
  OpenFile& file = file_of(handle);
  if (!file.memory) return SQLITE_OK;
  release_slots(file, ~0U);
  file.memory.reset();
  return SQLITE_OK;
}

int do_close(sqlite3_file* handle) {
  return guarded([&] {
    const std::unique_ptr<OpenFile> file(
        std::exchange(static_cast<Handle*>(handle)->open, nullptr));
    if (file->life != file->machine->life) return SQLITE_OK;
    Node& node = *file->node;
    if (node.reserved == file.get()) node.reserved = nullptr;
    if (node.exclusive == file.get()) node.exclusive = nullptr;
    if (file->level >= SQLITE_LOCK_SHARED) --node.shared;
    if (file->memory) release_slots(*file, ~0U);
    if (file->remove_on_close && !file->machine->stopped) file->machine->files.erase(file->name);
    return SQLITE_OK;
  });
}

constexpr sqlite3_io_methods methods = {2,
                                        do_close,
                                        do_read,
                                        do_write,
                                        do_truncate,
                                        do_sync,
                                        do_file_size,
                                        do_lock,
                                        do_unlock,
                                        do_check_reserved,
                                        do_file_control,
                                        do_sector_size,
                                        do_characteristics,
                                        do_map,
                                        do_shared_lock,
                                        do_barrier,
                                        do_unmap,
                                        nullptr,
                                        nullptr};

int open_file(const Place& place, Handle& handle, int flags) {
  Machine& machine = *place.machine;
  auto node = machine.find(place.name);
  const bool creates = !node && (flags & SQLITE_OPEN_CREATE) != 0;
  const Change change{Operation::open, place.name, 0, 0};
  const bool was_stopped = machine.stopped;
  const Verdict verdict = machine.judge(Operation::open, creates ? &change : nullptr);
  if (was_stopped || (!node && !creates)) return SQLITE_CANTOPEN;
  if (creates && (!verdict.failure || verdict.done)) {
    node = std::make_shared<Node>();
    machine.files.emplace(place.name, node);
  }
  if (verdict.failure) return code_of(*verdict.failure, SQLITE_CANTOPEN);
  auto file = std::make_unique<OpenFile>();
  file->machine = place.machine;
  file->node = std::move(node);
  file->name = place.name;
  file->life = machine.life;
  // As SQLite does on Unix: whoever creates one of these syncs the folder with it.
  constexpr int with_folder =
      SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  file->sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & with_folder) != 0;
  file->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  handle.open = file.release();
  handle.pMethods = &methods;
  return SQLITE_OK;
}

int vfs_open(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* handle, int flags, int* out) {
  return guarded([&] {
    auto& own = *static_cast<Handle*>(handle);
    own.pMethods = nullptr;
    const Place place = place_of(path);
    if (!place.machine) return SQLITE_CANTOPEN;
    if (out != nullptr) *out = flags;
    return open_file(place, own, flags);
  });
}

int vfs_delete(sqlite3_vfs* /*vfs*/, const char* path, int sync_folder) {
  return guarded([&] {
    const Place place = place_of(path);
    if (!place.machine || place.machine->stopped) return SQLITE_IOERR_DELETE;
    Machine& machine = *place.machine;
    if (!machine.find(place.name)) return SQLITE_IOERR_DELETE_NOENT;
    const Change change{Operation::remove, place.name, 0, 0};
    const Verdict verdict = machine.judge(Operation::remove, &change);
    if (!verdict.failure || verdict.done) {
      machine.files.erase(machine.files.find(place.name));
    }
    if (verdict.failure) return code_of(*verdict.failure, SQLITE_IOERR_DELETE);
    const bool lies = machine.armed && machine.dice.chance(machine.faults.lying_sync_rate);
    if (sync_folder != 0 && !lies) machine.sync_folder();
    return SQLITE_OK;
  });
}

int vfs_access(sqlite3_vfs* /*vfs*/, const char* path, int flags, int* result) {
  return guarded([&] {
    const Place place = place_of(path);
    if (!place.machine || place.machine->stopped) return SQLITE_IOERR_ACCESS;
    const auto node = place.machine->find(place.name);
    // An empty file does not exist for SQLite on Unix.
    const bool there = node && (flags != SQLITE_ACCESS_EXISTS || node->inode.now().size > 0);
    *result = there ? 1 : 0;
    return SQLITE_OK;
  });
}

int vfs_full_path(sqlite3_vfs* /*vfs*/, const char* path, int room, char* out) {
  const std::size_t length = std::strlen(path);
  if (length + 1 > static_cast<std::size_t>(room)) return SQLITE_CANTOPEN;
  std::memcpy(out, path, length + 1);
  return SQLITE_OK;
}

int vfs_random(sqlite3_vfs* /*vfs*/, int count, char* out) {
  std::memset(out, 0, static_cast<std::size_t>(count));
  return count;
}

int vfs_sleep(sqlite3_vfs* /*vfs*/, int microseconds) {
  // In whose name is not known: every disk's counter.
  for (const auto& [id, weak] : detail::machines()) {
    const auto machine = weak.lock();
    if (machine) machine->counters.slept_ms += static_cast<std::uint64_t>(microseconds) / 1000;
  }
  return microseconds;
}

int vfs_time_ms(sqlite3_vfs* /*vfs*/, sqlite3_int64* out) {
  *out = 210866760000000;  // a Julian day in ms: the same moment for ever
  return SQLITE_OK;
}

int vfs_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  const int code = vfs_time_ms(vfs, &ms);
  *out = static_cast<double>(ms) / 86400000.0;
  return code;
}

int vfs_last_error(sqlite3_vfs* /*vfs*/, int /*room*/, char* /*out*/) {
  return 0;
}

std::string register_vfs() {
  static sqlite3_vfs own{};
  own.iVersion = 2;
  own.szOsFile = sizeof(Handle);
  own.mxPathname = path_bytes_max;
  own.zName = own_name;
  own.xOpen = vfs_open;
  own.xDelete = vfs_delete;
  own.xAccess = vfs_access;
  own.xFullPathname = vfs_full_path;
  own.xRandomness = vfs_random;
  own.xSleep = vfs_sleep;
  own.xCurrentTime = vfs_time;
  own.xGetLastError = vfs_last_error;
  own.xCurrentTimeInt64 = vfs_time_ms;
  TRAM_ASSERT(sqlite3_vfs_register(&own, 0) == SQLITE_OK);
  // The layer that encrypts, on top of it; SQLite3MC makes it of the name when it is first opened.
  return std::string("multipleciphers-") + own_name;
}

}  // namespace

std::string vfs() {
  static const std::string name = register_vfs();
  return name;
}

void reseed_sqlite(std::uint64_t seed) {
  const int folded = static_cast<int>((seed ^ (seed >> 32U)) & 0x7fffffffU);
  sqlite3* const no_database = nullptr;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, folded == 0 ? 1 : folded, no_database);
}

}  // namespace tram::simulation
