#pragma once

#include <cstdint>
#include <string>

#include "hub/devices.hpp"
#include "hub/writer.hpp"

/// What the hub writes about computers: entries of the province feed, which every node gets.
namespace tram::hub {

/// A unit and day has this many numbers for dossiers; the rest of a code's four digits.
inline constexpr std::int64_t numbers_a_day = 9999;

struct NewDevice {
  sync::PublicKey key{};
  std::string unit;  ///< sync::province_feed for the hub itself, which has no slot
  std::string label;
  sync::Digest code_hash{};
  std::int64_t slot_size = 0;  ///< numbers of each day; 0 for none
};

/// The computer's first entry. Its slot follows the last one of its unit, for good; where the day
/// has not as many numbers left, it gets none. `failed` or `io` as the store says.
[[nodiscard]] sync::Status write_device(HubWriter& writer, store::WriteUnit& unit,
                                        const NewDevice& device);

/// Revokes every row of this id that stands. `not_found` if there is none of this id.
[[nodiscard]] sync::Status revoke_device(HubWriter& writer, store::WriteUnit& unit,
                                         const std::string& id);

}  // namespace tram::hub
