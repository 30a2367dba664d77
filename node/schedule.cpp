#include "node/schedule.hpp"

#include <algorithm>
#include <array>

namespace tram::node {

namespace {

// Uniform in [0, below).
std::int64_t draw(sync::Random& random, std::int64_t below) {
  if (below <= 0) return 0;
  std::array<std::uint8_t, 8> bytes{};
  random.fill(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8U) | byte;
  return static_cast<std::int64_t>(value % static_cast<std::uint64_t>(below));
}

}  // namespace

void Schedule::work_came(std::int64_t now_ms) {
  came_meanwhile_ = true;
  // While attempts fail, the back-off stands: the link is what is missing, not the wish.
  if (backoff_ms_ == 0) next_ms_ = std::min(next_ms_, now_ms + options_.settle_ms);
}

void Schedule::failed(std::int64_t now_ms, sync::Random& random) {
  backoff_ms_ = std::min(backoff_ms_ == 0 ? options_.retry_first_ms : backoff_ms_ * 2,
                         options_.retry_longest_ms);
  next_ms_ = now_ms + backoff_ms_ / 2 + draw(random, backoff_ms_ / 2 + 1);
}

void Schedule::succeeded(std::int64_t now_ms, std::uint64_t come_back_ms, sync::Random& random) {
  backoff_ms_ = 0;
  const auto wait = static_cast<std::int64_t>(std::min<std::uint64_t>(
      come_back_ms, static_cast<std::uint64_t>(options_.come_back_longest_ms)));
  next_ms_ = now_ms + wait + draw(random, wait / 10 + 1);
  if (came_meanwhile_) work_came(now_ms);
}

}  // namespace tram::node
