#pragma once

#include <filesystem>

#include "sync/core/result.hpp"

namespace tram::node {

/// `tram-node run`: one process a data directory, until it is told to stop. Sends what waits when
/// the link is there, and serves commands on the control channel. `conflict` if a node runs on the
/// directory already.
[[nodiscard]] sync::Status run_daemon(const std::filesystem::path& directory);

}  // namespace tram::node
