#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sync/core/result.hpp"

/// One TOML file, read strictly: a key that nobody asked for is a mistake, and is named.
namespace tram::config {

class TomlTable {
 public:
  /// A file that does not exist is an empty table. `not_enrolled` (wrong configuration) if it does
  /// not parse; the message names file and line.
  [[nodiscard]] static sync::Result<TomlTable> load(const std::filesystem::path& file);

  TomlTable(TomlTable&&) noexcept;
  TomlTable& operator=(TomlTable&&) noexcept;
  ~TomlTable();

  /// Each takes `section.key` into `out` if it is there; what does not fit is remembered for
  /// `finish`.
  void text(const std::string& key, std::string& out);
  void number(const std::string& key, std::int64_t min, std::int64_t max, std::int64_t& out);
  void texts(const std::string& key, std::vector<std::string>& out);

  /// The first mistake, or a key that was not asked for.
  [[nodiscard]] sync::Status finish() const;

 private:
  struct Parsed;
  explicit TomlTable(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace tram::config
