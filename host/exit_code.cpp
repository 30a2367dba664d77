#include "host/exit_code.hpp"

namespace tram::host {

ExitCode exit_code_for(sync::ErrorCode code) {
  switch (code) {
    case sync::ErrorCode::usage: return ExitCode::usage;
    case sync::ErrorCode::not_enrolled: return ExitCode::not_enrolled;
    case sync::ErrorCode::unavailable: return ExitCode::unavailable;
    case sync::ErrorCode::unverified:
    case sync::ErrorCode::damaged: return ExitCode::unverified;
    case sync::ErrorCode::refused: return ExitCode::refused;
    case sync::ErrorCode::malformed:
    case sync::ErrorCode::limit:
    case sync::ErrorCode::not_found:
    case sync::ErrorCode::conflict:
    case sync::ErrorCode::io:
    case sync::ErrorCode::failed: return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace tram::host
