#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "command/backup.hpp"
#include "host/backup_file.hpp"
#include "host/keys.hpp"

/// What stands inside a backup (schema/backup.md): the small files and secrets of a data folder,
/// and its store. Internal to command/.
namespace tram::command {

/// The small parts, by name. A file that need not be there may be missing.
struct BackupContent {
  std::map<std::string, sync::Bytes> files;
  std::map<std::string, host::Secret> secrets;
};

/// The small parts of a folder, as they are now.
[[nodiscard]] sync::Result<BackupContent> gather_content(const BackupKind& kind,
                                                         const std::filesystem::path& folder);

/// Writes all parts; `store_copy` is read piece by piece.
[[nodiscard]] sync::Status write_content(const BackupKind& kind, const BackupContent& content,
                                         const std::filesystem::path& store_copy,
                                         host::BackupWriter& out, const BackupProgress& progress);

/// Reads all parts; the store goes to the new file `store`. `unverified` if a part is missing,
/// doubled, unknown or too large, or if anything follows the last.
[[nodiscard]] sync::Result<BackupContent> read_content(const BackupKind& kind,
                                                       host::BackupReader& in,
                                                       const std::filesystem::path& store,
                                                       const BackupProgress& progress);

}  // namespace tram::command
