#pragma once

#include <cstdint>

#include "sync/core/ports.hpp"

namespace tram::node {

struct ScheduleOptions {
  std::int64_t retry_first_ms = 5'000;
  std::int64_t retry_longest_ms = 300'000;
  /// After a write, so that a clerk's quick saves travel together.
  std::int64_t settle_ms = 500;
  /// Whatever the hub asks, a node comes back after this.
  std::int64_t come_back_longest_ms = 24 * 3'600'000LL;
};

/// When the next attempt is made. One rule holds always: work that waits has an attempt ahead of
/// it. A plain value; time and chance are passed in. Times are of the steady clock.
class Schedule {
 public:
  explicit Schedule(ScheduleOptions options) : options_(options) {}

  /// Something was written. Never puts an attempt off.
  void work_came(std::int64_t now_ms);
  /// An attempt begins: what comes from now on may be too late for it, and gets one of its own.
  void began() { came_meanwhile_ = false; }
  /// An attempt failed: wait twice as long as the last time, with jitter, so that a province does
  /// not come back in one second.
  void failed(std::int64_t now_ms, sync::Random& random);
  /// An attempt went through: come back when the hub asked, with a tenth of jitter.
  void succeeded(std::int64_t now_ms, std::uint64_t come_back_ms, sync::Random& random);

  [[nodiscard]] std::int64_t next_ms() const { return next_ms_; }

 private:
  ScheduleOptions options_;
  std::int64_t next_ms_ = 0;
  std::int64_t backoff_ms_ = 0;  // 0: the last attempt went through
  bool came_meanwhile_ = false;  // since the last attempt began
};

}  // namespace tram::node
