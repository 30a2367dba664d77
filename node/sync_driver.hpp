#pragma once

#include <cstdint>
#include <optional>

#include "node/node.hpp"
#include "sync/session/initiator.hpp"
#include "sync/wire/frame.hpp"

/// Drives sync::Initiator over the node's store, each commit before what rests on it. Whoever has a
/// line to the hub carries its frames: Link over HTTPS, the simulator through a network of its own.
/// What the protocol means is decided in sync/session.
///
///     driver.begin();
///     while (!driver.done()) {
///       frame = driver.next_frame();    carry it to the hub, and its answer back
///       driver.take_frame(answer);
///     }
namespace tram::node {

/// One thread at a time. A session that is left, or whose answer never comes, needs nothing: the
/// next `begin` knows.
class SyncDriver {
 public:
  /// `node` must outlive it. One a process: it remembers what was said and not yet acknowledged.
  /// `packing` is of the requests.
  explicit SyncDriver(Node& node, const sync::FrameOptions& packing = {})
      : node_(node), packing_(packing) {}

  /// Begins a session. `io` if the store cannot be read.
  [[nodiscard]] sync::Status begin();

  /// The next request, packed. What it rests on is durable when this returns.
  [[nodiscard]] sync::Result<sync::Bytes> next_frame();

  /// Takes the answer; when this returns ok, what it brought is durable. `unavailable` for bytes
  /// that are no answer of a hub (a login page of the line, say); else as Initiator::on_reply.
  /// After an error the session is over and nothing was changed.
  [[nodiscard]] sync::Status take_frame(sync::ByteView frame);

  /// Of the session that `begin` began last.
  [[nodiscard]] bool done() const { return initiator_->done(); }
  [[nodiscard]] const sync::Initiator& initiator() const { return *initiator_; }

 private:
  [[nodiscard]] sync::VisitId new_visit();
  [[nodiscard]] sync::Result<sync::VisitState> present_visit();

  Node& node_;
  sync::FrameOptions packing_;
  std::optional<sync::VisitState> visit_;
  std::optional<sync::Initiator> initiator_;
  std::optional<std::uint64_t> turn_;  // of the last session, of this process
  bool unanswered_ = false;            // nobody knows whether the last request arrived
};

}  // namespace tram::node
