#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "hub/devices.hpp"
#include "store/store.hpp"
#include "sync/feed/head_signer.hpp"
#include "sync/session/responder.hpp"

/// Where exchanges with nodes are judged, committed and answered. Nothing is signed or answered
/// before it is on disk. It opens the epoch of this start of the hub.
///
/// One thread at a time; `Exchanges` gives it one, the simulator its own.
namespace tram::hub {

/// One node's exchange; `answer` is called once, from within `serve`.
struct Exchange {
  sync::PublicKey device{};
  sync::ExchangeRequest request;
  std::function<void(sync::Result<sync::ExchangeReply>)> answer;
};

/// What the desk stands on; all must outlive it.
struct DeskParts {
  store::Store& store;
  const sync::SigningKey& hub_key;
  const sync::Clock& clock;
  sync::Random& random;
};

struct DeskOptions {
  std::size_t frame_bytes = 256 * 1024;  ///< of entries in one reply, before compression
  std::uint64_t come_back_ms = 60'000;
};

class ExchangeDesk {
 public:
  [[nodiscard]] static sync::Result<ExchangeDesk> open(DeskParts parts, const DeskOptions& options);

  /// Commits what these nodes bring together, a savepoint each, so that a bad batch fails alone;
  /// then answers everybody from one snapshot. Whatever fails is answered with an error.
  void serve(std::vector<Exchange> batch);

  /// Appends entries to the other feeds that they are due in, after the home feed's commit. Where a
  /// step fails, its entries stay due: call it again.
  void deliver();

 private:
  struct Job;
  ExchangeDesk(DeskParts parts, const DeskOptions& options, sync::HeadSigner signer);
  [[nodiscard]] sync::Status prepare(const store::ReadUnit& unit, Job& job);
  [[nodiscard]] sync::Status take(store::WriteUnit& unit, Job& job);
  void settle(std::vector<Job>& jobs);

  DeskParts parts_;
  DeskOptions options_;
  sync::HeadSigner signer_;
  std::map<sync::PublicKey, std::deque<sync::Nonce>> asked_;
};

}  // namespace tram::hub
