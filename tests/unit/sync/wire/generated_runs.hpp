#pragma once

#include <optional>
#include <vector>

#include "sync/session/runs.hpp"
#include "tests/support/entry_generator.hpp"

/// Random runs with every kind of row and every way of naming a record and a parent, and two
/// parties that share a part of the history before them.
namespace tram::sync::test {

/// What sender and receiver both hold: a few logs, with openings, edits and their records.
struct SharedHistory {
  std::vector<LogId> logs;
  std::map<Place, Name> at;
  std::map<Name, Place> place_of;
  std::map<Name, RecordRef> records;
  std::map<LogId, std::string> units;

  [[nodiscard]] BatchEncoder encoder() const;
  [[nodiscard]] BatchDecoder decoder() const;
};

struct GeneratedBatch {
  SharedHistory shared;
  std::vector<EntryRun> runs;
};

[[nodiscard]] rc::Gen<GeneratedBatch> any_batch();

}  // namespace tram::sync::test
