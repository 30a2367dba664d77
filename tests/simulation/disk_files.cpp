// Goal: files whose unsynced parts can be lost, for the disk that the tests use.
// Method: blocks of 4 KiB shared until written; beside them the durable ones and a bit a sector.
#include "tests/simulation/disk_files.hpp"

#include <algorithm>

namespace tram::simulation::detail {

std::uint64_t Dice::next() {
  std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15U);
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

bool Dice::chance(double probability) {
  if (probability <= 0) return false;
  constexpr double scale = 1.0 / 9007199254740992.0;  // 2^-53
  return static_cast<double>(next() >> 11U) * scale < probability;
}

const Block& Content::at(std::size_t index) const {
  static const Block zeros{};
  return index < blocks.size() && blocks[index] ? *blocks[index] : zeros;
}

namespace {

// A commit frees about as many blocks as it takes: those that were freed last are given first,
// because the processor's cache still has them.
template <class T>
class LastFreed {
 public:
  using value_type = T;

  LastFreed() = default;
  template <class U>
  LastFreed(const LastFreed<U>& /*other*/) {}
  bool operator==(const LastFreed&) const = default;

  [[nodiscard]] T* allocate(std::size_t count) {
    std::vector<T*>& kept = shelf().kept;
    if (count != 1 || kept.empty()) return std::allocator<T>().allocate(count);
    T* const block = kept.back();
    kept.pop_back();
    return block;
  }
  void deallocate(T* block, std::size_t count) noexcept {
    std::vector<T*>& kept = shelf().kept;
    if (count != 1 || kept.size() == kept.capacity()) {
      std::allocator<T>().deallocate(block, count);
    } else {
      kept.push_back(block);
    }
  }

 private:
  struct Shelf {
    Shelf() { kept.reserve(256); }
    std::vector<T*> kept;
  };
  // One thread uses all disks (disk.hpp). Never destroyed: a disk may live until the program ends.
  static Shelf& shelf() {
    static Shelf* const all = std::make_unique<Shelf>().release();
    return *all;
  }
};

}  // namespace

Block& Content::own(std::size_t index, std::size_t from, std::size_t count) {
  if (index >= blocks.size()) blocks.resize(index + 1);
  std::shared_ptr<Block>& block = blocks[index];
  if (block && block.use_count() == 1) return *block;
  std::shared_ptr<Block> made = std::allocate_shared_for_overwrite<Block>(LastFreed<Block>());
  const Block& before = at(index);
  const std::size_t end = from + count;
  std::copy_n(before.data(), from, made->data());
  std::copy_n(before.data() + end, block_bytes - end, made->data() + end);
  block = std::move(made);
  return *block;
}

std::size_t Content::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  const std::uint64_t there =
      offset < size ? std::min<std::uint64_t>(out.size(), size - offset) : 0;
  std::size_t done = 0;
  while (done < there) {
    const std::size_t index = (offset + done) / block_bytes;
    const std::size_t from = (offset + done) % block_bytes;
    const std::size_t count = std::min<std::size_t>(block_bytes - from, there - done);
    std::copy_n(at(index).data() + from, count, out.data() + done);
    done += count;
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(done), out.end(), std::uint8_t{0});
  return done;
}

void Content::write(std::uint64_t offset, sync::ByteView bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t from = (offset + done) % block_bytes;
    const std::size_t count = std::min(block_bytes - from, bytes.size() - done);
    Block& block = own((offset + done) / block_bytes, from, count);
    std::copy_n(bytes.data() + done, count, block.data() + from);
    done += count;
  }
  size = std::max<std::uint64_t>(size, offset + bytes.size());
  blocks.resize((size + block_bytes - 1) / block_bytes);
}

void Content::resize(std::uint64_t new_size) {
  const std::size_t last = new_size % block_bytes;
  blocks.resize((new_size + block_bytes - 1) / block_bytes);
  if (new_size < size && last != 0 && blocks.back()) {
    Block& block = own(blocks.size() - 1);
    std::fill(block.begin() + static_cast<std::ptrdiff_t>(last), block.end(), std::uint8_t{0});
  }
  size = new_size;
}

CutStyle draw_style(Dice& dice) {
  constexpr std::array<CutStyle, 8> styles{{{0, 0, false},
                                            {1, 0, false},
                                            {0.4, 0.2, false},
                                            {0.9, 0.05, false},
                                            {0.05, 0.05, false},
                                            {0, 0.5, false},
                                            {0.5, 0, true},
                                            {0.9, 0, true}}};
  return styles.at(dice.below(styles.size()));
}

void Inode::mark(std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return;
  dirty_sectors_.resize(std::max(now_.blocks.size(), dirty_sectors_.size()));
  const std::uint64_t last = (offset + bytes - 1) / sector_bytes;
  for (std::uint64_t sector = offset / sector_bytes; sector <= last; ++sector) {
    const std::size_t block = sector / sectors_in_block;
    if (dirty_sectors_[block] == 0) dirty_blocks_.push_back(block);
    dirty_sectors_[block] |= static_cast<std::uint8_t>(1U << (sector % sectors_in_block));
  }
}

