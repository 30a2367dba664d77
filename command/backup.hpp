#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/backup_file.hpp"
#include "host/secret.hpp"
#include "store/store.hpp"
#include "store/verify.hpp"
#include "sync/core/result.hpp"

/// Backups of a data folder: made beside a running program, proved, and restored. The same at node
/// and hub but for what BackupKind says. The file's format is host/backup_file.hpp's; what stands
/// in it, schema/backup.md's.
///
/// After a restore nothing is to be repaired: a run begins a log of its own, and what the other
/// side holds comes back by itself. Any thread.
namespace tram::command {

/// What an identity file says.
struct BackupIdentity {
  std::string unit;  ///< the commune's code, or the province's
  std::string unit_name;
  sync::ByteArray<32> recovery_key{};  ///< of the province
  store::StoreOptions store;           ///< all but path and key
};

/// What a program keeps in its data folder beside `tram.db`.
struct BackupKind {
  host::BackupRole role = host::BackupRole::node;
  std::string identity;              ///< the file that makes the folder what it is; written last
  std::string config;                ///< a file that need not be there
  std::vector<std::string> secrets;  ///< in the folder's vault; "store" is among them
  std::vector<std::string> wrapped;  ///< of these, what also lies wrapped to the recovery key
  std::string signing;               ///< the secret whose key signs the backup
  /// Reads the identity file of a folder; `signer` is the public half of `signing`.
  std::function<sync::Result<BackupIdentity>(const std::filesystem::path& folder,
                                             const sync::PublicKey& signer)>
      identify;
  /// Opens a whole folder as the program does, and shows its store.
  std::function<sync::Status(const std::filesystem::path& folder,
                             const std::function<sync::Status(const store::Store&)>& look)>
      open;
};

/// "copy", "seal", "prove", "open", "verify"; bytes done and in all, 0 where nobody knows.
using BackupProgress =
    std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)>;

struct BackupReport {
  host::BackupHeader header;
  std::uint64_t bytes = 0;  ///< of the file
  std::string unit_name;    ///< empty where the content was not opened
};

/// Makes a backup of a folder that the caller works on (it holds the lock), beside whatever else
/// works on the store. `file` is a whole path; it is there whole, or not at all. Meanwhile as much
/// room as the store takes is needed in the folder too; refused (`io`) where a disk would run full
/// by it. `conflict` if the file exists and is not to be replaced, or another backup is being made.
[[nodiscard]] sync::Result<BackupReport> create_backup(const BackupKind& kind,
                                                       const std::filesystem::path& folder,
                                                       const std::filesystem::path& file,
                                                       host::LargeFileWriter::Existing existing,
                                                       const BackupProgress& progress);

/// Proves that the file is whole and who made it. `unverified` if not.
[[nodiscard]] sync::Result<BackupReport> prove_backup(const std::filesystem::path& file,
                                                      const BackupProgress& progress);

struct BackupVerification {
  BackupReport backup;
  store::VerifyReport store;
};

/// prove_backup, and then everything that is in it: opened in a folder of its own that goes again,
/// with the keys in memory only. `unverified` for a wrong recovery key or content that does not
/// belong together; `usage` for a backup of the other program. What is wrong in the store stands in
/// the report.
[[nodiscard]] sync::Result<BackupVerification> verify_backup(
    const BackupKind& kind, const std::filesystem::path& file,
    const host::Secret& recovery_private_key, const BackupProgress& progress);

/// Makes the folder as it was, with its keys sealed to this machine, or leaves nothing behind. It
/// was opened once as the program does, so that it works, but for its settings, which are as they
/// were. `conflict` if the place is taken; else as verify_backup.
[[nodiscard]] sync::Result<BackupReport> restore_backup(const BackupKind& kind,
                                                        const std::filesystem::path& place,
                                                        const std::filesystem::path& file,
                                                        const host::Secret& recovery_private_key,
                                                        const BackupProgress& progress);

/// The private half out of the page that `tram-hub init` writes: the one line of 64 hexadecimal
/// digits, blanks in it allowed. `usage` if there is none, or more than one.
[[nodiscard]] sync::Result<host::Secret> recovery_key_from(std::string_view page);

}  // namespace tram::command
