#pragma once

#include <filesystem>

#include "command/repair_command.hpp"

namespace tram::node {

/// Repairs the store of an enrolled folder, whose lock the caller holds: what was not sent yet
/// and can be read is sent afterwards, and what the hub has is pulled again. `not_enrolled` where
/// identity or keys are gone too.
[[nodiscard]] sync::Result<store::SalvageReport> repair(const std::filesystem::path& directory,
                                                        const store::Progress& progress);

}  // namespace tram::node
