// Goal: chance that repeats.
// Method: SplitMix64, which needs no warming up and forks well.
#include "tests/simulation/dice.hpp"

#include <algorithm>
#include <cmath>

namespace tram::simulation {

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

void Dice::fill(std::span<std::uint8_t> out) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) word = next();
    out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
}

std::int64_t Dice::between(std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
}

double Dice::fraction() {
  return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

double Dice::spread(double least, double most) {
  return least * std::pow(most / least, fraction());
}

std::int64_t Dice::wait(double mean) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(-std::log(1 - fraction()) * mean));
}

}  // namespace tram::simulation
