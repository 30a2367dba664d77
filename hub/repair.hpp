#pragma once

#include <filesystem>

#include "command/repair_command.hpp"

namespace tram::hub {

/// Repairs the store of a province's folder, whose lock the caller holds. What is missing then, the
/// nodes give back as after a restore of the hub. `not_enrolled` where the province's keys are gone
/// too.
[[nodiscard]] sync::Result<store::SalvageReport> repair(const std::filesystem::path& directory,
                                                        const store::Progress& progress);

}  // namespace tram::hub
