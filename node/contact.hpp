#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/write_unit.hpp"
#include "sync/core/ports.hpp"

namespace tram::node {

/// The last time the hub was heard, and what it said: "synced" is true only as of then.
struct Contact {
  sync::Instant at;  ///< this machine's clock
  sync::Instant hub_time;
  std::int64_t clock_offset_ms = 0;  ///< this machine's clock minus the hub's
  bool level = false;                ///< then, neither side had anything for the other
  bool hub_went_back = false;
  bool copied = false;  ///< somebody else writes as this computer
};

[[nodiscard]] sync::Status save_contact(store::WriteUnit& unit, const Contact& contact);
[[nodiscard]] std::optional<Contact> last_contact(const store::ReadUnit& unit);

}  // namespace tram::node
