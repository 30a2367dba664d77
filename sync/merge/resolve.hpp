#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sync/merge/record_state.hpp"

/// From candidates to what a page shows: one value a field, and whether a person must look.
namespace tram::sync {

struct ResolvedField {
  std::optional<Bytes> value;  ///< nothing: cleared, or a removed element
  /// The candidates that stand against each other, the winner first. Empty unless `conflict`.
  std::vector<Candidate> rivals;
  /// A person must choose (promise E). False while an ancestor is missing.
  bool conflict = false;
};

/// The field's policy applied to the set of its candidates; never a fold over pairs.
[[nodiscard]] ResolvedField resolve(const FieldKey& key, const std::vector<Candidate>& candidates,
                                    bool ancestors_complete);

[[nodiscard]] std::map<FieldKey, ResolvedField> resolve(const RecordState& state);

/// The unit that owns the record: its custody field, or else its home unit.
[[nodiscard]] std::string custody_of(const RecordState& state);

/// The label people know the record by (field 1), or empty.
[[nodiscard]] std::string code_of(const RecordState& state);

}  // namespace tram::sync
