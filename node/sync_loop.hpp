#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "node/link.hpp"
#include "node/schedule.hpp"
#include "node/status.hpp"

/// The daemon's thread that talks to the hub whenever the schedule says so.
namespace tram::node {

class SyncLoop {
 public:
  /// Starts at once. Both must outlive it.
  SyncLoop(Node& node, Link& link);
  SyncLoop(const SyncLoop&) = delete;
  SyncLoop& operator=(const SyncLoop&) = delete;
  /// Lets an exchange in flight finish, then ends the thread.
  ~SyncLoop();

  /// Any thread.
  void work_came();
  [[nodiscard]] Attempts attempts() const;

 private:
  void run();
  [[nodiscard]] bool wait_for_turn();
  void attempt();

  Node& node_;
  Link& link_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Schedule schedule_;
  std::string last_error_;
  bool attempting_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tram::node
