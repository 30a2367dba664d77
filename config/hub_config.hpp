#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sync/core/result.hpp"

/// What the province's operator can set: DIR/hub.toml (config/hub.example.toml explains each line).
/// Everything has a default, and the file may be missing.
namespace tram::config {

struct HubConfig {
  std::string listen = "0.0.0.0:7443";
  std::vector<std::string> hosts;  ///< names and addresses for the server's certificate
  std::int64_t threads = 2;
  std::int64_t come_back_s = 60;
  std::int64_t frame_kib = 256;
  std::int64_t grace_days = 180;
  std::int64_t ballast_mib = 64;  ///< kept back for the day on which the disk is full
};

/// `not_enrolled` for a file with mistakes; the message names the line or the key.
[[nodiscard]] sync::Result<HubConfig> load_hub_config(const std::filesystem::path& file);

}  // namespace tram::config
