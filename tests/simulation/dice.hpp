#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sync/core/ports.hpp"

/// All chance of a run: repeatable from 64 bits.
namespace tram::simulation {

/// SplitMix64. Every machine and every kind of fault has dice of its own (`fork`), so that one
/// draw more in one place does not change all the others.
class Dice final : public sync::Random {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::uint8_t> out) override;
  [[nodiscard]] std::uint64_t next();
  /// Below `limit`, which is not 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  /// Both ends included.
  [[nodiscard]] std::int64_t between(std::int64_t least, std::int64_t most);
  /// True in so many of 1 draws.
  [[nodiscard]] bool chance(double probability) { return fraction() < probability; }
  /// In [0, 1).
  [[nodiscard]] double fraction();
  /// Between both ends, small ones as likely as large ones: for what spans orders of magnitude.
  [[nodiscard]] double spread(double least, double most);
  /// The wait until the next of events that come at random, `mean` apart; at least 1.
  [[nodiscard]] std::int64_t wait(double mean);
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  [[nodiscard]] Dice fork() { return Dice(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace tram::simulation
