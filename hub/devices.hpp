#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/read_unit.hpp"
#include "store/record_export.hpp"

/// The enrolled computers: records of the province feed, so they come back from the nodes if the
/// hub loses them.
namespace tram::hub {

struct Device {
  std::string id;  ///< device_id of its key
  sync::PublicKey key{};
  std::string unit;
  std::string label;
  std::string state;  ///< active or revoked
  std::int64_t slot_first = 0;
  std::int64_t slot_last = 0;
  sync::Bytes enrolment_hash;  ///< SHA-256 of the key of the code that it came with
  store::RecordRow row;
};

/// The row for a key, or nothing. A computer that enrolled again while the hub had forgotten it has
/// two rows; one that is revoked counts.
[[nodiscard]] sync::Result<std::optional<Device>> find_device(const store::ReadUnit& unit,
                                                              const sync::PublicKey& key);
[[nodiscard]] sync::Result<std::optional<Device>> find_device(const store::ReadUnit& unit,
                                                              const std::string& id);
/// All computers of the communes, by unit, then by id.
[[nodiscard]] sync::Result<std::vector<Device>> all_devices(const store::ReadUnit& unit);

/// Whether the province has an administrative unit (or department) with this code, and its name.
[[nodiscard]] std::optional<std::string> unit_name(const store::ReadUnit& unit,
                                                   const std::string& code);

}  // namespace tram::hub
