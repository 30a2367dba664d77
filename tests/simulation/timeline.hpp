#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "sync/core/ports.hpp"

/// Simulated time. Nothing ever waits: time is what the next event says it is.
namespace tram::simulation {

inline constexpr std::int64_t second_ms = 1000;
inline constexpr std::int64_t minute_ms = 60 * second_ms;
inline constexpr std::int64_t hour_ms = 60 * minute_ms;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

/// Events in order of time; those of one moment in the order in which they were made.
class Timeline {
 public:
  using Event = std::function<void()>;

  /// Real time, which no machine knows: milliseconds since 1970.
  [[nodiscard]] std::int64_t now() const { return now_; }
  void after(std::int64_t ms, Event event);
  /// Runs all that is due until then, and what that brings.
  void run_until(std::int64_t end);
  /// Drops everything that is planned.
  void clear() { events_ = {}; }
  /// A scenario's own steps.
  void pass(std::int64_t ms) { run_until(now_ + ms); }

 private:
  struct Planned {
    std::int64_t at = 0;
    std::uint64_t number = 0;
    Event event;
    bool operator>(const Planned& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };
  std::int64_t now_ = 1'751'302'800'000;  // 1 July 2025 in Viet Nam
  std::uint64_t made_ = 0;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> events_;
};

/// A machine's own wall clock, as wrong as its battery and its owner make it.
class MachineClock final : public sync::Clock {
 public:
  explicit MachineClock(const Timeline& time) : time_(time) {}
  [[nodiscard]] sync::Instant now() const override;

  /// Somebody, or an empty battery, sets it to this.
  void set(std::int64_t ms);
  /// Set right again, by hand.
  void repair();
  void drift(double parts_per_million) { drift_ = parts_per_million; }
  void freeze() { frozen_ = now().ms; }

 private:
  const Timeline& time_;
  std::int64_t offset_ = 0;
  double drift_ = 0;
  std::optional<std::int64_t> frozen_;
};

}  // namespace tram::simulation
