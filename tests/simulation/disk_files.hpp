#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sync/core/bytes.hpp"

/// The files of a disk in memory: shared blocks, and what is durable of them. Knows no SQLite and
/// no names.
namespace tram::simulation::detail {

inline constexpr std::size_t block_bytes = 4096;
inline constexpr std::size_t sector_bytes = 512;
inline constexpr std::size_t sectors_in_block = block_bytes / sector_bytes;
using Block = std::array<std::uint8_t, block_bytes>;

/// A small repeatable generator (splitmix64); not for anything that must be unpredictable.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next();
  /// 0 <= result < limit; limit is not 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  [[nodiscard]] bool chance(double probability);
  [[nodiscard]] bool coin() { return (next() & 1U) != 0; }

 private:
  std::uint64_t state_;
};

/// The bytes of a file. Copies share blocks; a shared block is copied before it is written. Behind
/// the end of the file the last block holds zeros.
struct Content {
  std::vector<std::shared_ptr<Block>> blocks;  ///< null: all zeros
  std::uint64_t size = 0;

  /// How many bytes there were; the rest of `out` is zero.
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  void write(std::uint64_t offset, sync::ByteView bytes);
  void resize(std::uint64_t new_size);
  /// A block that nobody else has; grows the list, not the size. Bytes [from, from + count) may be
  /// anything: the caller writes them.
  [[nodiscard]] Block& own(std::size_t index, std::size_t from = 0, std::size_t count = 0);
  [[nodiscard]] const Block& at(std::size_t index) const;
};

/// How a power cut treats what was not synced; one is drawn for each cut, so that no kind of damage
/// is always there to hide another.
struct CutStyle {
  double kept = 0;
  double torn = 0;
  bool whole_blocks = false;  ///< as a page cache writes: 4 KiB at once, nothing torn
};
[[nodiscard]] CutStyle draw_style(Dice& dice);

/// A file with its unsynced part.
class Inode {
 public:
  [[nodiscard]] const Content& now() const { return now_; }
  void write(std::uint64_t offset, sync::ByteView bytes);
  void truncate(std::uint64_t size);
  /// All of it is durable.
  void sync();
  /// A sync failed, and the system takes the pages for clean: a later sync does not write them.
  void give_up_unsynced();
  void set(const Content& content);
  /// In what is seen and in what is durable. False if the file is too short.
  [[nodiscard]] bool flip_bit(std::uint64_t offset, unsigned bit);
  [[nodiscard]] Content after_power_cut(Dice& dice, const CutStyle& style) const;
  /// One for all images between two writes.
  [[nodiscard]] std::shared_ptr<const Content> image() const;

 private:
  void mark(std::uint64_t offset, std::uint64_t bytes);
  void settle();

  Content now_;
  Content durable_;
  std::vector<std::uint8_t> dirty_sectors_;  // a bit a sector, a byte a block of now_
  std::vector<std::size_t> dirty_blocks_;
  std::uint64_t shrunk_to_ = UINT64_MAX;  // the smallest size since the last sync
  bool size_dirty_ = false;
  bool gave_up_ = false;  // some of now_ is neither dirty nor durable
  mutable std::weak_ptr<const Content> image_;
};

}  // namespace tram::simulation::detail
