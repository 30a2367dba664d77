#pragma once

/// Assertions for what only our own mistake can break; they stay on in release. Never reachable
/// from a peer's bytes, the disk, the clock or a person: those get a Result.
namespace tram::sync {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace tram::sync

#define TRAM_ASSERT(condition)        \
  ((condition) ? static_cast<void>(0) \
               : ::tram::sync::assertion_failed(#condition, __FILE__, __LINE__))
