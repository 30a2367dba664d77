#pragma once

#include "command/backup.hpp"

namespace tram::node {

/// What brings a node back on another computer: its identity, settings, keys and store.
[[nodiscard]] command::BackupKind backup_kind();

}  // namespace tram::node
