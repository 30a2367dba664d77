#pragma once

#include <filesystem>
#include <optional>

#include "host/lock.hpp"
#include "sync/core/result.hpp"

namespace tram::host {

/// A private folder (0700) that is filled beside its place and takes it whole, or leaves nothing:
/// destroyed before `publish`, it is removed with all that is in it. What a process left behind
/// that was killed meanwhile, the next one for the same place removes.
///
/// It holds the folder's DataLock all its life, so no daemon begins to work on a half-filled one.
/// Move-only; one thread at a time.
class StagedFolder {
 public:
  /// `conflict` if the place is taken by anything but an empty folder, or somebody else is filling
  /// a folder for it; `not_found` if the folder around it does not exist.
  [[nodiscard]] static sync::Result<StagedFolder> beside(const std::filesystem::path& place);
  /// One that goes nowhere, under the system's folder for temporary files.
  [[nodiscard]] static sync::Result<StagedFolder> temporary();

  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&& other) = delete;
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;
  ~StagedFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The place holds the folder when this returns ok, also after a power cut. The files in it are
  /// the caller's to flush. `conflict` if the place was taken meanwhile.
  [[nodiscard]] sync::Status publish();

 private:
  StagedFolder(std::filesystem::path place, std::filesystem::path path, DataLock lock);

  std::filesystem::path place_;
  std::filesystem::path path_;  // empty once it was published or moved from
  DataLock lock_;
};

}  // namespace tram::host
