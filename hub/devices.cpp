#include "hub/devices.hpp"

#include <algorithm>
#include <tuple>

#include "hub/province.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"

namespace tram::hub {

using sync::fail;
namespace field = schema::device_field;

namespace {

sync::Result<Device> device_from(const store::RecordRow& row) {
  const sync::Result<store::FieldValues> values = store::FieldValues::of(row);
  if (!values) return fail(values.error());
  Device device;
  device.id = row.code;
  device.unit = values->text(field::unit);
  device.label = values->text(field::label);
  device.state = values->text(field::state);
  device.slot_first = values->integer(field::slot_first).value_or(0);
  device.slot_last = values->integer(field::slot_last).value_or(0);
  const std::optional<sync::Bytes> key = values->bytes(field::public_key);
  if (key && key->size() == device.key.size()) {
    std::copy(key->begin(), key->end(), device.key.begin());
  }
  device.enrolment_hash = values->bytes(field::enrolment_hash).value_or(sync::Bytes{});
  device.row = row;
  return device;
}

}  // namespace

sync::Result<std::optional<Device>> find_device(const store::ReadUnit& unit,
                                                const std::string& id) {
  std::optional<Device> found;
  for (const store::RecordRow& row :
       unit.find_record_by_code(sync::province_feed, schema::kind::device, id)) {
    sync::Result<Device> device = device_from(row);
    if (!device) return fail(device.error());
    const bool counts = !found || device->state == "revoked";
    if (device->id == id && counts) found = std::move(*device);
  }
  if (const sync::Status read = unit.status(); !read) return fail(read.error());
  return found;
}

sync::Result<std::optional<Device>> find_device(const store::ReadUnit& unit,
                                                const sync::PublicKey& key) {
  sync::Result<std::optional<Device>> device = find_device(unit, device_id(key));
  if (device && *device && (*device)->key != key) return std::optional<Device>();
  return device;
}

sync::Result<std::vector<Device>> all_devices(const store::ReadUnit& unit) {
  std::vector<Device> devices;
  sync::Status status;
  unit.for_each_record(sync::province_feed, schema::kind::device, std::nullopt,
                       [&](const store::RecordRow& row) {
                         sync::Result<Device> device = device_from(row);
                         if (!device) status = fail(device.error());
                         if (device) devices.push_back(std::move(*device));
                         return status.has_value();
                       });
  if (!status) return fail(status.error());
  if (const sync::Status read = unit.status(); !read) return fail(read.error());
  std::erase_if(devices, [](const Device& device) { return device.unit == sync::province_feed; });
  std::sort(devices.begin(), devices.end(), [](const Device& a, const Device& b) {
    return std::tie(a.unit, a.id) < std::tie(b.unit, b.id);
  });
  return devices;
}

std::optional<std::string> unit_name(const store::ReadUnit& unit, const std::string& code) {
  for (const store::RecordRow& row :
       unit.find_record_by_code(sync::province_feed, schema::kind::unit, code)) {
    const sync::Result<store::FieldValues> values = store::FieldValues::of(row);
    if (values) return values->text(schema::unit_field::full_name);
  }
  return std::nullopt;
}

}  // namespace tram::hub
