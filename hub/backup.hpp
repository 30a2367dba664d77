#pragma once

#include "command/backup.hpp"

namespace tram::hub {

/// What brings a hub back on another computer: province, settings, keys and store. The recovery key
/// is none of it: it lies on paper, elsewhere.
[[nodiscard]] command::BackupKind backup_kind();

}  // namespace tram::hub
