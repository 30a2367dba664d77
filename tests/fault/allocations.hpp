#pragma once

#include <cstdint>

/// Lets the n-th allocation fail: SQLite's own, or those of C++. Linking it replaces the program's
/// operator new. Allocations of the disk in memory never fail: they stand for the system's.
namespace tram::fault {

enum class Allocator { sqlite, cpp };

/// Puts the failing allocator under SQLite; before anything else uses it.
[[nodiscard]] bool install_allocator();
/// From now on the n-th allocation fails (0: none), only that one or every one from it on.
void fail_allocation(Allocator which, std::uint64_t nth, bool lasting);
void stop_failing();
/// Since `fail_allocation`.
[[nodiscard]] std::uint64_t allocations(Allocator which);
[[nodiscard]] std::uint64_t failed_allocations();

}  // namespace tram::fault
