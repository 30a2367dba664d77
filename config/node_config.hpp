#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sync/core/result.hpp"

/// What a commune's IT staff can set: DIR/node.toml (config/node.example.toml explains each line).
/// Everything has a default, and the file may be missing.
namespace tram::config {

struct NodeConfig {
  std::string proxy;  ///< the office's HTTP proxy, "http://host:port"; empty: none
  std::int64_t frame_kib = 256;
  std::int64_t retry_first_s = 5;
  std::int64_t retry_longest_s = 300;
  std::int64_t silence_s = 60;
  std::int64_t ballast_mib = 64;  ///< kept back for the day on which the disk is full
};

/// `not_enrolled` for a file with mistakes; the message names the line or the key.
[[nodiscard]] sync::Result<NodeConfig> load_node_config(const std::filesystem::path& file);

}  // namespace tram::config
