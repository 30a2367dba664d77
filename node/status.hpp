#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "node/node.hpp"

namespace tram::node {

/// What only a running daemon knows about its attempts.
struct Attempts {
  std::string last_error;                     ///< empty after a success
  std::optional<sync::Instant> next_attempt;  ///< nothing while one is under way
};

/// What `tram-node status` tells. "synced" is a theorem (DESIGN 7): nothing pending, the own copy
/// under a verified head of the hub's lineage as last heard, nothing to be returned; and the time
/// of that contact stands beside it.
[[nodiscard]] sync::Result<nlohmann::json> status_of(const Node& node,
                                                     const std::optional<Attempts>& attempts);

}  // namespace tram::node
