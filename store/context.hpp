#pragma once

#include <cstdint>

/// What every part of a store knows about it. Fixed while the store is open.
namespace tram::store {

struct Context {
  /// The feed_id of a node's home feed; 0 at a hub, where nothing is pending.
  std::int64_t home_feed = 0;
};

}  // namespace tram::store
