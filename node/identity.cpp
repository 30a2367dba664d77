#include "node/identity.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/files.hpp"

namespace tram::node {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::size_t identity_bytes_max = 64 * 1024;

std::filesystem::path identity_file(const std::filesystem::path& directory) {
  return directory / "identity.json";
}

template <std::size_t N>
bool take_hex(const json& document, const char* key, sync::ByteArray<N>& out) {
  const sync::Result<sync::Bytes> bytes = sync::from_hex(document.value(key, ""));
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

}  // namespace

std::string device_id(const sync::PublicKey& key) {
  return sync::to_hex(sync::ByteView(key).first(16));
}

std::filesystem::path store_file(const std::filesystem::path& directory) {
  return directory / "tram.db";
}

sync::Status save_identity(const std::filesystem::path& directory, const Identity& identity) {
  const json document = {{"hub_url", identity.hub_url},
                         {"unit", identity.unit},
                         {"unit_name", identity.unit_name},
                         {"province", identity.province},
                         {"certificate", identity.certificate},
                         {"authority", identity.authority},
                         {"hub_key", sync::to_hex(identity.hub_key)},
                         {"recovery_key", sync::to_hex(identity.recovery_key)}};
  return host::write_file_atomically(identity_file(directory),
                                     sync::as_bytes(document.dump(2) + "\n"),
                                     host::FileMode::owner_only);
}

sync::Result<Identity> load_identity(const std::filesystem::path& directory) {
  const sync::Result<sync::Bytes> bytes =
      host::read_file(identity_file(directory), identity_bytes_max);
  if (!bytes && bytes.error().code == ErrorCode::not_found) {
    return fail(ErrorCode::not_enrolled,
                "this computer is not enrolled yet: run `tram-node enroll` with a code of the "
                "province");
  }
  if (!bytes) return fail(ErrorCode::not_enrolled, bytes.error().message);
  const json document = json::parse(sync::as_text(*bytes), nullptr, false);
  const std::string damaged = identity_file(directory).string() + " is damaged";
  if (!document.is_object()) return fail(ErrorCode::not_enrolled, damaged);
  Identity identity;
  try {
    identity.hub_url = document.at("hub_url");
    identity.unit = document.at("unit");
    identity.unit_name = document.at("unit_name");
    identity.province = document.at("province");
    identity.certificate = document.at("certificate");
    identity.authority = document.at("authority");
    if (!take_hex(document, "hub_key", identity.hub_key) ||
        !take_hex(document, "recovery_key", identity.recovery_key)) {
      return fail(ErrorCode::not_enrolled, damaged);
    }
  } catch (const json::exception&) {
    return fail(ErrorCode::not_enrolled, damaged);
  }
  if (identity.unit.empty() || identity.hub_url.empty()) {
    return fail(ErrorCode::not_enrolled, damaged);
  }
  return identity;
}

}  // namespace tram::node