void Inode::write(std::uint64_t offset, sync::ByteView bytes) {
  image_.reset();
  now_.write(offset, bytes);
  mark(offset, bytes.size());
  if (now_.size != durable_.size) size_dirty_ = true;
}

void Inode::truncate(std::uint64_t size) {
  image_.reset();
  if (size < now_.size) shrunk_to_ = std::min(shrunk_to_, size);
  now_.resize(size);
  size_dirty_ = true;
  for (std::size_t i = now_.blocks.size(); i < dirty_sectors_.size(); ++i) dirty_sectors_[i] = 0;
  std::erase_if(dirty_blocks_, [this](std::size_t i) { return dirty_sectors_[i] == 0; });
  dirty_sectors_.resize(now_.blocks.size());
}

void Inode::sync() {
  if (shrunk_to_ < durable_.size) durable_.resize(shrunk_to_);
  if (size_dirty_) durable_.resize(now_.size);
  for (const std::size_t index : dirty_blocks_) {
    if (!gave_up_) {
      durable_.blocks[index] = now_.blocks[index];
      continue;
    }
    for (std::size_t sector = 0; sector < sectors_in_block; ++sector) {
      if ((dirty_sectors_[index] & (1U << sector)) == 0) continue;
      const std::size_t from = sector * sector_bytes;
      std::copy_n(now_.at(index).data() + from, sector_bytes, durable_.own(index).data() + from);
    }
  }
  settle();
}

void Inode::give_up_unsynced() {
  gave_up_ = gave_up_ || !dirty_blocks_.empty() || size_dirty_;
  settle();
}

void Inode::settle() {
  for (const std::size_t index : dirty_blocks_) dirty_sectors_[index] = 0;
  dirty_blocks_.clear();
  shrunk_to_ = UINT64_MAX;
  size_dirty_ = false;
}

void Inode::set(const Content& content) {
  *this = Inode();
  now_ = content;
  durable_ = content;
}

bool Inode::flip_bit(std::uint64_t offset, unsigned bit) {
  if (offset >= now_.size) return false;
  image_.reset();
  const auto mask = static_cast<std::uint8_t>(1U << bit);
  now_.own(offset / block_bytes).at(offset % block_bytes) ^= mask;
  if (offset < durable_.size) durable_.own(offset / block_bytes).at(offset % block_bytes) ^= mask;
  return true;
}

std::shared_ptr<const Content> Inode::image() const {
  std::shared_ptr<const Content> made = image_.lock();
  if (!made) {
    made = std::make_shared<const Content>(now_);
    image_ = made;
  }
  return made;
}

namespace {

using Sector = std::span<std::uint8_t, sector_bytes>;
using SectorView = std::span<const std::uint8_t, sector_bytes>;

// Only bytes that the write changed may come out wrong: powersafe overwrite.
void tear(Sector sector, SectorView wanted, Dice& dice) {
  const std::size_t cut = 1 + dice.below(sector_bytes - 1);
  const std::uint64_t way = dice.below(4);
  for (std::size_t i = 0; i < sector_bytes; ++i) {
    if (way == 3) {
      if (sector[i] != wanted[i]) sector[i] = static_cast<std::uint8_t>(dice.next());
    } else if (way == 2 ? dice.coin() : ((i < cut) == (way == 0))) {
      sector[i] = wanted[i];
    }
  }
}

}  // namespace

Content Inode::after_power_cut(Dice& dice, const CutStyle& style) const {
  Content out = durable_;
  if (shrunk_to_ < durable_.size && dice.coin()) out.resize(shrunk_to_);
  std::uint64_t size = out.size;
  // The new size may stand without the bytes: zeros are read there.
  if (size_dirty_ && dice.chance(std::max(style.kept, 0.1))) size = now_.size;
  if (size < now_.size && size_dirty_ && style.torn > 0 && dice.coin()) {
    size += (dice.below(now_.size - size) + 1) / sector_bytes * sector_bytes;
  }
  out.resize(std::max(out.size, now_.size));
  for (const std::size_t index : dirty_blocks_) {
    const bool all = style.whole_blocks && dice.chance(style.kept);
    for (std::size_t sector = 0; sector < sectors_in_block; ++sector) {
      if ((dirty_sectors_[index] & (1U << sector)) == 0) continue;
      const bool kept = style.whole_blocks ? all : dice.chance(style.kept);
      if (!kept && !dice.chance(style.torn)) continue;
      const std::size_t from = sector * sector_bytes;
      const SectorView wanted(now_.at(index).data() + from, sector_bytes);
      const Sector target(out.own(index).data() + from, sector_bytes);
      if (kept) {
        std::copy(wanted.begin(), wanted.end(), target.begin());
      } else {
        tear(target, wanted, dice);
      }
    }
  }
  out.resize(size);
  return out;
}

}  // namespace tram::simulation::detail
