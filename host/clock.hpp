#pragma once

#include <cstdint>
#include <string>

#include "sync/core/ports.hpp"

/// The two clocks of a machine. The wall clock may be wrong, stand still or jump; it names moments.
/// The steady clock never goes back and is the only one for measuring and for time-outs.
namespace tram::host {

/// The system's wall clock. It is passed to the engine as it is: whoever needs a floor
/// (certificates, the ledger's clock) applies it on top. Any thread.
class SystemClock final : public sync::Clock {
 public:
  [[nodiscard]] sync::Instant now() const override;
};

/// Milliseconds since an unspecified start; never decreases, counts time asleep. Any thread.
[[nodiscard]] std::int64_t steady_now_ms();

/// A stopwatch on the steady clock.
class SteadyClock {
 public:
  SteadyClock() : started_ms_(steady_now_ms()) {}
  [[nodiscard]] std::int64_t elapsed_ms() const { return steady_now_ms() - started_ms_; }
  void restart() { started_ms_ = steady_now_ms(); }

 private:
  std::int64_t started_ms_;
};

/// "2026-11-21T09:00:00+07:00": the local time of Viet Nam, used in logs and by commands alike. It
/// does not ask the system for its zone, which is wrong on many machines. Any thread.
[[nodiscard]] std::string local_time_text(sync::Instant at);

}  // namespace tram::host
