#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sync/ledger/entry.hpp"

/// Entries on the wire: runs of consecutive entries of one log, without anything that the receiver
/// can compute: places follow from the run, names from the bytes, parents travel as places, records
/// as "the parent's". Layout 1 is row by row; a layout by column takes another number. Grammar:
/// schema/wire.md.
namespace tram::sync {

/// The receiver holds this many entries of the run from here on: nothing but their places is sent.
struct HeldRows {
  std::uint64_t count = 0;
  friend bool operator==(const HeldRows&, const HeldRows&) = default;
};

/// An entry's canonical (or undecodable) bytes, its name alone, or a stretch that the receiver
/// holds.
using Row = std::variant<Bytes, Name, HeldRows>;

struct EntryRun {
  LogId log{};
  std::uint64_t first = 0;  ///< seq of the first row
  std::vector<Row> rows;
  friend bool operator==(const EntryRun&, const EntryRun&) = default;
};

/// What the sender knows that the receiver surely holds.
struct BatchEncoder {
  /// The place under which the receiver knows this entry without doubt; nothing if there is any
  /// doubt (another branch, not yet receipted by it): then the full name travels.
  std::function<std::optional<Place>(const Name&)> shared_place;
  /// The record of a shared entry.
  std::function<std::optional<RecordRef>(const Name&)> record_of;
  /// The unit named by a log's opening, where sender and receiver both hold it.
  std::function<std::optional<std::string>(const LogId&)> unit_of;
};

/// What the receiver holds.
struct BatchDecoder {
  /// The only entry at this place, with its record; nothing if none or several are held there.
  struct Linked {
    Name name{};
    std::optional<RecordRef> record;
  };
  std::function<std::optional<Linked>(const Place&)> at;
  std::function<std::optional<std::string>(const LogId&)> unit_of;
};

/// Encoding with nothing shared: every parent by its name, every record by its id. Always
/// decodable.
[[nodiscard]] BatchEncoder plain_encoder();

[[nodiscard]] Bytes encode_batch(const std::vector<EntryRun>& runs, const BatchEncoder& with);

struct DecodedBatch {
  std::vector<EntryRun> runs;
  /// A parent's place or a record could not be looked up: the batch must be sent again in plain
  /// form. The runs then end before the first entry concerned.
  bool unresolved = false;
};

/// `malformed` or `limit` for bytes that no encoder writes. Allocates in proportion to the bytes
/// given.
[[nodiscard]] Result<DecodedBatch> decode_batch(ByteView bytes, const BatchDecoder& with);

}  // namespace tram::sync
