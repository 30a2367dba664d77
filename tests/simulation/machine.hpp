#pragma once

#include <cstdint>
#include <string>

#include "store/store.hpp"
#include "sync/crypto/signature.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/timeline.hpp"

namespace tram::simulation {

/// How a machine stops.
enum class Stop {
  in_order,   ///< the program ends by itself
  kill,       ///< the process is gone, the operating system goes on
  power_cut,  ///< and what was not synced is gone, or torn
};

/// What hub and nodes have in common: a disk, a clock, and lives of a process on them.
class Machine {
 public:
  /// `time` must outlive it.
  Machine(const Timeline& time, std::uint64_t seed);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;

  [[nodiscard]] virtual sync::Status start() = 0;
  void stop(Stop how);
  [[nodiscard]] virtual bool running() const = 0;
  /// Each start is a life of its own; what was meant for an earlier one is dropped.
  [[nodiscard]] std::uint64_t life() const { return life_; }

  /// Only while it runs.
  [[nodiscard]] virtual store::Store& store() = 0;

  /// The disk died under it, in the middle of something: it must be stopped and started again.
  [[nodiscard]] bool struck() const { return disk_.stopped() || failed_ || broken(); }
  /// Another disk is put in. A machine that runs is killed first.
  void put(const Image& image);

  /// True if the power was cut since the last start.
  [[nodiscard]] bool lost_power() const { return lost_power_; }
  /// Its store was looked at, and is sound.
  void is_up() { lost_power_ = false; }
  /// True while its disk has faults that can keep a store from opening.
  [[nodiscard]] bool may_not_open() const;
  [[nodiscard]] Disk& disk() { return disk_; }
  [[nodiscard]] const Disk& disk() const { return disk_; }
  [[nodiscard]] MachineClock& clock() { return clock_; }
  [[nodiscard]] Dice& dice() { return dice_; }

 protected:
  virtual void drop() = 0;
  [[nodiscard]] virtual bool broken() const = 0;
  [[nodiscard]] store::StoreOptions store_options() const;
  /// Keeps the write-ahead log short, as the store's own thread does in the product.
  void checkpoint_if_due();
  void note(const sync::Status& status);
  void begin_life();

  Disk disk_;
  MachineClock clock_;
  Dice dice_;

 private:
  bool reads_beside_ = false;  // over a connection of its own, as in the product
  int checkpoint_pages_ = 0;
  std::uint64_t life_ = 0;
  bool lost_power_ = false;
  bool failed_ = false;  // an I/O error: only opening the store again tells what it holds
};

[[nodiscard]] sync::SigningKey signing_key(std::uint64_t seed);

}  // namespace tram::simulation
