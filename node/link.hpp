#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "http/client.hpp"
#include "node/node.hpp"
#include "sync/session/initiator.hpp"

/// The link to the hub: exchanges over HTTPS, each commit before what rests on it. A thin driver of
/// sync::Initiator: what the protocol means is decided there.
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
  [[nodiscard]] sync::Result<sync::RunState> present_run();
  [[nodiscard]] sync::Status exchange_once(sync::Initiator& initiator, LinkReport& report);
  [[nodiscard]] sync::Result<sync::ExchangeReply> send(const sync::ExchangeRequest& request,
                                                       LinkReport& report);
  [[nodiscard]] sync::Status take_reply(sync::Initiator& initiator,
                                        const sync::ExchangeReply& reply);

  Node& node_;
  std::mutex mutex_;
  std::unique_ptr<http::Client> client_;
  std::optional<sync::RunState> run_;
  bool unanswered_ = false;  // nobody knows whether the last request arrived
};

}  // namespace tram::node
