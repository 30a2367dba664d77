#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"
#include "sync/crypto/digest.hpp"
#include "sync/crypto/signature.hpp"
#include "sync/ledger/value.hpp"

/// An entry: one act, once written never changed. Its bytes are canonical and kept verbatim; its
/// *name* is their SHA-256; (log, seq) is only its *place*. Grammar and a worked example:
/// schema/ledger.md. This grammar never changes: what is new comes as new record kinds, new fields
/// and new value types, so that every version ever released computes the same state from the same
/// entries (promise D).
namespace tram::sync {

/// SHA-256 of an entry's canonical bytes.
using Name = Digest;
/// Drawn at random by the run that writes the log.
using LogId = ByteArray<16>;
/// The first 16 bytes of the creating entry's name, or, for an imported dossier, of a hash of its
/// code.
using RecordId = ByteArray<16>;

/// Where an entry stands: an index, never an identity. Seq 0 is the log's opening.
struct Place {
  LogId log{};
  std::uint64_t seq = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// Which record an entry is about. Records of different kinds never meet, even with one id.
struct RecordRef {
  std::uint32_t kind = 0;  ///< a number of schema/kinds.hpp; the engine gives it no meaning
  RecordId id{};
  friend auto operator<=>(const RecordRef&, const RecordRef&) = default;
};

/// In what capacity the author wrote. The hub puts a false claim under a verdict.
enum class Capacity : std::uint8_t { other = 0, owner = 1, province = 2 };

/// A field's identity: its whole tag. Type and policy are part of it and never change: another
/// policy is another field. Number 0 is a field that the importer's schema did not know: it goes by
/// `name`.
struct FieldTag {
  std::uint32_t number = 0;
  std::string name;  ///< empty unless number is 0
  ValueType type = ValueType::text;
  Policy policy = Policy::latest;
  friend auto operator<=>(const FieldTag&, const FieldTag&) = default;
};

/// Numbers that mean the same in every record kind, because the engine itself uses them.
namespace field_number {
inline constexpr std::uint32_t code = 1;     ///< the label people know the record by
inline constexpr std::uint32_t custody = 2;  ///< the unit that owns the record now
}  // namespace field_number

/// One field, or one element of a keyed union, being written. No value means cleared (or removed).
struct Change {
  FieldTag field;
  std::string key;             ///< the element, for Policy::keyed_union; else empty
  bool decision = false;       ///< settles a conflict: outranks plain edits
  std::optional<Bytes> value;  ///< canonical bytes of the field's type
  friend bool operator==(const Change&, const Change&) = default;
};

/// What a log begins with: who writes it, for which unit, after what.
struct Opening {
  PublicKey device{};             ///< the key that signs this log's heads
  std::string unit;               ///< administrative code of the author's unit
  std::optional<Name> continues;  ///< the newest own entry that the author's store held
  friend bool operator==(const Opening&, const Opening&) = default;
};

/// Writes fields of a record.
struct Edit {
  enum class Target : std::uint8_t {
    existing = 0,    ///< the record has this id
    self = 1,        ///< this entry creates it; its id comes from this entry's name
    created_as = 2,  ///< this entry creates it under an id that every importer computes alike
  };
  Target target = Target::existing;
  std::uint32_t kind = 0;
  RecordId id{};                // zero when target is self
  std::vector<Name> parents;    ///< what the author's screen showed; ascending, no doubles
  std::vector<Change> changes;  ///< ascending by (field, key), no doubles, at least one
  friend bool operator==(const Edit&, const Edit&) = default;
};

/// The hub says that an entry, or a claim in it, does not count. The newest ruling by `parents`,
/// then by the order of `latest`, holds; so a ruling is undone by another.
struct Verdict {
  enum class Ruling : std::uint8_t {
    counts = 0,          ///< undoes an earlier ruling
    void_entry = 1,      ///< the entry has no effect
    time_untrusted = 2,  ///< its time does not order anything
    capacity_other = 3,  ///< it was not written as owner or province
  };
  Name target{};
  Ruling ruling = Ruling::counts;
  std::vector<Name> parents;  ///< earlier verdicts on the same target
  std::string reason;         ///< for people; no personal data
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// The hub erases a record: its entries, also late ones, count for nothing, and every holder drops
/// their bytes and keeps their names.
struct Erase {
  RecordRef record;
  std::string ground;  ///< legal ground, for people
  friend bool operator==(const Erase&, const Erase&) = default;
};

using EntryBody = std::variant<Opening, Edit, Verdict, Erase>;

struct Entry {
  Place place;
  Instant time;  ///< the author's wall clock; orders nothing unless trusted
  bool time_trusted = false;
  Capacity capacity = Capacity::other;
  std::optional<RecordId> actor;  ///< the account that acted; none for the machine itself
  EntryBody body;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// Canonical bytes. Asserts what only the author can break: order, doubles, limits, unit sizes.
[[nodiscard]] Bytes encode_entry(const Entry& entry);

/// The entry that these bytes are. `malformed` for anything that encode_entry would not have
/// written, or of a form, flag or ruling from the future; such bytes are held all the same, without
/// effect.
[[nodiscard]] Result<Entry> decode_entry(ByteView bytes);

[[nodiscard]] Name name_of(ByteView entry_bytes);

/// The record that an entry with this body and name writes or erases; nothing for openings and
/// verdicts.
[[nodiscard]] std::optional<RecordRef> record_of(const Entry& entry, const Name& name);

/// Puts changes into canonical order. `malformed` if a field or element is written twice.
[[nodiscard]] Result<std::vector<Change>> in_canonical_order(std::vector<Change> changes);

/// The id of an imported dossier: every importer of the commune computes the same, so a create and
/// an update that were imported at different devices meet in one record.
[[nodiscard]] RecordId imported_record_id(std::string_view unit, std::string_view code);

/// The name of an imported event: H(record, time, changes). Computed by every holder, never sent;
/// an event whose name is held is not taken twice. Nothing for entries that are no edits.
[[nodiscard]] std::optional<Digest> event_name(const Entry& entry, const Name& name);

}  // namespace tram::sync
