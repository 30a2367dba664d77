#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

struct sqlite3;

namespace tram::store {

/// The pages of an encrypted database file, decrypted and authenticated one by one, whatever state
/// the others are in: what is left to read where SQLite's own way to a page is broken. It sees the
/// file alone, not the write-ahead log beside it, and it takes no locks: the caller owns the file.
///
/// One thread at a time.
class PageFile {
  struct Key {
    explicit Key() = default;
  };

 public:
  /// As Database writes them.
  static constexpr std::size_t page_bytes = 4096;
  /// What is left of a page beside the nonce and the tag of its encryption.
  static constexpr std::size_t usable_bytes = page_bytes - 32;

  /// `io` if the file cannot be opened. A key that does not fit is not noticed here: no page can be
  /// read then.
  [[nodiscard]] static sync::Result<std::unique_ptr<PageFile>> open(
      const std::filesystem::path& path, sync::ByteView key);
  PageFile(Key, sqlite3* handle) : handle_(handle) {}
  PageFile(const PageFile&) = delete;
  PageFile& operator=(const PageFile&) = delete;
  ~PageFile();

  [[nodiscard]] std::uint32_t pages() const { return pages_; }
  /// Numbers begin at 1. Nothing if the page does not exist or one bit of it is not as written.
  [[nodiscard]] std::optional<sync::Bytes> read(std::uint32_t number);
  /// Encrypts and writes a whole page.
  [[nodiscard]] sync::Status write(std::uint32_t number, sync::ByteView page);

 private:
  sqlite3* handle_;
  std::uint32_t pages_ = 0;
};

}  // namespace tram::store
