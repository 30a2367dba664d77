#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "http/client.hpp"
#include "node/sync_driver.hpp"

/// The link to the hub: carries the driver's frames over HTTPS.
namespace tram::node {

/// What a session did.
struct LinkReport {
  std::uint64_t sent_entries = 0;
  std::uint64_t received_entries = 0;
  std::uint64_t bytes_sent = 0;  ///< HTTP heads and bodies; TLS and TCP come on top
  std::uint64_t bytes_received = 0;
  std::uint64_t round_trips = 0;  ///< HTTP exchanges
  std::uint64_t connects = 0;
  bool synced = false;
  bool hub_went_back = false;
  bool copied = false;
  std::uint64_t come_back_ms = 0;
};

class Link {
 public:
  /// Told after each exchange how many entries are still to be sent. False: stop after this one.
  using Progress = std::function<bool(const LinkReport& so_far, std::uint64_t pending)>;

  explicit Link(Node& node);

  /// Exchanges until there is nothing to send or receive; one attempt, no retry. The report counts
  /// also what was done before an error. One session at a time; a second caller waits.
  [[nodiscard]] sync::Status run_session(LinkReport& report, const Progress& progress);

 private:
  [[nodiscard]] sync::Status exchange_once(LinkReport& report);
  [[nodiscard]] sync::Result<sync::Bytes> post(sync::Bytes frame, LinkReport& report);

  Node& node_;
  std::mutex mutex_;
  SyncDriver driver_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace tram::node
