#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// Files that are too large to be held in memory: written piece by piece and whole or not at all,
/// read piece by piece. They offer no writing in the middle and no appending to what is there.
///
/// Errors and messages are those of files.hpp. One thread at a time.
namespace tram::host {

/// A new file that stands beside its path under another name until `publish`, with mode 0600.
/// Destroyed before that, it is removed: the path is as it was. What a killed process left there,
/// the next writer of the path takes over. Move-only.
class LargeFileWriter {
 public:
  enum class Existing { keep, replace };

  /// `conflict` if the path exists and is to be kept, or somebody else is writing it; `not_found`
  /// without its folder.
  [[nodiscard]] static sync::Result<LargeFileWriter> create(std::filesystem::path path,
                                                            Existing existing);
  LargeFileWriter(LargeFileWriter&& other) noexcept;
  LargeFileWriter& operator=(LargeFileWriter&& other) = delete;
  LargeFileWriter(const LargeFileWriter&) = delete;
  LargeFileWriter& operator=(const LargeFileWriter&) = delete;
  ~LargeFileWriter();

  [[nodiscard]] sync::Status write(sync::ByteView bytes);
  /// Flushes the file, renames it and flushes the folder: it survives a power cut then. `conflict`
  /// if the path came into being meanwhile and is to be kept.
  [[nodiscard]] sync::Status publish();
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  LargeFileWriter(std::filesystem::path path, std::filesystem::path fresh, Existing existing,
                  int descriptor);
  [[nodiscard]] sync::Status refuse_existing() const;

  std::filesystem::path path_;
  std::filesystem::path fresh_;  // empty once it was published or moved from
  Existing existing_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// An open regular file. Others may write it meanwhile: whoever reads it twice must check twice.
/// Move-only.
class LargeFileReader {
 public:
  /// `refused` for a device, a folder or a pipe.
  [[nodiscard]] static sync::Result<LargeFileReader> open(const std::filesystem::path& path);
  LargeFileReader(LargeFileReader&& other) noexcept;
  LargeFileReader& operator=(LargeFileReader&& other) = delete;
  LargeFileReader(const LargeFileReader&) = delete;
  LargeFileReader& operator=(const LargeFileReader&) = delete;
  ~LargeFileReader();

  /// As it was when the file was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Fills all of `out` from this offset; `limit` if the file has fewer bytes there.
  [[nodiscard]] sync::Status read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;

 private:
  LargeFileReader(std::filesystem::path path, int descriptor, std::uint64_t size);

  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_;
};

}  // namespace tram::host
