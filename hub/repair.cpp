#include "hub/repair.hpp"

#include "hub/province.hpp"

namespace tram::hub {

sync::Result<store::SalvageReport> repair(const std::filesystem::path& directory,
                                          const store::Progress& progress) {
  const sync::Result<Province> province = Province::open(directory);
  if (!province) return sync::fail(province.error());
  store::SalvageOptions options;
  options.store.path = province->store_file();
  options.store.key = province->store_key().view();
  options.store.role = store::Role::hub;
  options.store.hub_keys = {province->hub_key().public_key()};
  options.suffix = command::repair_suffix();
  options.progress = progress;
  return store::salvage(options);
}

}  // namespace tram::hub
