#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/large_file.hpp"
#include "host/secret.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"

/// The sealed file of a backup (schema/backup.md): a header in the clear, content that only the
/// province's recovery key opens, and the maker's signature over all of it. Memory stays at two
/// chunks, whatever the file's size. It knows nothing of what the content is.
///
/// Two questions are answered apart. `prove` needs no secret and tells that the file is whole and
/// whose key signed it. `unlock` and `read` need the recovery key; every chunk is bound to the
/// header, to its number and to being the last or not. Whoever knows the recovery key's public half
/// can seal content to it: only the signature says who did.
///
/// Foreign bytes: every length is checked before it is used. Whatever is wrong with a file is
/// `unverified`; errors of the disk are those of large_file.hpp. One thread at a time.
namespace tram::host {

enum class BackupRole : std::uint8_t { node = 1, hub = 2 };

[[nodiscard]] std::string_view to_word(BackupRole role);

struct BackupFeed {
  std::string feed;
  std::uint64_t size = 0;
};

/// What anyone may read.
struct BackupHeader {
  BackupRole role = BackupRole::node;
  std::string unit;               ///< the commune's code, or the province's
  sync::ByteArray<32> signer{};   ///< the public key of the computer that made it
  sync::Instant made_at;          ///< by that computer's clock
  std::vector<BackupFeed> feeds;  ///< how far the store in it is
};

/// Signs and checks under a domain of the caller's; the message is a SHA-256.
using BackupSign = std::function<sync::ByteArray<64>(sync::ByteView message)>;
using BackupCheck = std::function<bool(const sync::ByteArray<32>& key, sync::ByteView message,
                                       const sync::ByteArray<64>& signature)>;
/// Bytes of the file that are done, and all of them.
using ProveProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Calling order: begin, write*, publish. Destroyed before that, nothing is left. Move-only.
class BackupWriter {
 public:
  /// `malformed` for a recovery key that is none, `limit` for a header that no reader would take.
  [[nodiscard]] static sync::Result<BackupWriter> begin(LargeFileWriter file,
                                                        const BackupHeader& header,
                                                        sync::ByteView recovery_public_key);
  BackupWriter(BackupWriter&&) noexcept;
  BackupWriter& operator=(BackupWriter&&) noexcept = delete;
  ~BackupWriter();

  /// In pieces of any size.
  [[nodiscard]] sync::Status write(sync::ByteView plain);
  /// Seals the last chunk, signs, and gives the file its name. Returns the file's size.
  [[nodiscard]] sync::Result<std::uint64_t> publish(const BackupSign& sign);

 private:
  struct Parts;
  explicit BackupWriter(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Calling order: open, prove, unlock, read*. Move-only.
class BackupReader {
 public:
  /// Reads the header, which nothing vouches for until `prove` said so.
  [[nodiscard]] static sync::Result<BackupReader> open(const std::filesystem::path& path);
  BackupReader(BackupReader&&) noexcept;
  BackupReader& operator=(BackupReader&&) noexcept = delete;
  ~BackupReader();

  [[nodiscard]] const BackupHeader& header() const;
  [[nodiscard]] std::uint64_t file_bytes() const;

  /// Reads the whole file: cut, longer, changed or signed by another key than the header names, it
  /// is `unverified`.
  [[nodiscard]] sync::Status prove(const BackupCheck& check, const ProveProgress& progress);
  [[nodiscard]] sync::Status unlock(const Secret& recovery_private_key);
  /// The next bytes of the content; fewer than `out` holds only where the content ends, 0 after it.
  [[nodiscard]] sync::Result<std::size_t> read(std::span<std::uint8_t> out);
  /// Bytes of the file that `read` has passed.
  [[nodiscard]] std::uint64_t bytes_passed() const;

 private:
  struct Parts;
  explicit BackupReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tram::host
