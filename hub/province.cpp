#include "hub/province.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "host/files.hpp"
#include "host/recovery.hpp"

namespace tram::hub {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr int authority_years = 10;
constexpr int device_days = 180;
constexpr int server_days = 90;
constexpr std::size_t province_bytes_max = 64 * 1024;

std::filesystem::path public_file(const std::filesystem::path& directory) {
  return directory / "province.json";
}

std::string recovery_text(const std::string& province, const host::RecoveryKey& key) {
  return "TRAM - KHOA PHUC HOI CUA TINH / RECOVERY KEY OF THE PROVINCE " + province +
         "\n\nIn tờ giấy này, cất vào két, rồi xóa tệp này khỏi máy.\n"
         "Print this page, lock it away, then delete this file from the machine.\n"
         "It opens the data folder of any computer of the province that has died.\n\n" +
         sync::to_hex(key.private_key.view()) + "\n";
}

host::Secret random_secret(sync::Random& random, std::size_t size) {
  host::Secret secret = host::Secret::zeros(size);
  random.fill(secret.writable());
  return secret;
}

// Sealed to this machine, and wrapped to the province's recovery key.
sync::Status keep(host::KeyVault& vault, const std::filesystem::path& directory,
                  const std::string& name, const host::Secret& secret,
                  const sync::ByteArray<32>& recovery) {
  if (const sync::Status stored = vault.store(name, secret); !stored) return stored;
  const sync::Result<sync::Bytes> wrapped = host::wrap_to_recovery_key(recovery, secret.view());
  if (!wrapped) return fail(wrapped.error());
  return host::write_file_atomically(directory / "keys" / (name + ".recovery"), *wrapped,
                                     host::FileMode::owner_only);
}

}  // namespace

std::string device_id(const sync::PublicKey& key) {
  return sync::to_hex(sync::ByteView(key).first(16));
}

Province::Province(std::filesystem::path directory, http::KeyPair authority_key,
                   sync::SigningKey hub_key, host::Secret store_key)
    : directory_(std::move(directory)),
      authority_key_(std::move(authority_key)),
      hub_key_(std::move(hub_key)),
      store_key_(std::move(store_key)) {}

sync::Result<Province> Province::create(const std::filesystem::path& directory,
                                        const std::string& province_code, sync::Instant now,
                                        sync::Random& random) {
  const schema::Province* province = schema::find_province(province_code);
  if (province == nullptr) {
    return fail(ErrorCode::usage, "there is no province with the code " + province_code);
  }
  if (const sync::Status made = host::make_private_directory(directory); !made) {
    return fail(made.error());
  }
  if (const sync::Status safe = host::refuse_unsafe_location(directory); !safe) {
    return fail(safe.error());
  }
  std::error_code ignored;
  if (std::filesystem::exists(public_file(directory), ignored)) {
    return fail(ErrorCode::conflict, directory.string() + " holds a province already");
  }
  sync::Result<host::KeyVault> vault = host::KeyVault::open(directory);
  if (!vault) return fail(vault.error());
  const sync::Result<host::RecoveryKey> recovery = host::generate_recovery_key();
  if (!recovery) return fail(recovery.error());

  for (const char* name : {"authority", "hub", "store"}) {
    const host::Secret secret = random_secret(random, 32);
    const sync::Status kept = keep(*vault, directory, name, secret, recovery->public_key);
    if (!kept) return fail(kept.error());
  }
  const sync::Result<host::Secret> authority_seed = vault->load("authority");
  if (!authority_seed) return fail(authority_seed.error());
  const sync::Result<http::KeyPair> authority_key =
      http::KeyPair::from_seed(authority_seed->view());
  if (!authority_key) return fail(authority_key.error());
  const sync::Result<sync::Bytes> authority =
      http::make_authority(*authority_key, "Tram " + province_code, now, authority_years);
  if (!authority) return fail(authority.error());

  const sync::Status recovery_saved = host::write_file_atomically(
      directory / "recovery-key.txt",
      sync::as_bytes(recovery_text(province_code + " " + province->name, *recovery)),
      host::FileMode::owner_only);
  if (!recovery_saved) return fail(recovery_saved.error());
  const json document = {{"province", province_code},
                         {"name", province->full_name},
                         {"authority", http::to_pem(*authority)},
                         {"recovery_key", sync::to_hex(recovery->public_key)}};
  const sync::Status saved = host::write_file_atomically(
      public_file(directory), sync::as_bytes(document.dump(2) + "\n"), host::FileMode::owner_only);
  if (!saved) return fail(saved.error());
  return open(directory);
}

