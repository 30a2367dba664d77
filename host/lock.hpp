#pragma once

#include <filesystem>

#include "sync/core/result.hpp"

/// One process a data directory: two daemons on one store would fork the machine's own chain.
namespace tram::host {

/// Holds the exclusive lock of a data directory from `acquire` until it is destroyed or moved from.
/// The lock is the kernel's, on DIR/lock, and ends with the process however it dies; the file stays
/// and its content (the holder's process id) is only there to be read by people. Move-only.
class DataLock {
 public:
  /// `conflict` if another process (or another DataLock of this one) holds it; the message names
  /// its process id. `not_found` without the directory, `io` if the file cannot be made. Never
  /// waits.
  [[nodiscard]] static sync::Result<DataLock> acquire(const std::filesystem::path& directory);

  DataLock(DataLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  DataLock& operator=(DataLock&& other) noexcept;
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;
  ~DataLock();

 private:
  explicit DataLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace tram::host
