#pragma once

#include <string>

#include "command/access.hpp"

namespace tram::node {

struct ImportTotals {
  std::uint64_t accepted = 0;
  std::uint64_t known = 0;
  std::uint64_t rejected = 0;
};

/// `tram-node import FILE`: feeds the file's lines in batches through `access`, shows progress, and
/// puts refused lines into FILE.rejected (for "-": on stderr), one JSON object each with line
/// number, reason and text. An error leaves what was imported before it; running again goes on.
[[nodiscard]] sync::Result<ImportTotals> import_file(command::Access& access,
                                                     const std::string& file);

}  // namespace tram::node
