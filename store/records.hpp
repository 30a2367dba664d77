#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/merge/record_state.hpp"
#include "sync/session/ledger_port.hpp"

/// What the store answers beside the ledger itself: rows of the projection and of its own
/// bookkeeping.
namespace tram::store {

/// Where the state of a record is computed: a feed's entries. At a node, the home unit's scope also
/// holds what the node wrote itself, and both scopes go on holding what the hub has lost, so that a
/// rewind of the hub takes no dossier off a clerk's screen.
using Scope = sync::FeedId;

/// A record in a scope. The state decodes with sync::decode_state.
struct RecordRow {
  sync::RecordRef record;
  sync::Bytes state;
  std::string code;     ///< as sync::code_of; empty while nobody gave one
  std::string custody;  ///< as sync::custody_of
  std::uint32_t conflicts = 0;
  bool missing = false;  ///< an ancestor is named and not held
  /// The newest time that an author wrote on it.
  sync::Instant updated;
  friend bool operator==(const RecordRow&, const RecordRow&) = default;
};

/// A field that a person must decide. The rivals come from sync::resolve on the record's state.
struct ConflictRow {
  sync::RecordRef record;
  sync::FieldKey field;
  std::string code;
  std::string custody;
  sync::Instant since;  ///< when the newest of the rivals was written
  friend bool operator==(const ConflictRow&, const ConflictRow&) = default;
};

/// Where a page of conflicts goes on: after this one. The default begins.
struct ConflictCursor {
  std::int64_t row = 0;
};

struct ConflictPage {
  std::vector<ConflictRow> conflicts;
  std::optional<ConflictCursor> next;  ///< nothing at the end
};

struct Counts {
  std::uint64_t records = 0;    ///< in the scope, of all kinds
  std::uint64_t conflicts = 0;  ///< in the scope
  std::uint64_t feed_entries = 0;
  // Of the whole store. Opening entries are not counted.
  std::uint64_t pending_entries = 0;
  std::uint64_t pending_bytes = 0;
  std::uint64_t records_to_rebuild = 0;  ///< could not be projected: show them to IT
  std::uint64_t without_bytes = 0;  ///< held by name alone: their content is asked for, not shown
};

/// One entry in the history of a record, also those without effect.
struct TimelineEntry {
  sync::HeldEntry held;
  std::optional<sync::Entry> entry;  ///< nothing if the bytes are gone or do not decode
  std::string unit;                  ///< of its log; empty while unknown
  sync::PublicKey device{};
  bool pending = false;    ///< written here, and no receipt covers it
  bool misplaced = false;  ///< its bytes name another place: no effect
  std::optional<sync::Verdict::Ruling> ruling;
};

struct FeedRow {
  sync::FeedId feed;
  std::uint64_t size = 0;
};

/// An entry due in another feed than its author's.
struct Delivery {
  sync::FeedId feed;
  sync::Name name{};
};

/// A device that went back, or was copied.
struct DoubtfulDevice {
  sync::PublicKey device{};
  std::uint32_t lineages = 0;
  bool copied = false;  ///< two lineages have spoken in turn
};

}  // namespace tram::store
