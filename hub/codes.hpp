#pragma once

#include <string>

#include "store/write_unit.hpp"
#include "sync/core/ports.hpp"
#include "sync/enrolment/code.hpp"

/// The one-time codes that the hub has given out. Kept by what follows from a code, never the code
/// itself. A code that was used stands on, in the enrolment entry of its computer as in the row
/// here, so that a second use is seen.
namespace tram::hub {

struct CodeRow {
  sync::Digest key{};  ///< EnrolmentCode::key
  std::string unit;
  sync::Instant expires;
  std::int64_t slot_size = 0;
  std::string used_by;  ///< device id; empty: not used yet
};

/// Saves a new code.
[[nodiscard]] sync::Status save_code(store::WriteUnit& unit, const sync::ByteArray<16>& id,
                                     const CodeRow& row);

/// `not_found` if the hub never gave out such a code.
[[nodiscard]] sync::Result<CodeRow> find_code(const store::ReadUnit& unit,
                                              const sync::ByteArray<16>& id);

}  // namespace tram::hub
