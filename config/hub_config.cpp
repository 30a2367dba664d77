#include "config/hub_config.hpp"

#include "config/toml_table.hpp"

namespace tram::config {

sync::Result<HubConfig> load_hub_config(const std::filesystem::path& file) {
  sync::Result<TomlTable> table = TomlTable::load(file);
  if (!table) return sync::fail(table.error());
  HubConfig config;
  table->text("server.listen", config.listen);
  table->texts("server.hosts", config.hosts);
  table->number("server.threads", 1, 16, config.threads);
  table->number("sync.come_back_s", 1, 24 * 3600, config.come_back_s);
  table->number("sync.frame_kib", 4, 1024, config.frame_kib);
  table->number("devices.grace_days", 0, 3650, config.grace_days);
  table->number("disk.ballast_mib", 0, 4096, config.ballast_mib);
  if (const sync::Status fits = table->finish(); !fits) return sync::fail(fits.error());
  return config;
}

}  // namespace tram::config
