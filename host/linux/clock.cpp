#include "host/clock.hpp"

#include <ctime>

#include <array>

namespace tram::host {
namespace {

std::int64_t read_ms(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

}  // namespace

sync::Instant SystemClock::now() const {
  return {read_ms(CLOCK_REALTIME)};
}

// BOOTTIME, not MONOTONIC: a laptop that slept must notice that its time-outs have passed.
std::int64_t steady_now_ms() {
  return read_ms(CLOCK_BOOTTIME);
}

std::string local_time_text(sync::Instant at) {
  constexpr std::int64_t offset_s = std::int64_t{7} * 3600;
  const std::time_t seconds = at.ms / 1000 - (at.ms % 1000 < 0 ? 1 : 0) + offset_s;
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "?";
  std::array<char, 64> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S+07:00", &parts);
  return {text.data(), size};
}

}  // namespace tram::host
