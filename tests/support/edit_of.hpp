#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "sync/ledger/entry.hpp"

namespace tram::sync::test {

/// An edit on a page that showed `parents`; these and the changes are put in order. Requires that
/// nothing is written twice.
[[nodiscard]] inline Edit edit_of(const RecordRef& record, std::vector<Name> parents,
                                  std::vector<Change> changes) {
  Edit edit;
  edit.kind = record.kind;
  edit.id = record.id;
  std::sort(parents.begin(), parents.end());
  edit.parents = std::move(parents);
  auto ordered = in_canonical_order(std::move(changes));
  REQUIRE(ordered);
  edit.changes = std::move(*ordered);
  return edit;
}

}  // namespace tram::sync::test
