#pragma once

#include "sync/core/result.hpp"

/// What every command's exit code means, to scripts and to people. Never renumbered.
namespace tram::host {

enum class ExitCode : int {
  ok = 0,
  failed = 1,
  usage = 2,
  not_enrolled = 3,  ///< this machine has no identity, or its configuration is wrong
  unavailable = 4,   ///< hub unreachable or busy; local work goes on
  needs_person = 5,  ///< rejected lines, a quarantined entry, two computers with one identity
  unverified = 6,    ///< something fails to verify: an alarm
  refused = 7,       ///< the hub, or the rules, say no
};

/// The code for an error that ends a command. `needs_person` never comes from an error: a command
/// says it when its work is done and something is left for somebody.
[[nodiscard]] ExitCode exit_code_for(sync::ErrorCode code);

}  // namespace tram::host
