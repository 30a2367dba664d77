#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sync/core/result.hpp"

/// `tram-hub run`: one process a data directory, until it is told to stop.
namespace tram::hub {

/// Serves nodes on `listen` (or what hub.toml says) and commands on the control channel. Returns
/// when SIGINT or SIGTERM came and everything in flight is answered. `conflict` if a hub runs on
/// the directory already, or the port is taken.
[[nodiscard]] sync::Status run_daemon(const std::filesystem::path& directory,
                                      const std::optional<std::string>& listen);

}  // namespace tram::hub
