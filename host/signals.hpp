#pragma once

#include <cstdint>

/// How a daemon is told to stop.
namespace tram::host {

/// While it lives, SIGINT and SIGTERM do not end the process but are seen here, by every thread
/// that asks, and SIGPIPE is ignored (a closed pipe or socket is an error of the write). Make it
/// first thing in main, before any thread starts: threads made earlier would still be ended by the
/// signals. One object a process at a time. Its methods may be called from any thread.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  /// Takes back what was changed; a signal that came meanwhile counts as handled.
  ~StopSignal();

  /// Returns when a stop was asked for, at once if that was earlier.
  void wait() const;
  /// True if a stop was asked for within the time.
  [[nodiscard]] bool wait_for(std::int64_t ms) const;
  [[nodiscard]] bool requested() const;
  /// Asks for a stop from inside, as the signal would.
  void request() const;

 private:
  int descriptor_ = -1;
};

}  // namespace tram::host
