#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "command/program.hpp"
#include "store/salvage.hpp"

namespace tram::command {

/// How one of the two programs repairs the store of a data folder, whose lock is held.
struct RepairKind {
  std::string program;
  std::function<sync::Result<store::SalvageReport>(const std::filesystem::path& directory,
                                                   const store::Progress& progress)>
      repair;
};

/// `repair --data DIR [--json]`: works on a folder on which nothing runs, and says what was kept,
/// what is missing, and what comes back by itself. Exit code 0 also where nothing was damaged.
[[nodiscard]] Subcommand add_repair_command(CLI::App& app, RepairKind kind);

/// For the name of the damaged file: when it was put aside, in letters that every file system
/// takes.
[[nodiscard]] std::string repair_suffix();

}  // namespace tram::command
