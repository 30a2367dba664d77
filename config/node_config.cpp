#include "config/node_config.hpp"

#include "config/toml_table.hpp"

namespace tram::config {

sync::Result<NodeConfig> load_node_config(const std::filesystem::path& file) {
  sync::Result<TomlTable> table = TomlTable::load(file);
  if (!table) return sync::fail(table.error());
  NodeConfig config;
  table->text("link.proxy", config.proxy);
  table->number("link.frame_kib", 4, 1024, config.frame_kib);
  table->number("link.retry_first_s", 1, 3600, config.retry_first_s);
  table->number("link.retry_longest_s", 1, 24 * 3600, config.retry_longest_s);
  table->number("link.silence_s", 5, 600, config.silence_s);
  table->number("disk.ballast_mib", 0, 4096, config.ballast_mib);
  if (const sync::Status fits = table->finish(); !fits) return sync::fail(fits.error());
  return config;
}

}  // namespace tram::config
