#pragma once

#include <set>
#include <vector>

#include "sync/merge/record_state.hpp"

/// The definition of a record's state (schema/ledger.md, "Merge"), written down without a thought
/// for speed: the twin that sync::merge is held against.
namespace tram::sync::test {

[[nodiscard]] RecordState naive_merge(const std::vector<MergeEntry>& entries,
                                      const Rulings& rulings);

}  // namespace tram::sync::test
