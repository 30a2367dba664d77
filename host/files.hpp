#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// Files as Tram needs them: read whole under a limit, replaced whole or not at all, private by
/// default. It offers no partial writes and no locking between processes (lock.hpp does that).
///
/// Errors: `not_found` where the file or folder does not exist, `refused` where its owner or mode
/// is not what we can trust, `limit` above a size, otherwise `io` with the system's own words.
/// Messages name the path, never the content. All functions may be called from any thread.
namespace tram::host {

enum class FileMode {
  owner_only,   ///< 0600: keys, sealed secrets, anything about a citizen
  shared_read,  ///< 0644: what anyone on the machine may read, e.g. an authority's certificate
};

/// The whole file, or `limit` if it holds more than `bytes_max` (nothing is then kept in memory).
/// Reads regular files only: a device or a pipe is `refused`.
[[nodiscard]] sync::Result<sync::Bytes> read_file(const std::filesystem::path& path,
                                                  std::size_t bytes_max);

/// All of standard input up to its end, for "-" on a command line.
[[nodiscard]] sync::Result<sync::Bytes> read_standard_input(std::size_t bytes_max);

/// Writes a new file beside `path`, flushes it to the disk, renames it over `path` and flushes the
/// folder. After success the new content survives a power cut; after failure the old file is as it
/// was and the new one is removed. The mode is that of `mode`, whatever the old file had.
[[nodiscard]] sync::Status write_file_atomically(const std::filesystem::path& path,
                                                 sync::ByteView bytes, FileMode mode);

/// Makes the folder with mode 0700 (its parent must exist) or accepts the one that is there. One
/// that is a symbolic link, belongs to another user, or can be written by group or others is
/// `refused`.
[[nodiscard]] sync::Status make_private_directory(const std::filesystem::path& path);

/// What this user may still write on the file system that holds `path`.
[[nodiscard]] sync::Result<std::uint64_t> free_bytes(const std::filesystem::path& path);

/// A file that is not there counts as removed.
[[nodiscard]] sync::Status remove_file(const std::filesystem::path& path);

/// Refuses a place where locks, flushes or renames cannot be relied on: network file systems (NFS,
/// SMB, 9p, Ceph, AFS …) and FUSE (cloud drives, sshfs, NTFS-3G). A database there would one day
/// lose pages. `path` must exist. The message names the kind and says to use a local disk.
[[nodiscard]] sync::Status refuse_unsafe_location(const std::filesystem::path& path);

/// The word for a network or FUSE file system by the system's own number for its kind, or "" for
/// one that we trust. Apart from refuse_unsafe_location so that tests can ask without mounting
/// anything.
[[nodiscard]] std::string_view unsafe_file_system_word(std::uint64_t kind);

/// Appends whole lines to a file, e.g. `FILE.rejected`: made with mode 0600 when the first line
/// comes, never truncated, every line in one write. Move-only; one thread at a time.
class LineFile {
 public:
  explicit LineFile(std::filesystem::path path) : path_(std::move(path)) {}
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&& other) noexcept;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile();

  /// `line` without its newline; one inside it is `malformed`.
  [[nodiscard]] sync::Status append(std::string_view line);
  /// Flushes to the disk; nothing to do if no line ever came.
  [[nodiscard]] sync::Status flush();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace tram::host
