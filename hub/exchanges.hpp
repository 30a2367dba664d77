#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "hub/exchange_desk.hpp"
#include "hub/hub.hpp"

/// The desk's thread: it takes what has come meanwhile and serves it together.
namespace tram::hub {

class Exchanges {
 public:
  /// Opens the epoch of this start. `hub` must outlive it.
  [[nodiscard]] static sync::Result<std::unique_ptr<Exchanges>> start(Hub& hub);
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;
  /// Answers what is waiting with `unavailable`, and ends the thread.
  ~Exchanges();

  /// Any thread; the answer comes from the desk's. `unavailable` at once when too many wait.
  void submit(Exchange exchange);

  /// When a computer was last heard of in this run of the hub; nothing if it was not.
  [[nodiscard]] std::optional<sync::Instant> last_contact(const sync::PublicKey& device) const;

 private:
  Exchanges(const sync::Clock& clock, ExchangeDesk desk);
  void run();
  void note_contact(Exchange& exchange);

  const sync::Clock& clock_;
  ExchangeDesk desk_;  // the thread's own

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Exchange> waiting_;
  std::map<sync::PublicKey, sync::Instant> contacts_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tram::hub
