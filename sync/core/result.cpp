#include "sync/core/result.hpp"

namespace tram::sync {

std::string_view to_word(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::limit: return "limit";
    case ErrorCode::unverified: return "unverified";
    case ErrorCode::refused: return "refused";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::not_enrolled: return "not_enrolled";
    case ErrorCode::usage: return "usage";
    case ErrorCode::io: return "io";
    case ErrorCode::damaged: return "damaged";
    case ErrorCode::failed: return "failed";
  }
  return "failed";
}

}  // namespace tram::sync
