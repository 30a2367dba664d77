#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/ledger/entry.hpp"

/// The state of a record: a pure function of the *set* of its entries (promise D). Same set, any
/// order, any version of Tram: same state. Rules: docs/ARCHITECTURE.md, "Merge"; the traces that
/// led to them are in docs/decisions/.
namespace tram::sync {

/// An entry as the merge sees it. `place.log`, `name`, `time` … order concurrent values.
struct MergeEntry {
  Name name{};
  Entry entry;
  std::string
      unit;  ///< the author's unit, from the opening of its log; empty while that is unknown
};

/// What the hub ruled about an entry of the record (see Verdict).
using Rulings = std::map<Name, Verdict::Ruling>;

/// One field, or one element of a keyed union.
struct FieldKey {
  FieldTag field;
  std::string element;
  friend auto operator<=>(const FieldKey&, const FieldKey&) = default;
};

/// One entry's write of one field that no other write of the field supersedes.
struct Candidate {
  Name name{};
  Place place;
  Instant time;
  bool time_trusted = false;
  Capacity capacity = Capacity::other;
  bool decision = false;
  std::optional<Bytes> value;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct RecordState {
  /// Ascending by name within a field. Fields without candidates do not stand here.
  std::map<FieldKey, std::vector<Candidate>> candidates;
  /// The newest entries: those that are nobody's parent. What a page shows, and a save names as
  /// parents.
  std::set<Name> frontier;
  /// Parents that are named but not held. While there are any, no conflict is put before a person.
  std::set<Name> missing;
  /// True while entries write the record and none that created it is held.
  bool uncreated = false;
  /// Where the record belongs as long as nobody wrote its custody.
  std::string home_unit;
  /// True iff the next entry may be added by `advance`: no ruling touches the record.
  bool plain = true;
  friend bool operator==(const RecordState&, const RecordState&) = default;
};

/// The slow path, and the definition: the state of a set of entries. Entries that are no edits are
/// ignored; ancestry runs through entries under a verdict, but these write nothing.
///
/// Creating entries are ancestors of all other entries of the record: an imported update may have
/// been written where the create was unknown, and still came after it.
[[nodiscard]] RecordState merge(const std::vector<MergeEntry>& entries, const Rulings& rulings);

/// The fast path: adds one entry to a state. False, with the state unchanged, when only the slow
/// path can tell (the entry is not a plain successor of everything held). Gives the same as `merge`
/// of the union.
[[nodiscard]] bool advance(RecordState& state, const MergeEntry& entry);

/// The canonical bytes of a state, for the projection; `malformed` if they are not ours.
[[nodiscard]] Bytes encode_state(const RecordState& state);
[[nodiscard]] Result<RecordState> decode_state(ByteView bytes);

}  // namespace tram::sync
