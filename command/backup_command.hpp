#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "command/backup.hpp"
#include "command/methods.hpp"
#include "command/program.hpp"

/// `backup create|verify|restore`: the words, the method behind `create`, and what is printed.
namespace tram::command {

/// The method "backup.create" on a folder that this process works on: {"file": absolute path,
/// "force": bool}. Emits {"progress":{"step","done","total"}} on the way and the report at the end.
/// The file is written by the process that works on the folder: a daemon may write only where its
/// service lets it.
[[nodiscard]] Method backup_method(BackupKind kind, std::filesystem::path folder);

/// Adds the commands to a program's own; `program` gives its way to a data folder.
[[nodiscard]] std::vector<Subcommand> add_backup_commands(
    CLI::App& app, BackupKind kind, std::function<Program(const std::string& data)> program);

}  // namespace tram::command
