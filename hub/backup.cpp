#include "hub/backup.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/files.hpp"
#include "hub/hub.hpp"

namespace tram::hub {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr const char* identity_file = "province.json";
constexpr std::size_t identity_bytes_max = 64 * 1024;

// Province::open asks for the keys in a vault too, which a backup that is only looked at never
// gets.
sync::Result<command::BackupIdentity> identify(const std::filesystem::path& folder,
                                               const sync::PublicKey& signer) {
  const sync::Result<sync::Bytes> bytes =
      host::read_file(folder / identity_file, identity_bytes_max);
  if (!bytes) return fail(bytes.error());
  const json document = json::parse(sync::as_text(*bytes), nullptr, false);
  command::BackupIdentity out;
  try {
    out.unit = document.at("province");
    out.unit_name = document.at("name");
    const auto recovery = sync::from_hex(document.at("recovery_key").get<std::string>());
    if (!recovery || recovery->size() != out.recovery_key.size()) {
      return fail(ErrorCode::not_enrolled, "province.json is damaged: recovery_key");
    }
    std::copy(recovery->begin(), recovery->end(), out.recovery_key.begin());
  } catch (const json::exception&) {
    return fail(ErrorCode::not_enrolled, "province.json is damaged");
  }
  out.store.role = store::Role::hub;
  out.store.hub_keys = {signer};
  return out;
}

}  // namespace

command::BackupKind backup_kind() {
  command::BackupKind kind;
  kind.role = host::BackupRole::hub;
  kind.identity = identity_file;
  kind.config = "hub.toml";
  kind.secrets = {"authority", "hub", "store"};
  kind.wrapped = kind.secrets;
  kind.signing = "hub";
  kind.identify = identify;
  kind.open = [](const std::filesystem::path& folder,
                 const std::function<sync::Status(const store::Store&)>& look) -> sync::Status {
    const sync::Result<std::unique_ptr<Hub>> hub = Hub::open(folder);
    if (!hub) return fail(hub.error());
    return look(std::as_const(**hub).store());
  };
  return kind;
}

}  // namespace tram::hub
