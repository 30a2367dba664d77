#pragma once

#include <cstdint>
#include <filesystem>

#include "sync/core/result.hpp"

/// Space that is kept back for the day on which the disk is full: a file that holds nothing and can
/// be let go. Whether it was let go stands in the folder itself, as an empty file, so that every
/// process knows.
namespace tram::host {

class Ballast {
 public:
  enum class State {
    none,   ///< never made: there was no room, or it is not wanted
    ready,  ///< its bytes are on the disk
    freed,  ///< it was let go, and has not been made again
  };

  /// DIR/ballast, of so many bytes. 0: there is none, but that the disk was full is still noted.
  Ballast(const std::filesystem::path& directory, std::uint64_t bytes);

  [[nodiscard]] State state() const;
  /// Really takes the space, not only the name. `io` if there is not enough; then nothing has
  /// changed.
  [[nodiscard]] sync::Status make() const;
  /// Lets the space go and notes it. True if there was some.
  [[nodiscard]] sync::Result<bool> free() const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::filesystem::path file_;
  std::uint64_t bytes_;
};

}  // namespace tram::host
