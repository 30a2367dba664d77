#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.hpp"

namespace tram::node {

struct RejectedLine {
  std::size_t index = 0;  ///< in the batch
  std::string reason;     ///< one line, names no value
};

struct ImportResult {
  std::uint64_t accepted = 0;
  std::uint64_t known = 0;  ///< events that the store held already
  std::vector<RejectedLine> rejected;
};

/// Imports a batch of change events in one transaction: when this returns, every line is saved, was
/// known, or is reported. An error means that nothing of the batch is saved.
///
/// A dossier is found by its code, else gets the id that every importer of this commune computes.
/// The parents of an entry are the newest entries of its record that are held here: the operator of
/// an import has seen what the machine has seen. An update may come before its create.
[[nodiscard]] sync::Result<ImportResult> import_batch(Node& node,
                                                      const std::vector<std::string_view>& lines);

}  // namespace tram::node