sync::Result<Province> Province::open(const std::filesystem::path& directory) {
  const sync::Result<host::KeyVault> vault = host::KeyVault::open(directory);
  if (!vault) return fail(ErrorCode::not_enrolled, vault.error().message);
  const auto load = [&](const char* name) { return vault->load(name); };
  const sync::Result<host::Secret> authority_seed = load("authority");
  const sync::Result<host::Secret> hub_seed = load("hub");
  sync::Result<host::Secret> store_key = load("store");
  for (const sync::Result<host::Secret>* secret :
       {&authority_seed, &hub_seed, &std::as_const(store_key)}) {
    if (*secret) continue;
    return fail(ErrorCode::not_enrolled, directory.string() +
                                             " holds no province (run `init`), or "
                                             "keys of another machine: " +
                                             secret->error().message);
  }
  sync::Result<http::KeyPair> authority_key = http::KeyPair::from_seed(authority_seed->view());
  if (!authority_key) return fail(authority_key.error());
  sync::Result<sync::SigningKey> hub_key = sync::SigningKey::from_seed(hub_seed->view());
  if (!hub_key) return fail(hub_key.error());
  Province province(directory, std::move(*authority_key), std::move(*hub_key),
                    std::move(*store_key));
  if (const sync::Status loaded = province.load_public(); !loaded) return fail(loaded.error());
  return province;
}

sync::Status Province::load_public() {
  const sync::Result<sync::Bytes> bytes =
      host::read_file(public_file(directory_), province_bytes_max);
  if (!bytes) return fail(ErrorCode::not_enrolled, bytes.error().message);
  const json document = json::parse(sync::as_text(*bytes), nullptr, false);
  const auto bad = [this] {
    return fail(ErrorCode::not_enrolled, public_file(directory_).string() + " is damaged");
  };
  if (!document.is_object()) return bad();
  const auto text = [&](const char* key) {
    const auto at = document.find(key);
    return at != document.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  code_ = text("province");
  name_ = text("name");
  const sync::Result<std::vector<sync::Bytes>> authority = http::from_pem(text("authority"));
  const sync::Result<sync::Bytes> recovery = sync::from_hex(text("recovery_key"));
  if (!authority || authority->size() != 1 || !recovery || recovery->size() != 32) return bad();
  authority_ = authority->front();
  std::copy(recovery->begin(), recovery->end(), recovery_key_.begin());
  return {};
}

sync::Result<sync::Bytes> Province::issue_device(const sync::PublicKey& key,
                                                 const std::string& device,
                                                 sync::Instant now) const {
  return http::issue_client({authority_, authority_key_}, key, device, now, device_days);
}

sync::Result<Province::ServerIdentity> Province::issue_server(const std::vector<std::string>& hosts,
                                                              sync::Instant now) const {
  const sync::Result<http::KeyPair> key = http::KeyPair::generate();
  if (!key) return fail(key.error());
  const sync::Result<sync::Bytes> certificate =
      http::issue_server({authority_, authority_key_}, *key, hosts, now, server_days);
  if (!certificate) return fail(certificate.error());
  sync::Result<host::Secret> pem = key->to_pem();
  if (!pem) return fail(pem.error());
  return ServerIdentity{http::to_pem(*certificate) + http::to_pem(authority_), std::move(*pem)};
}

}  // namespace tram::hub
