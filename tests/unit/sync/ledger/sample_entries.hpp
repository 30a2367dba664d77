#pragma once

#include <string>
#include <vector>

#include "sync/ledger/entry.hpp"

/// One entry of each form and of each shape that matters, fixed for ever: schema/vectors/ holds
/// their bytes. A sample may be added; one that changes means that the format changed.
namespace tram::sync::test {

struct SampleEntry {
  std::string name;  ///< how the vectors call it
  std::string what;
  Entry entry;
};

/// In order; later ones name earlier ones as parents and targets.
[[nodiscard]] const std::vector<SampleEntry>& sample_entries();
[[nodiscard]] const Entry& sample_entry(std::string_view name);

/// The small create that schema/ledger.md explains byte by byte.
[[nodiscard]] Entry worked_example();

}  // namespace tram::sync::test
