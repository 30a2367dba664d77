#include "node/repair.hpp"

#include "host/keys.hpp"
#include "node/identity.hpp"

namespace tram::node {

using sync::ErrorCode;
using sync::fail;

sync::Result<store::SalvageReport> repair(const std::filesystem::path& directory,
                                          const store::Progress& progress) {
  const sync::Result<Identity> identity = load_identity(directory);
  if (!identity) return fail(identity.error());
  const sync::Result<host::KeyVault> vault = host::KeyVault::open(directory);
  if (!vault) return fail(ErrorCode::not_enrolled, vault.error().message);
  const sync::Result<host::Secret> seed = vault->load("device");
  const sync::Result<host::Secret> store_key = vault->load("store");
  if (!seed || !store_key) {
    return fail(ErrorCode::not_enrolled, "the keys of this folder cannot be opened here: " +
                                             (seed ? store_key : seed).error().message);
  }
  const sync::Result<sync::SigningKey> device = sync::SigningKey::from_seed(seed->view());
  if (!device) return fail(ErrorCode::not_enrolled, "the device's key is damaged");
  store::SalvageOptions options;
  options.store.path = store_file(directory);
  options.store.key = store_key->view();
  options.store.role = store::Role::node;
  options.store.home_unit = identity->unit;
  options.store.hub_keys = {identity->hub_key};
  options.device = device->public_key();
  options.suffix = command::repair_suffix();
  options.progress = progress;
  return store::salvage(options);
}

}  // namespace tram::node
