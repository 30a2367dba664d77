// Goal: every allocation can fail once, to show that nothing is lost or half done by it.
// Method: counters in SQLite's allocator and in the global operator new.
#include "tests/fault/allocations.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "tests/simulation/disk.hpp"

namespace tram::fault {

namespace {

struct Gate {
  bool armed = false;
  std::uint64_t count = 0;
  std::uint64_t nth = 0;
  bool lasting = false;
  std::uint64_t failed = 0;

  // True if this allocation shall fail.
  bool fails() {
    if (!armed || simulation::inside_disk()) return false;
    ++count;
    if (nth == 0 || count < nth || (count > nth && !lasting)) return false;
    ++failed;
    return true;
  }
};

Gate sqlite_gate;
Gate cpp_gate;
sqlite3_mem_methods real;

Gate& gate_of(Allocator which) {
  return which == Allocator::sqlite ? sqlite_gate : cpp_gate;
}

void* sqlite_allocate(int size) {
  return sqlite_gate.fails() ? nullptr : real.xMalloc(size);
}

void* sqlite_resize(void* block, int size) {
  return sqlite_gate.fails() ? nullptr : real.xRealloc(block, size);
}

}  // namespace

bool cpp_allocation_fails() {
  return cpp_gate.fails();
}

bool install_allocator() {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) return false;
  sqlite3_mem_methods own = real;
  own.xMalloc = sqlite_allocate;
  own.xRealloc = sqlite_resize;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &own) == SQLITE_OK;
}

void fail_allocation(Allocator which, std::uint64_t nth, bool lasting) {
  gate_of(which) = {true, 0, nth, lasting, 0};
}

void stop_failing() {
  sqlite_gate.armed = false;
  cpp_gate.armed = false;
}

std::uint64_t allocations(Allocator which) {
  return gate_of(which).count;
}

std::uint64_t failed_allocations() {
  return sqlite_gate.failed + cpp_gate.failed;
}

}  // namespace tram::fault

void* operator new(std::size_t size) {
  if (tram::fault::cpp_allocation_fails()) throw std::bad_alloc();
  void* const block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept {
  std::free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
  std::free(block);
}
