#pragma once

#include <functional>
#include <optional>

#include "command/access.hpp"
#include "command/disk_guard.hpp"
#include "hub/hub.hpp"

/// The hub's operations as methods (command/methods.hpp): what the operator's commands call, beside
/// a running hub and without one.
namespace tram::hub {

/// What only a running hub can tell or must do.
struct Running {
  std::function<std::optional<sync::Instant>(const sync::PublicKey&)> last_contact;
  std::function<void()> hosts_changed;
  /// Asked before anything new is taken, also without a daemon; outlives the methods.
  command::DiskGuard* disk = nullptr;
};

/// As the configuration says.
[[nodiscard]] std::uint64_t ballast_bytes(const config::HubConfig& config);

/// `hub` must outlive the methods.
[[nodiscard]] command::Methods operations_of(Hub& hub, Running running);

}  // namespace tram::hub
