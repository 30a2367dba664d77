#pragma once

#include <functional>
#include <optional>

#include "command/access.hpp"
#include "command/disk_guard.hpp"
#include "node/link.hpp"
#include "node/node.hpp"
#include "node/status.hpp"

/// The node's operations as methods (command/methods.hpp): what commands call, beside a running
/// daemon and without one.
namespace tram::node {

/// What only a running daemon can tell or must know.
struct Running {
  std::function<Attempts()> attempts;
  std::function<void()> work_came;  ///< something was written: offer it soon
  /// Asked before anything new is taken, also without a daemon; outlives the methods.
  command::DiskGuard* disk = nullptr;
};

/// As the configuration says.
[[nodiscard]] std::uint64_t ballast_bytes(const config::NodeConfig& config);

/// Both must outlive the methods.
[[nodiscard]] command::Methods operations_of(Node& node, Link& link, Running running);

}  // namespace tram::node
