#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "hub/hub.hpp"
#include "sync/feed/head_signer.hpp"
#include "sync/session/responder.hpp"

/// Exchanges with nodes: a thread that takes what has come meanwhile, commits it together (a
/// savepoint a node, so a bad batch fails alone), then answers everybody from one snapshot. Nothing
/// is signed or answered before it is on disk.
namespace tram::hub {

/// One node's exchange; `answer` is called once, from the thread of Exchanges.
struct Exchange {
  sync::PublicKey device{};
  sync::ExchangeRequest request;
  std::function<void(sync::Result<sync::ExchangeReply>)> answer;
};

class Exchanges {
 public:
  /// Opens the epoch of this start. `hub` must outlive it.
  [[nodiscard]] static sync::Result<std::unique_ptr<Exchanges>> start(Hub& hub);
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;
  /// Answers what is waiting with `unavailable`, and ends the thread.
  ~Exchanges();

  /// Any thread. `unavailable` at once when too many wait already.
  void submit(Exchange exchange);

  /// When a computer was last heard of in this run of the hub; nothing if it was not.
  [[nodiscard]] std::optional<sync::Instant> last_contact(const sync::PublicKey& device) const;

 private:
  struct Job;
  Exchanges(Hub& hub, sync::HeadSigner signer);
  void run();
  void serve(std::vector<Exchange> batch);
  [[nodiscard]] sync::Status prepare(const store::ReadUnit& unit, Job& job);
  [[nodiscard]] sync::Status take(store::WriteUnit& unit, Job& job);
  void settle(std::vector<Job>& jobs);
  void deliver();

  Hub& hub_;
  sync::HeadSigner signer_;
  std::map<sync::PublicKey, std::deque<sync::Nonce>> asked_;  // the thread's own

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Exchange> waiting_;
  std::map<sync::PublicKey, sync::Instant> contacts_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tram::hub
