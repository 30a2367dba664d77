// Goal: time without waiting.
// Method: a queue of events by time, then by number.
#include "tests/simulation/timeline.hpp"

#include <algorithm>
#include <utility>

namespace tram::simulation {

void Timeline::after(std::int64_t ms, Event event) {
  events_.push({now_ + std::max<std::int64_t>(ms, 0), made_++, std::move(event)});
}

void Timeline::run_until(std::int64_t end) {
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top().event;
    now_ = events_.top().at;
    events_.pop();
    event();
  }
  now_ = std::max(now_, end);
}

sync::Instant MachineClock::now() const {
  if (frozen_) return {*frozen_};
  const std::int64_t real = time_.now();
  const auto drifted =
      static_cast<std::int64_t>(static_cast<double>(real % (90 * day_ms)) * drift_ / 1'000'000);
  return {std::max<std::int64_t>(real + offset_ + drifted, 0)};
}

void MachineClock::set(std::int64_t ms) {
  frozen_.reset();
  offset_ += ms - now().ms;
}

void MachineClock::repair() {
  frozen_.reset();
  offset_ = 0;
  drift_ = 0;
}

}  // namespace tram::simulation
