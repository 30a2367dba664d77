// Goal: lives of a process on a disk.
// Method: a disk in memory, killed or cut off before the store on it is closed.
#include "tests/simulation/machine.hpp"

#include <cstdlib>
#include <utility>

namespace tram::simulation {

namespace {

constexpr const char* store_file = "tram.db";
// Less than in the product: a small province would hardly ever come to a checkpoint.
constexpr int checkpoint_pages_least = 16;
constexpr int checkpoint_pages_most = 256;

}  // namespace

Machine::Machine(const Timeline& time, std::uint64_t seed)
    : disk_(seed), clock_(time), dice_(seed) {
  reads_beside_ = dice_.chance(0.25);
  checkpoint_pages_ =
      static_cast<int>(dice_.between(checkpoint_pages_least, checkpoint_pages_most));
}

void Machine::stop(Stop how) {
  if (how != Stop::in_order) {
    if (how == Stop::kill) disk_.kill();
    if (how == Stop::power_cut) disk_.power_cut(dice_);
    lost_power_ = lost_power_ || how == Stop::power_cut;
  }
  drop();
}

void Machine::put(const Image& image) {
  if (running()) stop(Stop::kill);
  disk_.put(image);
}

bool Machine::may_not_open() const {
  const DiskFaults& faults = disk_.faults();
  return faults.stop_at_change != 0 || !faults.failures.empty() || faults.read_error_rate > 0 ||
         faults.write_error_rate > 0 || faults.sync_error_rate > 0 ||
         faults.capacity_bytes != DiskFaults().capacity_bytes;
}

store::StoreOptions Machine::store_options() const {
  store::StoreOptions options;  // no key: encryption would be half of a run's time
  options.path = disk_.path(store_file);
  options.vfs = vfs();
  // A connection that reads keeps pages of its own, and loses them at each commit.
  options.readers = reads_beside_ ? 1 : 0;
  options.background_checkpoints = false;
  options.checkpoint_pages = checkpoint_pages_;
  return options;
}

void Machine::checkpoint_if_due() {
  if (!store().owes_checkpoint()) return;
  // A failure shows again at the next commit; the log keeps the work.
  static_cast<void>(store().checkpoint(false));
}

void Machine::note(const sync::Status& status) {
  if (status) return;
  const sync::ErrorCode code = status.error().code;
  if (code == sync::ErrorCode::io || code == sync::ErrorCode::damaged) failed_ = true;
}

void Machine::begin_life() {
  ++life_;
  failed_ = false;
}

sync::SigningKey signing_key(std::uint64_t seed) {
  Dice dice(seed);
  sync::ByteArray<32> bytes{};
  dice.fill(bytes);
  sync::Result<sync::SigningKey> key = sync::SigningKey::from_seed(bytes);
  if (!key) std::abort();
  return std::move(*key);
}

}  // namespace tram::simulation
