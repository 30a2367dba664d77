#include "hub/device_rows.hpp"

#include <algorithm>

#include "hub/province.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;
namespace field = schema::device_field;

namespace {

sync::Change text_change(std::uint32_t number, std::string_view value) {
  const schema::Field* field = schema::find_field(schema::kind::device, number);
  return {schema::tag_of(*field), "", false, sync::encode_text(value)};
}

sync::Change number_change(std::uint32_t number, std::int64_t value) {
  const schema::Field* field = schema::find_field(schema::kind::device, number);
  return {schema::tag_of(*field), "", false, sync::encode_integer(value)};
}

}  // namespace

sync::Status write_device(HubWriter& writer, store::WriteUnit& unit, const NewDevice& device) {
  const bool is_hub = device.unit == sync::province_feed;
  std::vector<sync::Change> changes{
      text_change(sync::field_number::code, device_id(device.key)),
      text_change(field::unit, device.unit),
      text_change(field::role, is_hub ? "hub" : "node"),
      text_change(field::state, "active"),
  };
  changes.push_back(text_change(field::public_key, sync::as_text(device.key)));
  if (!device.label.empty()) changes.push_back(text_change(field::label, device.label));
  if (!is_hub) {
    changes.push_back(text_change(field::enrolment_hash, sync::as_text(device.code_hash)));
    const sync::Result<std::vector<Device>> others = all_devices(unit);
    if (!others) return fail(others.error());
    // A slot is for good, also that of a revoked computer.
    std::int64_t taken = 0;
    for (const Device& other : *others) {
      if (other.unit == device.unit) taken = std::max(taken, other.slot_last);
    }
    const std::int64_t last = taken + device.slot_size;
    if (device.slot_size > 0 && last <= numbers_a_day) {
      changes.push_back(number_change(field::slot_first, 1 + taken));
      changes.push_back(number_change(field::slot_last, last));
    }
  }
  sync::Result<std::vector<sync::Change>> ordered = sync::in_canonical_order(std::move(changes));
  if (!ordered) return fail(ordered.error());
  return writer.create_record(unit, sync::province_feed, schema::kind::device, std::move(*ordered));
}

sync::Status revoke_device(HubWriter& writer, store::WriteUnit& unit, const std::string& id) {
  const sync::Result<std::vector<Device>> devices = all_devices(unit);
  if (!devices) return fail(devices.error());
  bool found = false;
  for (const Device& device : *devices) {
    if (device.id != id) continue;
    found = true;
    if (device.state == "revoked") continue;
    const sync::Status written = writer.edit_record(unit, sync::province_feed, device.row,
                                                    {text_change(field::state, "revoked")});
    if (!written) return written;
  }
  return found ? sync::Status() : fail(ErrorCode::not_found, "there is no computer " + id);
}

}  // namespace tram::hub
