#include "hub/operations.hpp"

#include <nlohmann/json.hpp>

#include "command/backup_command.hpp"
#include "command/store_methods.hpp"
#include "host/clock.hpp"
#include "hub/backup.hpp"

namespace tram::hub {

using command::Emit;
using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::int64_t default_slot = 250;
constexpr std::int64_t default_hours = 24;

sync::Status create_code(Hub& hub, const Running& running, const json& params, const Emit& emit) {
  sync::Result<NewCode> code = fail(ErrorCode::failed, "");
  const auto make = [&]() -> sync::Status {
    code =
        hub.create_code(params.at("commune"), params.at("hub_url"),
                        params.value("hours", default_hours), params.value("slot", default_slot));
    if (!code) return fail(code.error());
    return {};
  };
  const sync::Status made = running.disk != nullptr ? running.disk->run(make) : make();
  if (!made) return made;
  if (running.hosts_changed) running.hosts_changed();
  emit({{"code", code->ticket.text()},
        {"typed", code->ticket.typed()},
        {"commune", params.at("commune")},
        {"name", code->unit_name},
        {"expires_at", host::local_time_text(code->expires)}});
  return {};
}

json device_json(const Device& device, const Running& running, const store::ReadUnit& unit) {
  json out = {{"device", device.id},     {"unit", device.unit},
              {"label", device.label},   {"state", device.state},
              {"last_contact", nullptr}, {"lineages", unit.lineages(device.key).size()}};
  if (device.slot_first != 0) out["slot"] = {device.slot_first, device.slot_last};
  if (running.last_contact) {
    if (const auto contact = running.last_contact(device.key)) {
      out["last_contact"] = host::local_time_text(*contact);
    }
  }
  return out;
}

sync::Status list_nodes(Hub& hub, const Running& running, const json& params, const Emit& emit) {
  return hub.store().read([&](const store::ReadUnit& unit) -> sync::Status {
    const sync::Result<std::vector<Device>> devices = all_devices(unit);
    if (!devices) return fail(devices.error());
    std::vector<store::DoubtfulDevice> doubtful = unit.doubtful_devices();
    const std::string wanted = params.value("device", "");
    bool found = wanted.empty();
    for (const Device& device : *devices) {
      if (!wanted.empty() && device.id != wanted) continue;
      found = true;
      json row = device_json(device, running, unit);
      row["doubt"] = nullptr;
      for (const store::DoubtfulDevice& doubt : doubtful) {
        if (doubt.device != device.key) continue;
        row["doubt"] = doubt.copied ? "copied" : "went back, or copied";
      }
      if (!emit(row)) break;
    }
    return found ? unit.status()
                 : sync::Status(fail(ErrorCode::not_found, "there is no computer " + wanted));
  });
}

sync::Status export_unit(const Hub& hub, const json& params, const Emit& emit) {
  const std::string commune = params.at("commune");
  bool known = false;
  const sync::Status read = hub.store().read([&](const store::ReadUnit& unit) {
    known = unit_name(unit, commune).has_value();
    return unit.status();
  });
  if (!read) return read;
  if (!known) {
    return fail(ErrorCode::usage, "the province has no commune with the code " + commune);
  }
  return command::emit_export(hub.store(), commune, emit);
}

sync::Status status_of(Hub& hub, const Running& running, const Emit& emit) {
  const bool read_only = running.disk != nullptr && running.disk->read_only();
  return hub.store().read([&](const store::ReadUnit& unit) -> sync::Status {
    json feeds = json::object();
    for (const store::FeedRow& feed : unit.feeds()) {
      feeds[feed.feed] = {{"size", feed.size},
                          {"root", sync::to_hex(unit.feed_root(feed.feed, feed.size))},
                          {"conflicts", unit.counts(feed.feed).conflicts}};
    }
    emit({{"province", hub.province().code()},
          {"name", hub.province().name()},
          {"hub_key", sync::to_hex(hub.province().hub_key().public_key())},
          {"read_only", read_only},
          {"feeds", std::move(feeds)}});
    return unit.status();
  });
}

}  // namespace

std::uint64_t ballast_bytes(const config::HubConfig& config) {
  return static_cast<std::uint64_t>(config.ballast_mib) * 1024 * 1024;
}

command::Methods operations_of(Hub& hub, Running running) {
  command::Methods methods;
  methods.add("code.create", [&hub, running](const json& params, const Emit& emit) {
    return create_code(hub, running, params, emit);
  });
  methods.add("node.list", [&hub, running](const json& params, const Emit& emit) {
    return list_nodes(hub, running, params, emit);
  });
  methods.add("node.revoke",
              [&hub](const json& params, const Emit&) { return hub.revoke(params.at("device")); });
  methods.add("export", [&hub](const json& params, const Emit& emit) {
    return export_unit(hub, params, emit);
  });
  methods.add("rebuild", [&hub](const json&, const Emit& emit) {
    return command::rebuild_projection(hub.store(), emit);
  });
  methods.add("verify", [&hub](const json&, const Emit& emit) {
    return command::emit_verification(hub.store(), emit);
  });
  methods.add("backup.create",
              command::backup_method(backup_kind(), hub.province().store_file().parent_path()));
  methods.add("status", [&hub, running](const json&, const Emit& emit) {
    return status_of(hub, running, emit);
  });
  return methods;
}

}  // namespace tram::hub
