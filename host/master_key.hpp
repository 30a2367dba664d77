#pragma once

#include <filesystem>

#include "host/secret.hpp"
#include "sync/core/result.hpp"

/// Where this system keeps the key that seals the others; see keys.hpp. Internal to host/.
namespace tram::host {

inline constexpr std::size_t master_key_bytes = 32;

/// The key from the system's own store if there is one, else from `folder` (private, exists), made
/// on first use.
[[nodiscard]] sync::Result<Secret> load_master_key(const std::filesystem::path& folder);

/// `refused` if anybody but this user (or root) could read the file; `not_found` if there is none.
[[nodiscard]] sync::Status refuse_readable_by_others(const std::filesystem::path& file);

}  // namespace tram::host
