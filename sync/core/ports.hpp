#pragma once

#include <compare>
#include <cstdint>
#include <span>

/// Time and randomness, as the engine takes them: passed in, never fetched. `host/` has the real
/// ones, the simulator its own.
namespace tram::sync {

/// A moment on a wall clock, in milliseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t ms = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

/// A source of unpredictable bytes. Never fails: a host that cannot supply them must not start.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace tram::sync
